"""How many threads a download uses when nobody says.

Over a fast line few busy threads are best: more only fight over the interpreter. Over a slow line
files a second are connections divided by the time of a request, and threads cost nothing while
they wait. So a run starts with 16. While files are waiting and the processor is mostly idle, the
threads are doubled, up to 64; if that did not make it faster, the line was not what was slow
(another program may have the processor), and the run goes back to what it had for a while.
"""

import time
from collections.abc import Callable

#: Threads to begin with, and at most.
FEWEST = 16
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
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self.now = FEWEST if jobs is None else jobs
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
