"""The download engine: a lazy source of records in, typed events out."""

import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace

from isic_cli.errors import NetworkError
from isic_cli.files import STATE
from isic_cli.files.faults import local_error
from isic_cli.files.leftovers import sweep
from isic_cli.models.image import ImageRecord
from isic_cli.services.download.crew import Crew
from isic_cli.services.download.crowd import Crowd
from isic_cli.services.download.events import (
    Advanced,
    DownloadEvent,
    Failed,
    Finished,
    Skipped,
    Started,
)
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.download.limits import Pace
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.download.partfile import Write
from isic_cli.services.download.parts import PartStore
from isic_cli.services.download.paths import Ground, settle_layout
from isic_cli.services.download.plan import Expected, PlannedFile, Planner
from isic_cli.services.download.transfer import FileSource, Transfer, may_pass

#: Files planned ahead for each thread: enough to stay busy while a page of 100 is fetched.
_AHEAD = 8
#: Failures that are kept for the last pass; further ones are final at once, for memory's sake.
_MOST_POSTPONED = 2000
#: So many failures without one success, and a run gives up (or two for each thread).
_MOST_BARREN = 32


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
    sleep : callable, optional
        Sleeps that many seconds between attempts; by default a wait that a stop cuts short.
    clock : callable
        Seconds that only ever grow.
    write : callable
        `os.write`, or something that fails like a full disk.
    """

    def __init__(
        self,
        source: FileSource,
        options: DownloadOptions,
        *,
        expected: Expected | None = None,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        write: Write = os.write,
    ) -> None:
        self._source = source
        self._options = options
        self._expected = expected
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
        folder = self._options.folder
        layout = settle_layout(folder, self._options.layout, record=False)
        with DownloadJournal(folder, writable=False) as journal:
            planner = Planner(
                self._options,
                layout=layout,
                ground=Ground(folder),
                journal=journal,
                kept=PartStore(folder).kept(),
                expected=self._expected,
            )
            for planned in planner.plans(records):
                yield planner.settle(planned)

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
        folder = self._options.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise local_error(error, folder) from error
        layout = settle_layout(folder, self._options.layout, record=True)
        parts = PartStore(folder, write=self._write)
        parts.sweep()
        sweep(folder, folder / "licenses", folder / STATE)
        ground = Ground(folder)
        with DownloadJournal(folder, writable=True) as journal:
            planner = Planner(
                self._options,
                layout=layout,
                ground=ground,
                journal=journal,
                kept=parts.kept(),
                expected=self._expected,
            )
            stop = threading.Event()
            pace = Pace(
                self._options,
                pause=self._sleep or stop.wait,
                is_stopped=stop.is_set,
                clock=self._clock,
            )
            transfer = Transfer(
                self._source,
                self._options,
                ground=ground,
                parts=parts,
                journal=journal,
                pace=pace,
                expected=self._expected,
            )
            crowd = Crowd(self._options.jobs, clock=self._clock)
            crew = Crew(crowd, planner=planner, transfer=transfer, journal=journal)
            abort: Callable[[], None] | None = self._source.abort
            try:
                yield from _DownloadRun(crew, crowd).events(planner.plans(records))
                abort = None
            finally:
                stop.set()
                crew.dismiss(abort)
                journal.sync()


class _DownloadRun:
    """The consumer's side of one run: feeds the crew, and folds what comes back."""

    def __init__(self, crew: Crew, crowd: Crowd) -> None:
        self._crew = crew
        self._ahead = _AHEAD * crowd.most
        self._enough = max(_MOST_BARREN, 2 * crowd.now)
        self._flying: dict[str, PlannedFile] = {}
        self._postponed: dict[str, tuple[PlannedFile, Failed]] = {}
        self._last_pass = False
        self._barren: int | None = 0

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
                for event in self._crew.take():
                    yield from self._fold(event)

    def _admit(self, planned: PlannedFile) -> Iterator[DownloadEvent]:
        if planned.error is not None:
            yield Failed(planned.isic_id, planned.reason, 0, 0, planned.error)
        elif planned.action == "skip":
            yield self._crew.skip(planned)
        else:
            self._flying[planned.isic_id] = planned
            self._crew.give(planned, len(self._flying))

    def _fold(self, event: DownloadEvent) -> Iterator[DownloadEvent]:
        if isinstance(event, Started | Advanced):
            yield event
            return
        planned = self._flying.pop(event.isic_id)
        if not isinstance(event, Skipped):
            event = self._with_earlier(event)
        if not isinstance(event, Failed):
            self._barren = None
        elif self._is_postponed(planned, event):
            yield from self._despair(event)
            return
        yield event

    def _with_earlier(self, event: Finished | Failed) -> Finished | Failed:
        """Add the tries of the first pass to those of the last."""
        if not self._last_pass:
            return event
        _, earlier = self._postponed.pop(event.isic_id)
        return replace(event, attempts=event.attempts + earlier.attempts)

    def _is_postponed(self, planned: PlannedFile, failed: Failed) -> bool:
        if self._last_pass or not may_pass(failed) or len(self._postponed) >= _MOST_POSTPONED:
            return False
        self._postponed[planned.isic_id] = (planned, failed)
        return True

    def _despair(self, failed: Failed) -> Iterator[DownloadEvent]:
        """Stop a run in which nothing but failures comes back: the file host is not there."""
        if self._barren is None:
            return
        self._barren += 1
        if self._barren >= self._enough:
            yield from (failure for _, failure in self._postponed.values())
            raise NetworkError(
                f"none of {self._barren} files could be had; the last: {failed.reason}",
                hint="Run again later: what was begun is kept.",
            )
