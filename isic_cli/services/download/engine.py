"""The download engine: a lazy source of records in, typed events out."""

import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator

from isic_cli.errors import ConnectionSetupError, NetworkError
from isic_cli.files import STATE
from isic_cli.files.faults import translated
from isic_cli.files.leftovers import sweep
from isic_cli.models.image import ImageRecord
from isic_cli.services.download.cache import FileCache
from isic_cli.services.download.events import (
    Advanced,
    DownloadEvent,
    Failed,
    Finished,
    Skipped,
)
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.download.limits import Pace
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.part import Write
from isic_cli.services.download.part_store import PartStore
from isic_cli.services.download.paths import TargetFolder
from isic_cli.services.download.pictures import FileSource, PictureTransfers
from isic_cli.services.download.plan import Expected, PlannedFile, Planner
from isic_cli.services.download.pool import (
    FEWEST,
    FEWEST_HERE,
    AdaptiveConcurrency,
    WorkerPool,
)
from isic_cli.services.download.transfer import may_pass
from isic_cli.services.download.work import FileWork

#: Files planned ahead for each thread: enough to stay busy while a page of 100 is fetched.
_AHEAD = 8
#: Failures that are kept for the last pass; further ones are final at once, for memory's sake.
_MOST_POSTPONED = 2000
#: So many failures without one success, and a run gives up (or two for each thread).
_MOST_FAILURES = 32


class Downloader:
    """Downloads the files of image records into a folder.

    Parameters
    ----------
    source : FileSource
        The archive.
    options : DownloadOptions
        What and how.
    expected : callable, optional
        Returns the SHA-256 that the file of an image must have, or None for any: other bytes
        are not kept.
    cache : FileCache, optional
        Gives files instead of the network, and takes those that were fetched.
    sleep : callable, optional
        Sleeps that many seconds between attempts; by default a wait that a stop cuts short.
    clock : callable
        Seconds that only ever grow.
    write : callable
        Writes to a descriptor.
    """

    def __init__(
        self,
        source: FileSource,
        options: DownloadOptions,
        *,
        expected: Expected | None = None,
        cache: FileCache | None = None,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        write: Write = os.write,
    ) -> None:
        self._source = source
        self._options = options
        self._expected = expected
        self._cache = cache
        self._sleep = sleep
        self._clock = clock
        self._write = write

    def plan(self, records: Iterable[ImageRecord]) -> Iterator[PlannedFile]:
        """Yield what `run` would do: `fetch`, `resume`, `skip`, `replace` or `refuse`.

        Nothing is written and nothing is requested.

        Raises
        ------
        UsageError
            When the layout is wrong, or not that of the folder.
        LocalError
            When the folder cannot be read.
        """
        with DownloadJournal(self._options.folder, writable=False) as journal:
            folder = TargetFolder.open(self._options.folder, self._options.layout, record=False)
            planner = self._planner(folder, journal, PartStore(self._options.folder))
            for planned in planner.plans(records):
                yield planner.check(planned)

    def _planner(self, folder: TargetFolder, journal: DownloadJournal, parts: PartStore) -> Planner:
        return Planner(
            self._options,
            folder=folder,
            journal=journal,
            kept=parts.kept(),
            expected=self._expected,
        )

    def run(self, records: Iterable[ImageRecord]) -> Generator[DownloadEvent, None, None]:
        """Download; yield what happens.

        Every record ends in one `Finished`, `Skipped` or `Failed`; an id that comes again is
        passed over. Closing the generator, or an error, aborts the source and keeps the parts.
        The caller holds the folder's lock.

        Raises
        ------
        UsageError
            When the layout is wrong, or not that of the folder.
        AuthError
            When the archive wants a login.
        NetworkError
            When not one of many files could be had.
        LocalError
            When the disk is full, read-only or refuses otherwise.
        """
        options = self._options
        with translated(options.folder):
            options.folder.mkdir(parents=True, exist_ok=True)
        folder = TargetFolder.open(options.folder, options.layout, record=True)
        parts = PartStore(options.folder, write=self._write)
        parts.sweep()
        sweep(options.folder, options.folder / "licenses", options.folder / STATE)
        with DownloadJournal(options.folder, writable=True) as journal:
            planner = self._planner(folder, journal, parts)
            stop = threading.Event()
            transfers = PictureTransfers(
                self._source,
                options,
                folder=folder,
                parts=parts,
                journal=journal,
                pace=Pace(
                    options.rate,
                    options.bandwidth,
                    pause=self._sleep or stop.wait,
                    is_stopped=stop.is_set,
                    clock=self._clock,
                ),
                expected=self._expected,
            )
            work = FileWork(planner, transfers, folder, journal, self._cache)
            fewest = FEWEST if self._source.over_network else FEWEST_HERE
            concurrency = AdaptiveConcurrency(options.jobs, fewest=fewest, clock=self._clock)
            pool = WorkerPool(work.do, concurrency)
            abort: Callable[[], None] | None = self._source.abort
            try:
                yield from _DownloadRun(pool, work, concurrency).events(planner.plans(records))
                abort = None
            finally:
                stop.set()
                pool.close(abort)
                journal.sync()


