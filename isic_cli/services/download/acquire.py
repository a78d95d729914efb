"""Download a selection into a folder: estimate, plan, fetch, and write what lies beside."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from isic_cli.api.archive import ArchiveApi
from isic_cli.errors import LocalError
from isic_cli.files.place import free_space
from isic_cli.models.image import ImageRecord
from isic_cli.models.selection import Selection
from isic_cli.services.cite.credits import Credits
from isic_cli.services.dataset.header import resolved
from isic_cli.services.dataset.lock import existing_lock, locked_attribution
from isic_cli.services.dataset.record import record_download
from isic_cli.services.download.cache import FileCache
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import DownloadEvent, Skipped
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.plan import PlannedFile
from isic_cli.services.select.live import select

#: Id files up to this many ids are looked up before the first transfer, so that their bytes
#: are known; longer ones are streamed.
HELD = 20_000

#: What a plan will transfer.
TRANSFERS = frozenset({"fetch", "resume", "replace"})


@dataclass
class PlanSummary:
    """What a download would do.

    Attributes
    ----------
    actions : Counter of str
        Files by action: `fetch`, `resume`, `replace`, `skip` and `refuse`.
    bytes : int
        To be transferred: an estimate, from the sizes that the archive states.
    unknown : int
        Files to be transferred whose size the archive does not state.
    """

    actions: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    unknown: int = 0

    def add(self, planned: PlannedFile) -> None:
        """Count one file."""
        self.actions[planned.action] += 1
        if planned.action in TRANSFERS:
            self.bytes += planned.bytes or 0
            self.unknown += planned.bytes is None


class Acquisition:
    """One download of a selection.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    selection : Selection
        Which images.
    options : DownloadOptions
        Where to and how.
    parallel_pages : int
        Listing requests side by side.
    """

    def __init__(
        self,
        api: ArchiveApi,
        selection: Selection,
        options: DownloadOptions,
        *,
        parallel_pages: int = 8,
    ) -> None:
        self._api = api
        self._selection = selection
        self._options = options
        self.images = select(api, selection, parallel_pages=parallel_pages)
        self.credits = Credits(api)
        cache = FileCache.open(api.settings, options.variant)
        self._downloader = Downloader(api, options, cache=cache)
        self._held: list[ImageRecord] | None = None
        self._unchanged = 0

    def total(self) -> int | None:
        """Return how many images are selected, where that is known without listing them all."""
        if self._held is not None:
            return len(self._held)
        return self.images.count()

    def hold(self) -> None:
        """Look a short id file up at once, so that counts and bytes are known."""
        ids = self._selection.ids
        if self._held is None and ids is not None and len(ids.ids) <= HELD:
            self._held = list(self.images.records())

    def plan(self) -> PlanSummary:
        """Return what would be done; touches nothing."""
        summary = PlanSummary()
        for planned in self.planned():
            summary.add(planned)
        return summary

    def planned(self) -> Iterator[PlannedFile]:
        """Yield what would be done for each image; touches nothing."""
        return self._downloader.plan(self._records())

    def check_space(self) -> None:
        """Refuse to begin when the known bytes do not fit on the disk.

        Raises
        ------
        LocalError
            Before the first byte.
        """
        free = free_space(self._options.folder)
        if free is None:
            return
        needed = self._needed(free)
        if needed is not None and needed > free:
            raise LocalError(
                f"{self._options.folder}: {needed:,} bytes are needed and {free:,} are free",
                hint="Free some space, select less, or use --force to begin nevertheless.",
            )

    def _needed(self, free: int) -> int | None:
        """Return the bytes to come; what is there is looked at only when it matters."""
        if self._held is not None:
            return self.plan().bytes
        size = self.images.size()
        if size is None or size <= free:
            return size
        with DownloadJournal(self._options.folder, writable=False) as journal:
            here = sum(entry.size for entry in journal.entries())
        return max(0, size - here)

    def run(self) -> Iterator[DownloadEvent]:
        """Download, and yield what becomes of each image."""
        collections = [one.id for one in self.images.collections]
        with existing_lock(self._options.folder) as lock:
            self.credits = Credits(self._api, collections, kept=locked_attribution(lock))
            records = self.credits.apply(self._records())
            for event in self._downloader.run(records):
                self._unchanged += isinstance(event, Skipped)
                yield event

    def write_sidecars(self, *, hurried: bool = False) -> None:
        """Bring `metadata.csv`, `attribution.txt`, `licenses/` and `isic.lock` up to date.

        Parameters
        ----------
        hurried : bool
            Ask the archive for nothing, and leave a large folder to the next run.
        """
        record_download(
            self._api,
            self._options.folder,
            selections=[resolved(self._selection, self.images.collections)],
            collections=self.images.collections,
            variant=self._options.variant,
            hurried=hurried,
            unchanged=self._unchanged,
        )

    def _records(self) -> Iterable[ImageRecord]:
        if self._held is not None:
            return self._held
        return self.images.records("by_id")
