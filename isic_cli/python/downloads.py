"""Download a selection from Python: the same work as `isic image download`."""

import warnings
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.errors import UsageError
from isic_cli.models.outcomes import ITEM_KEYS, Outcome
from isic_cli.python import html
from isic_cli.python.frames import library
from isic_cli.python.images import IsicWarning
from isic_cli.python.table import ResultTable
from isic_cli.services.download.events import Failed, Finished, Skipped, outcome_of
from isic_cli.services.download.options import DownloadOptions, Variant
from isic_cli.services.download.sidecars import sidecars_written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from isic_cli.api.archive import ArchiveApi
    from isic_cli.models.selection import Selection
    from isic_cli.services.dataset.lock import Lock
    from isic_cli.services.download.events import DownloadEvent


@dataclass(frozen=True, repr=False)
class DownloadResult:
    """What became of every image or file of a download.

    Attributes
    ----------
    folder : Path
        Where the pictures, tables, credits and the lock are.
    downloaded, skipped : tuple of str
        ISIC ids, or files of a challenge, that were fetched, and that were there and good.
    failed : mapping of str to str
        ISIC ids, files or lines of the selection that could not be had, and why.
    table : ResultTable
        A row for each, as in a report.
    """

    folder: Path
    downloaded: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: dict[str, str] = field(hash=False)
    table: ResultTable = field(hash=False)

    @property
    def ok(self) -> bool:
        """Whether every image is there."""
        return not self.failed

    def __repr__(self) -> str:
        """Return one line."""
        counts = f"{len(self.downloaded):,} downloaded, {len(self.skipped):,} already there"
        failed = f", {len(self.failed):,} FAILED" if self.failed else ""
        return f"<DownloadResult {self.folder}: {counts}{failed}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.text(repr(self))}</p>" + self.table._repr_html_()


@contextmanager
def _watched(progress: bool | Callable[[Any], None], total: int | None) -> "Iterator[Any]":  # noqa: FBT001  # as the caller named it
    """Give a callable that takes every event."""
    if not progress:
        yield lambda _event: None
    elif callable(progress):
        yield progress
    else:
        with library("tqdm.auto").tqdm(total=total, unit="image") as bar:
            yield lambda event: bar.update(isinstance(event, Finished | Skipped | Failed))


def download(
    api: "ArchiveApi",
    selection: "Selection",
    folder: Path,
    *,
    variant: Variant,
    jobs: int | None,
    progress: bool | Callable[[Any], None],
) -> DownloadResult:
    """Download a selection into a folder, and write what lies beside the pictures.

    Raises
    ------
    LocalError
        The folder cannot be written, or the disk is too small.
    """
    return result_of(
        folder, _fetched(api, selection, folder, variant, jobs=jobs, progress=progress)
    )


def _fetched(
    api: "ArchiveApi",
    selection: "Selection",
    folder: Path,
    variant: Variant,
    *,
    jobs: int | None = None,
    progress: bool | Callable[[Any], None] = False,
) -> list[Outcome]:
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.download.acquire import Acquisition

    settings = api.settings
    options = DownloadOptions(
        folder=folder, variant=variant, jobs=jobs or settings.jobs, retries=settings.retries
    )
    job = Acquisition(api, selection, options)
    job.hold()
    job.check_space()
    with (
        folder_lock(folder),
        _watched(progress, job.total()) as watch,
        sidecars_written(job.write_sidecars),
    ):
        try:
            outcomes = _taken(job.run(), watch)
        finally:
            api.reopen_files()
    return [*outcomes, *job.images.problems, *_not_listed(job.images.missed)]


def write_gallery(
    api: "ArchiveApi",
    selection: "Selection",
    folder: Path,
    *,
    pictures: bool,
    title: str | None,
) -> DownloadResult:
    """Fetch what a gallery shows, then write its page; see `ImageSelection.gallery`."""
    from isic_cli.services.cite.archive import asked_archive
    from isic_cli.services.gallery import IMAGES, Gallery, GalleryInfo, command_prefix

    prefix = command_prefix(asked_archive(api.settings))
    info = GalleryInfo(title or folder.resolve().name, prefix)
    page = Gallery(folder, info)
    page.check()
    outcomes = _fetched(api, selection, folder / IMAGES, "thumbnail")
    if pictures:
        bad = [one for one in outcomes if one.is_bad]
        outcomes = [*bad, *_fetched(api, selection, folder / IMAGES, "full")]
    page.write()
    return result_of(folder, outcomes)


