"""Download a selection from Python: the same work as `isic image download`."""

import warnings
from collections.abc import Callable
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.models.outcomes import ITEM_KEYS, Outcome
from isic_cli.python import html
from isic_cli.python.frames import library
from isic_cli.python.table import ResultTable
from isic_cli.python.transfers import TransferKeywords
from isic_cli.python.warned import IsicWarning
from isic_cli.services.download.acquire import TRANSFERS, Acquisition
from isic_cli.services.download.events import Failed, Finished, Skipped, outcome_of
from isic_cli.services.download.options import Variant
from isic_cli.services.download.sidecars import sidecars_written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from isic_cli.api.archive import ArchiveApi
    from isic_cli.models.selection import Selection
    from isic_cli.services.download.events import DownloadEvent
    from isic_cli.services.download.plan import PlannedFile

#: What a dry run says of what a run would do; `check` and `unpack` of a file of a challenge.
_PLANNED = frozenset({*TRANSFERS, "check", "unpack"})
#: What a plan of a file is called among outcomes, where not as its action is.
_WORDS = {"skip": "skipped", "refuse": "failed"}


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
    planned : tuple of str
        What a run would fetch, of a dry run alone; the table says whether anew (`fetch`), the
        rest of it (`resume`), or in place of what is there (`replace`).
    """

    folder: Path
    downloaded: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: dict[str, str] = field(hash=False)
    table: ResultTable = field(hash=False)
    planned: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every image is there."""
        return not self.failed

    def __repr__(self) -> str:
        """Return one line."""
        counts = f"{len(self.downloaded):,} downloaded, {len(self.skipped):,} already there"
        planned = f", {len(self.planned):,} to fetch" if self.planned else ""
        failed = f", {len(self.failed):,} FAILED" if self.failed else ""
        return f"<DownloadResult {self.folder}: {counts}{planned}{failed}>"

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
    transfer: TransferKeywords,
    serial: bool,
    force: bool,
    dry_run: bool,
    progress: bool | Callable[[Any], None],
) -> DownloadResult:
    """Download a selection into a folder, and write what lies beside the pictures.

    Raises
    ------
    LocalError
        The folder cannot be written, or the disk is too small.
    LockedError
        Another run holds the folder.
    """
    options = transfer.options(api.settings, folder, variant)
    job = Acquisition(api, selection, options, parallel_pages=1 if serial else 8)
    if dry_run:
        outcomes = [*outcomes_of(job.planned()), *_missed(job)]
    else:
        outcomes = _fetched(api, job, folder, transfer, force=force, progress=progress)
    return result_of(folder, outcomes)


def _fetched(
    api: "ArchiveApi",
    job: Acquisition,
    folder: Path,
    transfer: TransferKeywords,
    *,
    force: bool = False,
    progress: bool | Callable[[Any], None] = False,
) -> list[Outcome]:
    from isic_cli.files.lock import folder_lock

    job.hold()
    if not force:
        job.check_space()
    with (
        folder_lock(folder, wait=transfer.wait),
        _watched(progress, job.total()) as watch,
        sidecars_written(job.write_sidecars),
    ):
        try:
            outcomes = taken(job.run(), watch)
        finally:
            api.reopen_files()
    return [*outcomes, *_missed(job)]


def _missed(job: Acquisition) -> list[Outcome]:
    return [*job.images.problems, *not_listed(job.images.missed)]


def write_gallery(
    api: "ArchiveApi",
    selection: "Selection",
    folder: Path,
    *,
    pictures: bool,
    title: str | None,
    transfer: TransferKeywords,
) -> DownloadResult:
    """Fetch what a gallery shows, then write its page; see `ImageSelection.gallery`."""
    from isic_cli.services.cite.archive import asked_archive
    from isic_cli.services.gallery import IMAGES, Gallery, GalleryInfo, command_prefix

    prefix = command_prefix(asked_archive(api.settings))
    info = GalleryInfo(title or folder.resolve().name, prefix)
    page = Gallery(folder, info)
    page.check()

    def fetched(variant: Variant) -> list[Outcome]:
        options = transfer.options(api.settings, images, variant)
        return _fetched(api, Acquisition(api, selection, options), images, transfer)

    images = folder / IMAGES
    outcomes = fetched("thumbnail")
    if pictures:
        bad = [one for one in outcomes if one.is_bad]
        outcomes = [*bad, *fetched("full")]
    page.write()
    return result_of(folder, outcomes)


def taken(
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


def not_listed(missed: int) -> list[Outcome]:
    """Return the images that the archive announced and did not list, as one failure."""
    if not missed:
        return []
    return [Outcome("", "failed", f"the archive did not list {missed} images it announced")]


def outcomes_of(planned: "Iterable[PlannedFile]") -> list[Outcome]:
    """Return what a run would do for each image, as its outcome."""
    return [
        Outcome(
            one.isic_id,
            _WORDS.get(one.action, one.action),
            one.reason,
            one.bytes,
            path=one.path or None,
        )
        for one in planned
    ]


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
            if one.is_bad and one.status not in _PLANNED
        },
        ResultTable.of(f"download into {folder}", (one.line() for one in outcomes), ITEM_KEYS),
        ids(*_PLANNED),
    )


def download_study(
    api: "ArchiveApi",
    number: int,
    folder: Path,
    *,
    pictures: bool,
    transfer: TransferKeywords,
    dry_run: bool,
) -> DownloadResult:
    """Download a study; see `ReaderStudy.download`."""
    from isic_cli.files.lock import folder_lock
    from isic_cli.models.selection import IdList, Selection
    from isic_cli.services.study.download import StudyDownload

    job = StudyDownload(api, number, folder)
    with nullcontext() if dry_run else folder_lock(folder):
        images = job.read() if dry_run else job.run()
    for text in job.missing:
        warnings.warn(f"not downloaded: {text}", IsicWarning, stacklevel=3)
    found = [Outcome(one.image, "unreadable", one.reason) for one in job.unreadable]
    if pictures and images:
        selection = Selection(ids=IdList("the study", images))
        wanted = Acquisition(api, selection, transfer.options(api.settings, folder))
        found += (
            [*outcomes_of(wanted.planned()), *_missed(wanted)]
            if dry_run
            else _fetched(api, wanted, folder, transfer)
        )
    return result_of(folder, found)
