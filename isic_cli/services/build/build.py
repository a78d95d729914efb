"""Build a data set: the stages of a recipe one after another, each only when it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isic_cli.errors import CheckError, IsicError, UsageError
from isic_cli.files.digest import mark_of
from isic_cli.files.lock import folder_lock
from isic_cli.models.outcomes import Outcome
from isic_cli.services.build.decide import exclusion_reads
from isic_cli.services.build.events import (
    BuildEvent,
    BuildOptions,
    BuildWarned,
    StageEnded,
    StageKept,
    StageResult,
)
from isic_cli.services.build.freshness import archive_marks
from isic_cli.services.build.graph import Stage, recipe_digest, stages_of
from isic_cli.services.build.listing import SettingsOf
from isic_cli.services.build.lock import LOCK, BuildLock
from isic_cli.services.build.outputs import BuiltImages, remove_export
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import (
    BuildState,
    StageRecord,
    key_of,
    refuse_foreign,
)

#: What `--locked` does even where the last build, maybe of another lock, left nothing to do.
_LOCKED = {
    "source": "--locked compares with the archive",
    "references": "--locked compares with the archive",
    "split": "--locked keeps the splits of the lock",
    "lock": "--locked compares with the lock",
}


class Build:
    """One build; the caller holds the lock of its folder.

    Parameters
    ----------
    file : RecipeFile
        Checked.
    out : Path
        The folder of the build.
    settings_of : callable
        Finds the archive of a source by its name in the recipe.
    """

    def __init__(
        self, file: RecipeFile, out: Path, settings_of: SettingsOf, options: BuildOptions
    ) -> None:
        self._file = file
        self._settings_of = settings_of
        self._options = options
        self.state = BuildState.open(out, file.recipe.name)
        self.stages = stages_of(file, settings_of)
        names = [one.name for one in self.stages]
        if options.until and options.until not in names:
            raise UsageError(f"no stage {options.until}", hint=f"one of {', '.join(names)}")
        if options.locked is None:
            BuildLock.existing(out / LOCK)  # one that cannot be read stops before all stages
        if options.locked and options.locked.header.get("recipe") != recipe_digest(file):
            raise CheckError(
                f"{options.locked.path} is of another recipe than {file.path}",
                hint="Build without --locked: it writes a new lock.",
            )

    def plan(self) -> Iterator[tuple[str, str]]:
        """Yield each stage with why it would be done, `""` for one that is as it should be."""
        redone: list[str] = []
        for stage in self._wanted():
            why = self._why(stage)
            if not why and (causes := [name for name in stage.inputs if name in redone]):
                why = f"if {' or '.join(causes)} gives something else"
            if why:
                redone.append(stage.name)
            yield stage.name, why

    def _wanted(self) -> list[Stage]:
        names = [one.name for one in self.stages]
        until = self._options.until
        return self.stages[: names.index(until) + 1] if until else self.stages

    def _why(self, stage: Stage) -> str:
        if stage.name in {"source", "references"} and self._options.update:
            return "--update lists anew"
        if self._options.locked and stage.name in _LOCKED:
            return _LOCKED[stage.name]
        inputs = self.state.inputs(stage.inputs)
        key = key_of(stage.name, stage.version, stage.options, inputs)
        return self.state.why(stage.name, key, stage.options, inputs)

    def run(self) -> Iterator[BuildEvent]:
        """Build; yield what happens.

        Raises
        ------
        RecipeError, UsageError
            A source selects nothing, every image is left out, or the split cannot be.
        CheckError
            With a lock: the archive or the program gives something else.
        PartialError
            Pictures could not be had, or are damaged.
        LockedError, NetworkError, LocalError
            As the use cases that are called.
        """
        self._forget()
        for stage in self._wanted():
            why = self._why(stage)
            if not why:
                yield StageKept(stage.name)
                if stage.name in {"source", "references"}:
                    yield from self._check_archive(stage.name)
            elif self._reads_the_same(stage):
                if stage.name == "pictures":  # their tables have the metadata that changed
                    from isic_cli.services.build.pictures import PictureFetch

                    yield from PictureFetch(self._file, self.state, self._settings_of).run(
                        only_rows=True
                    )
                known = self.state.stages[stage.name]
                self._put(stage, StageResult(known.output, dict(known.facts), ""), known.reads)
                yield StageKept(stage.name)
            else:
                # What does the stages takes half a second to import, and is not always needed.
                from isic_cli.services.build.work import StageWork

                work = StageWork(
                    self._file, self.state, self.stages, self._settings_of, self._options
                )
                result = yield from work.do(stage, why)
                self._put(stage, result, self._reads(stage))
                yield StageEnded(stage.name, result.summary)

    def _reads_the_same(self, stage: Stage) -> bool:
        """Whether a stage whose inputs changed reads nothing of what changed."""
        known = self.state.stages.get(stage.name)
        if known is None or not known.reads:
            return False
        if not self.state.only_inputs_changed(stage.name, stage.version, stage.options):
            return False
        return self._reads(stage) == known.reads

    def _reads(self, stage: Stage) -> str:
        """Return the digest of all that a stage reads; `""` for one that reads all there is."""
        if stage.name == "exclude":
            return exclusion_reads(self._file, self.state)
        if stage.name == "pictures":
            from isic_cli.services.build.pictures import pictures_read

            return pictures_read(self._file, self.state)
        return ""

    def _put(self, stage: Stage, result: StageResult, reads: str) -> None:
        """Note how a stage ended."""
        inputs = self.state.inputs(stage.inputs)
        record = StageRecord(
            key=key_of(stage.name, stage.version, stage.options, inputs),
            options=stage.options,
            inputs=inputs,
            output=result.output,
            products={name: mark_of(self.state.out / name) for name in stage.products},
            facts=result.facts,
            reads=reads,
        )
        self.state.put(stage.name, record)

    def _forget(self) -> None:
        """Remove what stages made that the recipe has no more; a paper stays, as its author's."""
        names = {one.name for one in self.stages}
        for name in [one for one in self.state.stages if one not in names]:
            for product in self.state.stages[name].products:
                path = self.state.out / product
                if name.startswith("export:"):
                    remove_export(path)
                elif path.parent == self.state.path(""):
                    path.unlink(missing_ok=True)
            self.state.drop(name)

    @property
    def is_whole(self) -> bool:
        """Whether this build decided on the data set: all of its tables are written."""
        return "tables" in {one.name for one in self._wanted()} & self.state.stages.keys()

    def fates(self) -> Iterator[Outcome]:
        """Yield what became of each image of the sources."""
        for image in BuiltImages(self.state):
            extra = {"stage": image.stage, "label": image.label, "split": image.split}
            status = "ok" if image.is_in else "removed"
            yield Outcome(image.isic_id, status, image.reason or None, extra=extra)

    def _check_archive(self, stage: str) -> Iterator[BuildEvent]:
        """Say when the archive is another one than it was: the build keeps to what was listed."""
        known, recipe = self.state.stages[stage].facts, self._file.recipe
        sources = recipe.source if stage == "source" else recipe.reference
        try:
            marks = archive_marks(self._file, sources, self._settings_of)
        except IsicError as error:
            yield BuildWarned(f"whether the archive has changed is not known: {error.message}")
            return
        changed = [name for name, mark in marks.items() if mark != known["marks"].get(name)]
        if changed:
            yield BuildWarned(
                f"the archive of {' and '.join(changed)} has changed since {known['listed']}; "
                "this build keeps to what was listed then: --update takes the changes on"
            )


@contextmanager
def held(folder: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the folder of a build; one that holds something else is refused before.

    Parameters
    ----------
    wait : float
        Seconds to wait for another build of it.

    Raises
    ------
    LockedError
        Another run has it.
    """
    refuse_foreign(folder)
    with folder_lock(folder, wait=wait):
        yield