def _taken(
    events: "Iterator[DownloadEvent]", watch: Callable[[Any], None] = lambda _event: None
) -> list[Outcome]:
    """Return what became of each image of a run, to the end of its events."""
    found = []
    with closing(events) as run:  # type: ignore[type-var]  # it is a generator
        for event in run:
            watch(event)
            if isinstance(event, Finished | Skipped | Failed):
                found.append(outcome_of(event))
    return found


def _not_listed(missed: int) -> list[Outcome]:
    """Return the images that the archive announced and did not list, as one failure."""
    if not missed:
        return []
    return [Outcome("", "failed", f"the archive did not list {missed} images it announced")]


def result_of(folder: Path, outcomes: "Sequence[Outcome]") -> DownloadResult:
    """Make a result of what became of each image or file."""

    def ids(*statuses: str) -> tuple[str, ...]:
        return tuple(one.isic_id or one.path or "" for one in outcomes if one.status in statuses)

    return DownloadResult(
        folder,
        ids("downloaded", "fetched"),
        ids("skipped", "present"),
        {
            one.isic_id or one.path or one.sentence: one.reason or one.status
            for one in outcomes
            if one.is_bad
        },
        ResultTable.of(f"download into {folder}", (one.line() for one in outcomes), ITEM_KEYS),
    )


def synchronise(
    folder: Path, *, locked: bool = False, delete: bool = False, max_delete: int = 100
) -> DownloadResult:
    """Fetch what is new or changed of a folder's selections; see `Dataset.sync`."""
    from isic_cli.services.dataset.rebuild import Rebuilding, extra_pictures
    from isic_cli.services.dataset.sync import Synchronisation

    if locked and delete:
        raise UsageError("locked deletes nothing: leave delete out")
    with _locked(folder) as (api, lock, options):
        if locked:
            rebuilding = Rebuilding(api, lock, options)
            with sidecars_written(rebuilding.write_sidecars):
                outcomes = _taken(rebuilding.run())
            differences = [*rebuilding.differences, *extra_pictures(folder, lock)]
            return result_of(folder, [*outcomes, *differences])
        job = Synchronisation(api, lock, options)
        with sidecars_written(job.write_sidecars):
            outcomes = _taken(job.run())
            leaving = job.leaving()
            if delete and not job.missed:
                leaving = list(job.delete(leaving, at_most=max_delete))
    gone = {one.isic_id for one in leaving}
    problems = [one for one in job.problems() if one.isic_id not in gone]
    missed = _not_listed(job.missed)
    return result_of(folder, [*outcomes, *leaving, *problems, *missed])


def repair(folder: Path, isic_ids: "Sequence[str]") -> DownloadResult:
    """Fetch files again that are not as the lock says, by its very bytes."""
    from isic_cli.services.dataset.rebuild import Rebuilding
    from isic_cli.services.dataset.verify import distrust

    with _locked(folder) as (api, lock, options):
        distrust(folder, lock, isic_ids)
        job = Rebuilding(api, lock, options, only=isic_ids)
        with sidecars_written(job.write_sidecars):
            return result_of(folder, [*_taken(job.run()), *job.differences])


@contextmanager
def _locked(folder: Path) -> "Iterator[tuple[ArchiveApi, Lock, DownloadOptions]]":
    """Give the archive and the lock of a folder, which is held, and how files are fetched."""
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.dataset.lock import Lock
    from isic_cli.services.opening import open_api
    from isic_cli.settings import resolve

    with Lock(folder) as lock:
        settings = resolve(archive=lock.header.archive)
        with open_api(settings) as api, folder_lock(folder):
            yield (
                api,
                lock,
                DownloadOptions(
                    folder=folder,
                    variant=lock.header.variant,
                    jobs=settings.jobs,
                    retries=settings.retries,
                ),
            )


def download_study(
    api: "ArchiveApi", number: int, folder: Path, *, pictures: bool
) -> DownloadResult:
    """Download a study; see `ReaderStudy.download`."""
    from isic_cli.files.lock import folder_lock
    from isic_cli.models.selection import IdList, Selection
    from isic_cli.services.study.download import StudyDownload

    job = StudyDownload(api, number, folder)
    with folder_lock(folder):
        images = job.run()
    for text in job.missing:
        warnings.warn(f"not downloaded: {text}", IsicWarning, stacklevel=3)
    found = [Outcome(one.image, "unreadable", one.reason) for one in job.unreadable]
    if pictures and images:
        selection = Selection(ids=IdList("the study", images))
        found += _fetched(api, selection, folder, "full")
    return result_of(folder, found)
