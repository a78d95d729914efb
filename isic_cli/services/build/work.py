"""Do the stages of a build, each by the use case that does it alone."""

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from itertools import islice

from isic_cli.errors import CheckError
from isic_cli.files.atomic import write_text
from isic_cli.models.outcomes import Outcome
from isic_cli.services.build import assign, decide
from isic_cli.services.build.duplicates import dedupe_job
from isic_cli.services.build.events import (
    BuildEvent,
    BuildOptions,
    BuildWarned,
    StageAdvanced,
    StageBegun,
    StageResult,
)
from isic_cli.services.build.freshness import archive_marks
from isic_cli.services.build.gather import build_facts
from isic_cli.services.build.graph import PAPER, Stage, lock_header
from isic_cli.services.build.listing import LISTING_FACTS, SettingsOf, SourceListing, today
from isic_cli.services.build.lock import (
    LOCK,
    BuildLock,
    change_text,
    changes_between,
    listing_differences,
    lock_rows,
    write_lock_rows,
)
from isic_cli.services.build.outputs import export_data_set, options_of, write_tables
from isic_cli.services.build.pictures import PictureFetch, note_pictures
from isic_cli.services.build.quality import own_pictures, poor_pictures
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import EXCLUDED, TABLE, BuildState, digest_of, writing_rows
from isic_cli.services.paper.documents import write_paper
from isic_cli.services.paper.flow import not_drawn
from isic_cli.services.plot import can_draw
from isic_cli.services.run.workers import open_workers

CHANGES = "changes.md"
#: Differences from a lock that are told one by one.
_MOST_TOLD = 1000

Doing = Generator[BuildEvent, None, StageResult]


