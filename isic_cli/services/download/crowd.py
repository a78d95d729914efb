"""How many threads a download uses when nobody says.

Over a fast line few busy threads are best: more only fight over the interpreter. Over a slow line
files a second are connections divided by the time of a request, and threads cost nothing while
they wait. So a run starts with 16, and as long as files are waiting while the processor is mostly
idle, it adds as many as it has, up to 64.
"""

import time
from collections.abc import Callable

#: Threads to begin with, and at most.
FEWEST = 16
MOST = 64
#: Seconds between two looks: some round trips, so that a look tells something.
_EVERY = 0.1
#: Share of one processor that this process may use and still count as waiting for the line.
_BUSY = 0.7


class Crowd:
    """Says how many threads there may be.

    Parameters
    ----------
    jobs : int or None
        That many, always; None for as many as help.
    clock, cpu : callable
        Seconds that only grow: of the wall, and of the processor for this process.
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
        self._clock = clock
        self._cpu = cpu
        self._then, self._used = clock(), cpu()

    def look(self, waiting: int) -> int:
        """Return how many threads there may be now; `waiting` files have none yet."""
        if self.now >= self.most or not waiting:
            return self.now
        now = self._clock()
        elapsed = now - self._then
        if elapsed >= _EVERY:
            used = self._cpu()
            if used - self._used < _BUSY * elapsed:
                self.now = min(self.most, 2 * self.now)
            self._then, self._used = now, used
        return self.now
