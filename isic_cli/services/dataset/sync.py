"""Bring a folder up to what its recorded selections say today."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from isic_cli.api.archive import ArchiveApi
from isic_cli.curation.diff import Change, changes_of
from isic_cli.errors import CheckError
from isic_cli.files.faults import local_error
from isic_cli.models.ids import IdSet, is_isic_id
from isic_cli.models.image import ImageRecord
from isic_cli.models.outcomes import Outcome
from isic_cli.services.cite.credits import Credits
from isic_cli.services.dataset.lock import Lock, locked_attribution
from isic_cli.services.dataset.record import record_download
from isic_cli.services.download.acquire import PlanSummary
from isic_cli.services.download.cache import FileCache
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import DownloadEvent, Skipped
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.paths import TargetFolder
from isic_cli.services.download.plan import PlannedFile
from isic_cli.services.select.live import GROUP, select

_LOGGER = logging.getLogger(__name__)


def check_leaving(leaving: Sequence[Outcome], *, at_most: int) -> None:
    """Refuse to delete more images than `at_most`.

    Raises
    ------
    CheckError
        With what to do.
    """
    if len(leaving) > at_most:
        raise CheckError(
            f"{len(leaving)} images left the selection, more than --max-delete {at_most}:"
            " nothing was deleted",
            hint="Look at them in the report, then raise --max-delete if it is right.",
        )


class Synchronisation:
    """One synchronisation of a folder; the caller holds the folder's lock.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    lock : Lock
        The lock of the folder.
    options : DownloadOptions
        How files are transferred.
    parallel_pages : int
        Listing requests side by side.
    on_update : callable, optional
        Is given, while the images are listed, one outcome `updated` for each whose metadata are
        no longer what the folder has: each field, from what to what.

    Attributes
    ----------
    images : tuple of Images
        Those of each recorded selection.
    by_field : Counter of str
        How many images have another value of a field.
    """

    def __init__(
        self,
        api: ArchiveApi,
        lock: Lock,
        options: DownloadOptions,
        *,
        parallel_pages: int = 8,
        on_update: Callable[[Outcome], object] = lambda _: None,
    ) -> None:
        self._api = api
        self._lock = lock
        self._options = options
        self._seen = IdSet()
        self._is_listed = False
        self._unchanged = 0
        self._dropped: set[str] = set()
        self._on_update = on_update
        self.by_field: Counter[str] = Counter()
        self.credits = Credits(api)
        self.images = tuple(
            select(api, one, parallel_pages=parallel_pages) for one in lock.header.selections
        )

    def total(self) -> int | None:
        """Return how many images there will be, where one selection tells it beforehand."""
        return self.images[0].count() if len(self.images) == 1 else None

    @property
    def missed(self) -> int:
        """Images that the archive announced and did not list."""
        return sum(images.missed for images in self.images)

    def problems(self) -> list[Outcome]:
        """Return what the selections name and the archive does not have.

        An image of the lock is not a problem of this kind: it was withdrawn.
        """
        found = [problem for images in self.images for problem in images.problems]
        return [problem for problem in found if problem.isic_id not in self._lock]

    def run(self) -> Iterator[DownloadEvent]:
        """Fetch what is new or changed; yield what becomes of each image."""
        numbers = {one.id for images in self.images for one in images.collections}
        self.credits = Credits(self._api, numbers, kept=locked_attribution(self._lock))
        cache = FileCache.open(self._api.settings, self._options.variant)
        downloader = Downloader(self._api, self._options, cache=cache)
        with DownloadJournal(self._options.folder, writable=False) as journal:
            records = self._compared(self.credits.apply(self._records()), journal)
            for event in downloader.run(records):
                self._unchanged += isinstance(event, Skipped)
                yield event

    def plan(self) -> PlanSummary:
        """Return what `run` would fetch; touches nothing."""
        summary = PlanSummary()
        for planned in self.planned():
            summary.add(planned)
        return summary

    def planned(self) -> Iterator[PlannedFile]:
        """Yield what `run` would do for each image; touches nothing."""
        numbers = {one.id for images in self.images for one in images.collections}
        self.credits = Credits(self._api, numbers, kept=locked_attribution(self._lock))
        downloader = Downloader(self._api, self._options)
        with DownloadJournal(self._options.folder, writable=False) as journal:
            records = self._compared(self.credits.apply(self._records()), journal)
            yield from downloader.plan(records)

    def _compared(
        self, records: Iterable[ImageRecord], journal: DownloadJournal
    ) -> Iterator[ImageRecord]:
        """Pass records on, and note how their metadata differ from what the folder has."""
        done = IdSet()
        for record in records:
            entry = journal.get(record.isic_id, self._options.variant)
            if entry is not None and done.add(record.isic_id):
                found = changes_of(entry.record, record.row())
                self.by_field.update(change.field for change in found)
                if found:
                    self._on_update(_updated(record.isic_id, found, entry.path))
            yield record

    def _records(self) -> Iterator[ImageRecord]:
        for images in self.images:
            for record in images.records("by_id"):
                # An id twice is the engine's to pass over; an unsafe one is its to refuse.
                if is_isic_id(record.isic_id):
                    self._seen.add(record.isic_id)
                yield record
        self._is_listed = True

    def leaving(self) -> list[Outcome]:
        """Return the images of the lock that the selections no longer give, by ISIC id.

        Status `withdrawn`: the archive does not show it any more; `unselected`: it does.
        Empty when the listing is not complete: then nobody knows.
        """
        if not self._is_listed or self.missed:
            return []
        gone = (isic_id for isic_id in self._lock.ids() if isic_id not in self._seen)
        found: list[Outcome] = []
        while group := list(islice(gone, GROUP)):
            there = self._api.images_by_id(group)
            for isic_id in group:
                image = self._lock.get(isic_id)
                if image is None:
                    continue
                status, reason = "withdrawn", "the archive does not show it any more"
                if isic_id in there:
                    status, reason = "unselected", "no longer in the selection"
                found.append(Outcome(isic_id, status, reason, path=image.path, sha256=image.sha256))
        return found

    def delete(self, leaving: Iterable[Outcome], *, at_most: int) -> list[Outcome]:
        """Delete the files of images that left; nothing when they are too many.

        Raises
        ------
        CheckError
            When there are more than `at_most`.
        LocalError
            When the disk refuses.
        """
        chosen = list(leaving)
        check_leaving(chosen, at_most=at_most)
        folder = TargetFolder(self._options.folder)
        for one in chosen:
            _unlink(folder.target(str(one.path)))
            self._dropped.add(one.isic_id)
        with DownloadJournal(self._options.folder, writable=True) as journal:
            journal.drop((one.isic_id for one in chosen), self._lock.header.variant)
        return [one._replace(status="deleted") for one in chosen]

    def write_sidecars(self, *, hurried: bool = False) -> None:
        """Bring `metadata.csv`, `attribution.txt`, `licenses/` and `isic.lock` up to date.

        Parameters
        ----------
        hurried : bool
            Ask the archive for nothing, and leave a large folder to the next run.
        """
        known = {one.id: one for images in self.images for one in images.collections}
        record_download(
            self._api,
            self._options.folder,
            selections=self._lock.header.selections,
            collections=known.values(),
            variant=self._lock.header.variant,
            dropped=self._dropped,
            hurried=hurried,
            unchanged=self._unchanged,
        )


def _updated(isic_id: str, changes: list[Change], path: str) -> Outcome:
    words = [f"{one.field}: {_shown(one.old)} is now {_shown(one.new)}" for one in changes]
    fields = {one.field: [one.old, one.new] for one in changes}
    return Outcome(isic_id, "updated", "; ".join(words), path=path, extra={"changes": fields})


def _shown(value: str | None) -> str:
    return "nothing" if value is None else repr(value)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108 - the engine passes plain strings
    except FileNotFoundError:
        _LOGGER.info("%s was not there any more", path)
    except OSError as error:
        raise local_error(error, path) from error
