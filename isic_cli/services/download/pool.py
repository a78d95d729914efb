"""The threads of a download, and the queues between them and whoever reads its events.

Threads run for as long as the download does and take items from one queue; a future for each
file would cost more than writing it.
"""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from isic_cli.services.download.concurrency import AdaptiveConcurrency

Item = TypeVar("Item")
Event = TypeVar("Event")

#: Seconds that a stopped run waits for its threads, of the two it has.
_GRACE = 1.5
#: A look at the queue at least this often lets Windows deliver Ctrl-C.
_LOOK = 0.5


class WorkerPool(Generic[Item, Event]):
    """Threads that take items and put events, or the error that stops the run.

    Parameters
    ----------
    work : callable
        Does one item; called from any thread. It gets the item and a callable for its events,
        and returns the last of them.
    concurrency : AdaptiveConcurrency
        How many threads.
    """

    def __init__(
        self,
        work: Callable[[Item, Callable[[Event], None]], Event],
        concurrency: AdaptiveConcurrency,
    ) -> None:
        self._work = work
        self._concurrency = concurrency
        self._todo: SimpleQueue[Item | None] = SimpleQueue()
        self._events: SimpleQueue[list[Event] | BaseException] = SimpleQueue()
        self._threads: list[Thread] = []
        self._done = self._most = 0

    def submit(self, item: Item, outstanding: int) -> None:
        """Queue an item; `outstanding` items are queued or in work, this one included."""
        self._todo.put(item)
        most = min(self._concurrency.update(self._todo.qsize(), self._done), outstanding)
        if most == self._most and len(self._threads) >= most:
            return
        self._most = most
        for number in range(most):
            if number == len(self._threads):
                self._threads.append(self._started(number))
            elif not self._threads[number].is_alive():  # it was one too many, and no longer is
                self._threads[number] = self._started(number)

    def take(self) -> list[Event]:
        """Wait for the next events; raise the error of a thread that gave up."""
        while True:
            try:
                events = self._events.get(timeout=_LOOK)
            except Empty:
                continue
            if isinstance(events, BaseException):
                raise events
            self._done += 1
            return events

    def close(self, abort: Callable[[], None] | None) -> None:
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
        deadline = time.monotonic() + _GRACE
        for thread in self._threads:  # one that is held by the network is not waited for
            thread.join(max(0.0, deadline - time.monotonic()))

    def _started(self, number: int) -> Thread:
        thread = Thread(
            target=self._run, args=(number,), name=f"isic-download-{number}", daemon=True
        )
        thread.start()
        return thread

    def _run(self, number: int) -> None:
        """Take items until told to end, or one too many: the body of each thread."""
        while number < self._concurrency.now and (item := self._todo.get()) is not None:
            # The first event of an item waits for the next: small files wake the reader once.
            events: list[Event] = []

            def emit(event: Event, events: list[Event] = events) -> None:
                events.append(event)
                if len(events) > 1:
                    self._events.put(events[:])
                    events.clear()

            try:
                events.append(self._work(item, emit))
            except Exception as error:  # noqa: BLE001 - the one boundary between the threads
                self._events.put(error)
                return
            self._events.put(events)