class _DownloadRun:
    """The reader's side of one run: feeds the pool, and folds what comes back."""

    def __init__(
        self,
        pool: WorkerPool[PlannedFile, DownloadEvent],
        work: FileWork,
        concurrency: AdaptiveConcurrency,
    ) -> None:
        self._pool = pool
        self._work = work
        self._ahead = _AHEAD * concurrency.most
        self._enough = max(_MOST_FAILURES, 2 * concurrency.now)
        self._flying: dict[str, PlannedFile] = {}
        self._postponed: dict[str, tuple[PlannedFile, Failed]] = {}
        self._last_pass = False
        self._consecutive_failures: int | None = 0

    def events(self, plans: Iterator[PlannedFile]) -> Iterator[DownloadEvent]:
        """Yield every event of the run."""
        yield from self._drive(plans)
        self._last_pass = True
        yield from self._drive(planned for planned, _ in list(self._postponed.values()))

    def _drive(self, plans: Iterator[PlannedFile]) -> Iterator[DownloadEvent]:
        more = True
        while more or self._flying:
            while more and len(self._flying) < self._ahead:
                planned = next(plans, None)
                if planned is None:
                    more = False
                else:
                    yield from self._admit(planned)
            if self._flying:
                event = self._pool.take()
                if isinstance(event, Advanced):
                    yield event
                else:
                    yield from self._fold(event)

    def _admit(self, planned: PlannedFile) -> Iterator[DownloadEvent]:
        if planned.error is not None:
            yield Failed(planned.isic_id, planned.reason, 0, 0, planned.error)
        elif planned.action == "skip":
            yield self._work.skip(planned)
        else:
            self._flying[planned.isic_id] = planned
            self._pool.submit(planned, len(self._flying))

    def _fold(self, event: Finished | Skipped | Failed) -> Iterator[DownloadEvent]:
        planned = self._flying.pop(event.isic_id)
        if not isinstance(event, Skipped):
            event = self._with_earlier(event)
        if not isinstance(event, Failed):
            self._consecutive_failures = None
        elif self._is_postponed(planned, event):
            yield from self._stop_if_host_is_down(event)
            return
        yield event
        if isinstance(event, Failed) and isinstance(event.error, ConnectionSetupError):
            yield from self._stop_if_host_is_down(event)

    def _with_earlier(self, event: Finished | Failed) -> Finished | Failed:
        """Add the tries of the first pass to those of the last."""
        if not self._last_pass:
            return event
        _, earlier = self._postponed.pop(event.isic_id)
        return event._replace(attempts=event.attempts + earlier.attempts)

    def _is_postponed(self, planned: PlannedFile, failed: Failed) -> bool:
        if self._last_pass or not may_pass(failed.error) or len(self._postponed) >= _MOST_POSTPONED:
            return False
        self._postponed[planned.isic_id] = (planned, failed)
        return True

    def _stop_if_host_is_down(self, failed: Failed) -> Iterator[DownloadEvent]:
        """Stop a run in which nothing but failures comes back."""
        if self._consecutive_failures is None:
            return
        self._consecutive_failures += 1
        if self._consecutive_failures >= self._enough:
            yield from (failure for _, failure in self._postponed.values())
            reason = (
                f"none of {self._consecutive_failures} files could be had;"
                f" the last: {failed.reason}"
            )
            if isinstance(failed.error, ConnectionSetupError):
                raise ConnectionSetupError(reason, hint=failed.error.hint)
            raise NetworkError(reason, hint="Run again later: what was begun is kept.")
