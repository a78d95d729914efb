"""The threads of a download, and what goes to them and comes back.

Threads run for as long as the download does and take planned files from one queue; a future
for each file would cost more than writing it. What a small file has to say comes back in one
piece, once it is done, for the same reason.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from queue import Empty, SimpleQueue

from isic_cli.services.download.crowd import Crowd
from isic_cli.services.download.events import DownloadEvent, Failed, Finished, Skipped, Started
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.download.plan import PlannedFile, Planner
from isic_cli.services.download.transfer import Transfer

#: Seconds that a stopped run waits for its threads, of the two it has.
_GRACE = 1.5
#: A look at the queue at least this often lets Windows deliver Ctrl-C.
_LOOK = 0.5

_Box = SimpleQueue[list[DownloadEvent] | BaseException]


class Crew:
    """Threads that take planned files and hand back lists of events, or an error that stops.

    Parameters
    ----------
    crowd : Crowd
        How many threads.
    planner : Planner
        Settles what needs a look at the file that is there.
    transfer : Transfer
        Fetches.
    journal : DownloadJournal
        Notes what is new about a file that is skipped.
    """

    def __init__(
        self, crowd: Crowd, *, planner: Planner, transfer: Transfer, journal: DownloadJournal
    ) -> None:
        self._crowd = crowd
        self._planner = planner
        self._transfer = transfer
        self._journal = journal
        self._todo: SimpleQueue[PlannedFile | None] = SimpleQueue()
        self._done: _Box = SimpleQueue()
        self._executor = ThreadPoolExecutor(crowd.most, thread_name_prefix="isic-download")
        self._threads: list[Future[None]] = []
        self._taken = self._most = 0

    def give(self, planned: PlannedFile, outstanding: int) -> None:
        """Queue a file; `outstanding` files are queued or in work, this one included."""
        self._todo.put(planned)
        most = min(self._crowd.look(self._todo.qsize(), self._taken), outstanding)
        if most == self._most and len(self._threads) >= most:
            return
        self._most = most
        for number in range(most):
            if number == len(self._threads):
                self._threads.append(self._executor.submit(self._work, number))
            elif self._threads[number].done():  # it was one too many, and no longer is
                self._threads[number] = self._executor.submit(self._work, number)

    def take(self) -> list[DownloadEvent]:
        """Wait for the next events; raise the error of a thread that gave up."""
        while True:
            try:
                result = self._done.get(timeout=_LOOK)
            except Empty:
                continue
            if isinstance(result, BaseException):
                raise result
            self._taken += 1
            return result

    def dismiss(self, abort: Callable[[], None] | None) -> None:
        """End the threads.

        Parameters
        ----------
        abort : callable or None
            Cuts what they do; None when they have nothing more to do.
        """
        while not self._todo.empty():
            self._todo.get()
        for _ in self._threads:
            self._todo.put(None)
        if abort is not None:
            abort()
        _, unfinished = wait(self._threads, timeout=_GRACE)
        # A thread whose work is done is gone in no time, and then nobody meets it any more; one
        # that is held by the network is not waited for.
        self._executor.shutdown(wait=not unfinished, cancel_futures=True)

    def _work(self, number: int) -> None:
        """Take files until told to end, or one too many: the body of each thread."""
        while number < self._crowd.now and (planned := self._todo.get()) is not None:
            try:
                events = _Letters(self._done)
                events.close(self._one(planned, events))
            except Exception as error:  # noqa: BLE001 - the one boundary between the threads
                self._done.put(error)
                return

    def _one(self, planned: PlannedFile, events: "_Letters") -> Finished | Failed | Skipped:
        planned = self._planner.settle(planned)
        if planned.action == "skip":
            return self.skip(planned, changed=True)
        if planned.file is None:
            raise ValueError(f"{planned.isic_id} was planned without a file")
        return self._transfer.fetch(planned, planned.file, events.add)

    def skip(self, planned: PlannedFile, *, changed: bool = False) -> Skipped:
        """Pass over a file that is there, and note what is new about its record."""
        entry = planned.entry
        if entry is None or entry.sha256 is None:
            raise ValueError(f"{planned.isic_id} was skipped without an entry")
        stated = entry.stated if planned.file is None else planned.file.size
        record = planned.record
        noted = replace(entry, record=record.row(), public=record.public, stated=stated)
        if changed or noted != entry:
            self._journal.append(noted)
        return Skipped(planned.isic_id, planned.path, entry.size, entry.sha256, planned.reason)


class _Letters:
    """Gathers the events of one file, and sends them when it is done or takes its time."""

    def __init__(self, box: _Box) -> None:
        self._box = box
        self._events: list[DownloadEvent] = []

    def add(self, event: DownloadEvent) -> None:
        """Take an event; the first one waits for company."""
        self._events.append(event)
        if not isinstance(event, Started):
            self._send()

    def close(self, event: DownloadEvent) -> None:
        """Take the last event and send what is there."""
        self._events.append(event)
        self._send()

    def _send(self) -> None:
        self._box.put(self._events)
        self._events = []