class StageWork:
    """Does the stages of a build.

    Parameters
    ----------
    file : RecipeFile
        The recipe.
    state : BuildState
        What is known of the build; the stages before have ended.
    stages : list of Stage
        All of them.
    """

    def __init__(
        self,
        file: RecipeFile,
        state: BuildState,
        stages: list[Stage],
        settings_of: SettingsOf,
        options: BuildOptions,
    ) -> None:
        self._file = file
        self.state = state
        self._stages = stages
        self._settings_of = settings_of
        self._options = options

    def do(self, stage: Stage, why: str) -> Doing:
        """Do a stage."""
        doing = {
            "source": self._list,
            "references": self._list,
            "exclude": self._exclude,
            "pictures": self._fetch,
            "quality": self._judge,
            "dedupe": self._dedupe,
            "labels": self._label,
            "split": self._split,
            "lock": self._lock,
            "tables": self._tables,
            "export": self._export,
            "paper": self._paper,
        }
        return (yield from doing[stage.name.partition(":")[0]](stage, why))

    def _list(self, stage: Stage, why: str) -> Doing:
        yield StageBegun(stage.name, why, "images")
        table = "source" if stage.name == "source" else "reference"
        locked = self._options.locked
        chosen = locked.listed(table) if locked else None
        folder = self.state.path("challenges")
        job = SourceListing(self._file, table, self._settings_of, folder, chosen)
        marks = archive_marks(self._file, job.sources, self._settings_of)
        with writing_rows(self.state.path(f"{stage.name}.jsonl")) as rows:
            for count in job.run(rows, self.state.path(f"{stage.name}.spool")):
                yield StageAdvanced(count)
            if locked:
                yield from self._compare_listing(locked, table, job)
        for text in job.warnings:
            yield BuildWarned(text)
        listed = str(locked.header["listed"]) if locked else today()
        facts = {"listed": listed, "marks": marks, **job.facts()}
        if locked:
            # Ids alone do not tell which collections, nor how many images a later source shares.
            facts |= locked.header.get("listing", {}).get(stage.name, {})
        # The lock and the documents say these facts too.
        output = digest_of([rows.digest, *(facts[name] for name in LISTING_FACTS)])
        return StageResult(output, facts, f"{rows.rows:,} images")

    def _compare_listing(
        self, locked: BuildLock, table: str, job: SourceListing
    ) -> Iterator[BuildEvent]:
        """Tell how the archive differs from the lock, and refuse it then."""
        count = 0
        for outcome in listing_differences(locked, table, job.digests):
            count += 1
            yield outcome
        if count:
            hint = "--update moves on to what the archive has now."
            raise CheckError(f"{count:,} images are not as {locked.path} has them", hint=hint)

    def _exclude(self, stage: Stage, why: str) -> Doing:
        yield StageBegun(stage.name, why, "images")
        with writing_rows(self.state.path("exclude.jsonl")) as rows:
            facts = decide.exclude(self._file, self.state, rows)
        decide.require_some(self.state, "quality.jsonl", self._file.place("exclude", 0))
        return StageResult(rows.digest, facts, f"{rows.rows:,} images left out")

    def _fetch(self, stage: Stage, why: str) -> Doing:
        total = sum(1 for _ in decide.staying(self.state, "quality.jsonl"))
        if "references" in self.state.stages:
            counts = self.state.stages["references"].facts["counts"]
            references = self._file.recipe.reference.items()
            total += sum(counts[name] for name, one in references if one.pictures)
        yield StageBegun(stage.name, why, "images", total)
        locked = self._options.locked
        expected = {
            row["isic_id"]: row["sha256"]
            for row in (locked.rows() if locked else ())
            if "sha256" in row
        }
        job = PictureFetch(self._file, self.state, self._settings_of, expected)
        try:
            yield from job.run()
        except CheckError:
            yield from job.differences
            raise
        with writing_rows(self.state.path("pictures.jsonl")) as rows:
            size = note_pictures(self._file, self.state, rows)
        return StageResult(rows.digest, {"bytes": size}, f"{rows.rows:,} pictures")

    def _judge(self, stage: Stage, why: str) -> Doing:
        total = len(own_pictures(self.state))
        with (
            open_workers(self._options.executor) as workers,
            writing_rows(self.state.path("quality.jsonl")) as rows,
        ):
            yield StageBegun(stage.name, why, "pictures", total)
            poor: dict[str, str] = {}
            for count in poor_pictures(self._file, self.state, workers, poor):
                yield StageAdvanced(count)
            for isic_id, reason in poor.items():
                rows.add({"isic_id": isic_id, "reason": reason})
        decide.require_some(self.state, "dedupe.jsonl", self._file.place("exclude", 0))
        facts = {"removed": dict(Counter(poor.values()))}
        return StageResult(rows.digest, facts, f"{rows.rows:,} images left out")

    def _dedupe(self, stage: Stage, why: str) -> Doing:
        with (
            dedupe_job(self._file, self.state) as job,
            open_workers(self._options.executor) as workers,
            writing_rows(self.state.path("dedupe.jsonl")) as rows,
            writing_rows(self.state.path("groups.jsonl")) as groups,
        ):
            yield StageBegun(stage.name, why, "pictures", job.total)
            for count in job.run(workers, rows, groups):
                yield StageAdvanced(count)
        for gap in job.gaps:
            yield BuildWarned(gap)
        decide.require_some(self.state, "unlabelled.jsonl", self._file.place("dedupe"))
        facts = {"removed": job.removed, **job.counts}
        summary = f"{groups.rows:,} groups of duplicates, {rows.rows:,} images left out"
        return StageResult(rows.digest + groups.digest, facts, summary)

    def _label(self, stage: Stage, why: str) -> Doing:
        yield StageBegun(stage.name, why, "images")
        with (
            writing_rows(self.state.path("labels.jsonl")) as rows,
            writing_rows(self.state.path("unlabelled.jsonl")) as out,
        ):
            facts = assign.label(self._file, self.state, rows, out)
        decide.require_some(self.state, "", self._file.place("labels"))
        for name in facts["absent"]:
            yield BuildWarned(f"no image has the label {name}")
        counts = ", ".join(f"{name} {count:,}" for name, count in facts["counts"].items())
        # A scheme's title, version and classes are told by exports and documents.
        output = digest_of([rows.digest, out.digest, facts])
        return StageResult(output, facts, f"{counts}; {out.rows:,} left out")

    def _split(self, stage: Stage, why: str) -> Doing:
        yield StageBegun(stage.name, why, "images")
        with writing_rows(self.state.path("splits.jsonl")) as rows:
            previous = assign.earlier_split(self._file, self.state, self._options.locked)
            facts = assign.split(self._file, self.state, rows, previous)
        for text in facts["clashes"]:
            yield BuildWarned(text)
        counts = ", ".join(f"{name} {count:,}" for name, count in facts["images"].items())
        return StageResult(rows.digest, facts, counts)

    def _lock(self, stage: Stage, why: str) -> Doing:
        yield StageBegun(stage.name, why, "images")
        path, locked = self.state.out / LOCK, self._options.locked
        before = locked or BuildLock.existing(path)
        changes = []
        if before is not None:
            ours = (row for row in lock_rows(self.state) if "reference" not in row)
            changes = list(changes_between(before.images(), ours))
        if locked is not None and changes:
            for one in islice(changes, _MOST_TOLD):
                yield Outcome(one.isic_id, "changed", f"{one.kind}: {one.before}, now {one.after}")
            raise CheckError(f"{len(changes):,} images are not as {locked.path} has them")
        header = (
            dict(locked.header) if locked else lock_header(self._file, self.state, self._stages)
        )
        header.pop("isic_build", None)
        # Before the lock: interrupted between the two, the next run finds the same changes.
        if before is not None and locked is None:
            write_text(self.state.out / CHANGES, change_text(changes))
        with writing_rows(path) as rows:
            write_lock_rows(self.state, header, rows)
        said = f"{len(changes):,} changes, see {CHANGES}" if changes else "written"
        return StageResult(rows.digest, {}, said)

    def _tables(self, stage: Stage, why: str) -> Doing:
        yield StageBegun(stage.name, why, "images")
        facts = write_tables(self._file, self.state)
        summary = f"{facts['images']:,} images in {TABLE}, {facts['left_out']:,} in {EXCLUDED}"
        return StageResult("".join(self.state.inputs(stage.inputs).values()), facts, summary)

    def _export(self, stage: Stage, why: str) -> Doing:
        if stage.export is None:
            raise RuntimeError(f"{stage.name} has no export")
        options = options_of(self._file, self.state, stage.export)
        total = self.state.stages["tables"].facts["images"]
        with ExitStack() as stack:
            workers = stack.enter_context(open_workers(self._options.executor))
            yield StageBegun(stage.name, why, "images", total)
            yield from export_data_set(options, workers, is_known=stage.name in self.state.stages)
        return StageResult(stage.name, {"images": total}, f"{total:,} images in {options.out.name}")

    def _paper(self, stage: Stage, why: str) -> Doing:
        yield StageBegun(stage.name, why, "documents")
        names = write_paper(build_facts(self._file, self.state), self.state.out / PAPER)
        yield StageAdvanced(len(names))
        if not can_draw():
            yield BuildWarned(not_drawn())
        return StageResult(stage.name, {}, f"{len(names):,} documents")
