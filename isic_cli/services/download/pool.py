"""The threads of a download, and the queues between them and whoever reads its events.

Threads run for as long as the download does and take items from one queue; a future for each
file would cost more than writing it.

How many they are when nobody says: over a fast line few busy threads are best, more only fight
over the interpreter; over a slow line files a second are connections divided by the time of a
request, and threads cost nothing while they wait. So a run starts with 16. While files are waiting
and the processor is mostly idle, the threads are doubled, up to 64; if that did not make it faster,
the line was not what was slow (another program may have the processor), and the run goes back to
what it had for a while. Files of an archive in this process are not waited for: a run of them
starts with 2.
"""

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from isic_cli.files.turns import TURNS

#: Threads to begin with, over a network and in this process, and at most.
FEWEST, FEWEST_HERE = 16, 2
MOST = 64
#: Seconds between two looks: some round trips, so that a look tells something.
_EVERY = 0.2
#: Share of one processor that this process may use and still count as waiting for the line.
_BUSY = 0.7
#: So much faster it has to get by doubling the threads.
_GAIN = 1.1
#: Looks that pass before doubling is tried again, after it was taken back.
_REST = 25


class AdaptiveConcurrency:
    """The number of threads that there may be.

    Parameters
    ----------
    jobs : int or None
        That many, always; None for as many as help.
    fewest : int
        So many to begin with.
    clock, cpu : callable
        Seconds that only grow: of the wall, and of the processor for this process.

    Attributes
    ----------
    now, most : int
        Threads at present, and at most.
    """

    def __init__(
        self,
        jobs: int | None,
        *,
        fewest: int = FEWEST,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self.now = fewest if jobs is None else jobs
        self.most = MOST if jobs is None else jobs
        self._is_fixed = jobs is not None
        self._rest = 0
        self._clock = clock
        self._cpu = cpu
        self._before: float | None = None
        self._window: tuple[float, float, int] | None = None

    def update(self, waiting: int, done: int) -> int:
        """Return how many threads there may be now.

        Parameters
        ----------
        waiting : int
            Files that no thread has taken yet.
        done : int
            Files that are done, since the beginning.
        """
        if self._is_fixed or not done:  # until the first one all is preparation
            return self.now
        now = self._clock()
        if self._window is None:
            self._window = (now, self._cpu(), done)
            return self.now
        then, used, earlier = self._window
        elapsed = now - then
        if elapsed < _EVERY:
            return self.now
        self._window = (now, self._cpu(), done)
        self._decide(
            (done - earlier) / elapsed,
            is_idle=self._window[1] - used < _BUSY * elapsed,
            waiting=waiting,
        )
        return self.now

    def _decide(self, rate: float, *, is_idle: bool, waiting: int) -> None:
        before, self._before = self._before, None
        if before is not None and rate < _GAIN * before:
            self.now //= 2
            self._rest = _REST
        elif self._rest:
            self._rest -= 1
        elif is_idle and waiting and self.now < self.most:
            self._before = rate
            self.now *= 2


Item = TypeVar("Item")
Event = TypeVar("Event")

#: Seconds that a stopped run waits for its threads, of the two it has.
_GRACE = 1.5
#: Of so many files on, the reader is not woken for each: it lets events gather for so many seconds.
_MANY, _GATHER = 64, 0.005
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
        self._events: SimpleQueue[Event | BaseException] = SimpleQueue()
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

    def take(self) -> Event:
        """Wait for the next event; raise the error of a thread that gave up."""
        if self._done > _MANY and self._events.empty():
            time.sleep(_GATHER)
        while True:
            try:
                event = self._events.get(timeout=_LOOK)
            except Empty:
                continue
            if isinstance(event, BaseException):
                raise event
            self._done += 1
            return event

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
            try:
                with TURNS.taken():
                    last = self._work(item, self._events.put)
            except Exception as error:  # noqa: BLE001 - the one boundary between the threads
                self._events.put(error)
                return
            self._events.put(last)
