"""Fetch the pictures of a build, and find those that are there twice."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isic_cli.api.archive import ArchiveApi
from isic_cli.curation.duplicates import parse_method
from isic_cli.errors import ChangedError, CheckError, NotFoundError, PartialError
from isic_cli.models.outcomes import Outcome
from isic_cli.models.selection import Selection
from isic_cli.services.build.decide import duplicates_of, staying
from isic_cli.services.build.listing import (
    ListedImage,
    SettingsOf,
    archive_for,
    listed_images,
    selection_of,
)
from isic_cli.services.build.model import ReferenceTable, SourceTable
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import BuildState, RowFile
from isic_cli.services.cite.credits import Credits
from isic_cli.services.dataset.dedupe import Dedupe
from isic_cli.services.dataset.header import resolved
from isic_cli.services.dataset.image import LockedImage
from isic_cli.services.dataset.lock import NAME, Lock, existing_lock, locked_attribution
from isic_cli.services.dataset.record import record_download
from isic_cli.services.download.cache import FileCache
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import DownloadEvent, Failed
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.opening import open_api
from isic_cli.services.run.workers import Workers
from isic_cli.services.select.live import resolve_collections
from isic_cli.services.select.offline import with_links

#: Where the pictures of the sources are, and of the references by name.
PICTURES, REFERENCES = "pictures", "references"


@dataclass
class PictureFetch:
    """Fetches the pictures of images that stay, and those of references.

    Attributes
    ----------
    expected : mapping of str to str
        ISIC id → SHA-256 that its picture must have; empty for any.
    differences : list of Outcome
        Pictures that are other ones than expected, or are no longer there.
    """

    file: RecipeFile
    state: BuildState
    settings_of: SettingsOf
    expected: dict[str, str] = field(default_factory=dict)
    differences: list[Outcome] = field(default_factory=list)
    failed: int = 0

    def run(self) -> Iterator[DownloadEvent]:
        """Fetch what is missing; yield what becomes of each picture.

        Raises
        ------
        PartialError
            Some could not be had.
        CheckError
            Some are not those expected.
        """
        recipe = self.file.recipe
        images = staying(self.state, "dedupe.jsonl")
        yield from self._fetch(recipe.source, images, self.state.out / PICTURES)
        for name, reference in recipe.reference.items():
            if reference.pictures:
                yield from self._fetch(
                    {name: reference}, _listed_of(self.state, name), self.folder(name)
                )
        if self.differences:
            raise CheckError(f"{len(self.differences):,} pictures are not those of the lock")
        if self.failed:
            raise PartialError(
                f"{self.failed:,} pictures could not be had: nothing was built of the others",
                hint="Run again; to go on without them, put their ids into an [[exclude]].",
            )

    def folder(self, name: str) -> Path:
        """Return where the pictures of a reference are."""
        return self.state.out / REFERENCES / name

    def _fetch(
        self,
        sources: "dict[str, SourceTable] | dict[str, ReferenceTable]",
        images: Iterable[ListedImage],
        folder: Path,
    ) -> Iterator[DownloadEvent]:
        """Fetch images into a folder: those of one archive after another."""
        archives: dict[str, list[str]] = {}
        for name, source in sources.items():
            archives.setdefault(archive_for(self.file, source), []).append(name)
        wanted = list(images) if len(archives) > 1 else images
        for archive, names in archives.items():
            mine = (one for one in wanted if len(archives) == 1 or one.source in names)
            with open_api(self.settings_of(archive)) as api:
                selections = [selection_of(self.file, sources[name]) for name in names]
                yield from self._from(api, mine, selections, folder)

    def _from(
        self,
        api: ArchiveApi,
        images: Iterable[ListedImage],
        selections: Sequence[Selection],
        folder: Path,
    ) -> Iterator[DownloadEvent]:
        named = resolve_collections(api, [one for each in selections for one in each.collections])
        options = DownloadOptions(
            folder=folder, jobs=api.settings.jobs, retries=api.settings.retries
        )
        problems: list[Outcome] = []
        with existing_lock(folder) as lock:
            credit = Credits(api, [one.id for one in named], kept=locked_attribution(lock))
            records = with_links(api, (image.whole() for image in images), problems)
            expected = self.expected.get if self.expected else None
            cache = None if expected else FileCache.open(api.settings, options.variant)
            downloader = Downloader(api, options, expected=expected, cache=cache)
            for event in downloader.run(credit.apply(records)):
                self._fold(event)
                yield event
        self.failed += len(problems)
        # The lock says what the recipe selects now, not what earlier forms of it selected.
        (folder / NAME).unlink(missing_ok=True)
        record_download(
            api,
            folder,
            selections=[resolved(selection, named) for selection in selections],
            collections=named,
            variant=options.variant,
        )

    def _fold(self, event: DownloadEvent) -> None:
        if not isinstance(event, Failed):
            return
        if self.expected and isinstance(event.error, ChangedError | NotFoundError):
            status = "changed" if isinstance(event.error, ChangedError) else "withdrawn"
            self.differences.append(Outcome(event.isic_id, status, event.reason))
        else:
            self.failed += 1


def _listed_of(state: BuildState, reference: str) -> Iterator[ListedImage]:
    listed = listed_images(state.path("references.jsonl"))
    return (one for one in listed if one.source == reference)


def _locked_of(state: BuildState, reference: str, lock: Lock) -> Iterator[LockedImage]:
    """Yield the pictures of a reference; its folder may hold some that it had once."""
    found = (lock.get(one.isic_id) for one in _listed_of(state, reference))
    return (one for one in found if one is not None)


def note_pictures(file: RecipeFile, state: BuildState, rows: RowFile) -> int:
    """Write what is known of each picture that stays: the line of the lock of its folder.

    Returns
    -------
    int
        Bytes of all of them.
    """
    size = 0
    with Lock(state.out / PICTURES) as lock:
        for image in staying(state, "dedupe.jsonl"):
            locked = lock.get(image.isic_id)
            if locked is None:
                raise PartialError(
                    f"the picture of {image.isic_id} is not there", hint="Run again."
                )
            size += locked.size
            rows.add({name: getattr(locked, name) for name in _NOTED})
    for name, reference in file.recipe.reference.items():
        if reference.pictures:
            with Lock(state.out / REFERENCES / name) as lock:
                for one in _locked_of(state, name, lock):
                    rows.add({"isic_id": one.isic_id, "reference": name, "sha256": one.sha256})
    return size


#: What the build keeps of a picture.
_NOTED = (
    *("isic_id", "path", "size", "sha256", "width", "height"),
    *("copyright_license", "attribution"),
)


#: What is counted of duplicates: see `facts.DedupeFacts`.
GROUP_COUNTS = ("groups", "images", "shared_groups", "shared_images")


@contextmanager
def dedupe_job(file: RecipeFile, state: BuildState) -> Iterator["DuplicateSearch"]:
    """Give the search for duplicates among the pictures of the build and its references."""
    with ExitStack() as stack:
        lock = stack.enter_context(Lock(state.out / PICTURES))
        ours = [
            f"{state.out / PICTURES}/{locked.path}"
            for image in staying(state, "dedupe.jsonl")
            if (locked := lock.get(image.isic_id)) is not None
        ]
        theirs: dict[str, str] = {}
        for name, reference in file.recipe.reference.items():
            if reference.pictures:
                folder = state.out / REFERENCES / name
                other = stack.enter_context(Lock(folder))
                theirs |= {f"{folder}/{one.path}": name for one in _locked_of(state, name, other)}
        yield DuplicateSearch(file, state, ours, theirs)


@dataclass
class DuplicateSearch:
    """One search for duplicates.

    Attributes
    ----------
    ours : list of str
        Paths of the build's pictures.
    theirs : dict of str to str
        Path of a picture of a reference → its name.
    """

    file: RecipeFile
    state: BuildState
    ours: list[str]
    theirs: dict[str, str]

    @property
    def total(self) -> int:
        """How many pictures are read."""
        return len(self.ours) + len(self.theirs)

    def run(self, workers: Workers, rows: RowFile, groups: RowFile) -> Iterator[int]:
        """Read the pictures and write who leaves, and the groups; yield 1 for each picture.

        Raises
        ------
        PartialError
            A picture cannot be read.
        """
        table = self.file.recipe.dedupe
        folders = [self.state.out / PICTURES]
        folders += [self.state.out / REFERENCES / name for name in sorted({*self.theirs.values()})]
        method = parse_method(table.method if table else "id,bytes,pixels,phash")
        keep = table.keep if table else "largest"
        job = Dedupe(tuple(folders), (), method, keep, chosen=(*self.ours, *self.theirs))
        pictures = []
        for picture in job.pictures_of(job.paths(), workers):
            pictures.append(picture)
            yield 1
        if job.problems:
            first = job.problems[0]
            raise PartialError(
                f"{len(job.problems):,} pictures cannot be read; the first: {first.sentence}",
                hint="Remove them from the folder pictures, then run again.",
            )
        self._write(job.groups(pictures), rows, groups, drops=table is not None)

    def _write(self, found: Iterable[Any], rows: RowFile, groups: RowFile, *, drops: bool) -> None:
        table = self.file.recipe.dedupe
        self.counts = dict.fromkeys(GROUP_COUNTS, 0)
        self.removed: dict[str, int] = {}
        leave: dict[str, str] = {}
        for line, ids, reason in duplicates_of(found, frozenset(self.ours), self.theirs):
            is_ours = not line["reference"]
            if is_ours and not drops:
                continue
            groups.add(line)
            of = "" if is_ours else "shared_"
            self.counts[f"{of}groups"] += 1
            self.counts[f"{of}images"] += len(line["isic_ids"])
            if not (is_ours and table is not None and table.action == "group"):
                leave.update(dict.fromkeys(ids, reason))
        for isic_id in sorted(leave):
            rows.add({"isic_id": isic_id, "reason": leave[isic_id]})
            self.removed[leave[isic_id]] = self.removed.get(leave[isic_id], 0) + 1
