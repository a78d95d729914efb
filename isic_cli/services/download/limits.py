"""Token buckets: how fast requests and bytes may go, and whether they go on."""

import threading
import time
from collections.abc import Callable

from isic_cli.errors import TransferError
from isic_cli.files.turns import TURNS


class TokenBucket:
    """Lets `rate` units pass per second, at most one second's worth at once.

    Debts are allowed: a unit larger than the bucket passes, and whoever comes next waits for it.
    Threads are served in the order in which they ask.

    Parameters
    ----------
    rate : float
        Units per second.
    clock : callable
        Seconds that only ever grow.
    pause : callable
        Sleeps that many seconds; called without the lock held.
    """

    def __init__(
        self, rate: float, *, clock: Callable[[], float], pause: Callable[[float], None]
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._level = rate if rate > 1 else 1.0
        self._full = self._level
        self._then = clock()

    def take(self, units: float = 1.0) -> None:
        """Take `units`, waiting until they are there."""
        with self._lock:
            now = self._clock()
            self._level = min(self._full, self._level + (now - self._then) * self._rate)
            self._then = now
            self._level -= units
            wait = -self._level / self._rate
        if wait > 0:
            self._pause(wait)


class Pace:
    """How fast a run may go, and whether it goes on at all.

    Parameters
    ----------
    rate, bandwidth : float or None
        Most requests and bytes per second.
    pause : callable
        Sleeps; ends early when the run is stopped.
    is_stopped : callable
        Whether the run is being stopped.
    clock : callable
        Seconds that only ever grow.
    """

    def __init__(
        self,
        rate: float | None = None,
        bandwidth: float | None = None,
        *,
        pause: Callable[[float], object] = time.sleep,
        is_stopped: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.is_stopped = is_stopped
        self._pause = pause
        self._requests = rate and TokenBucket(rate, clock=clock, pause=self.wait)
        self._bytes = bandwidth and TokenBucket(bandwidth, clock=clock, pause=self.wait)

    def wait(self, seconds: float) -> None:
        """Sleep.

        Raises
        ------
        TransferError
            When the run is being stopped.
        """
        if not self.is_stopped():
            with TURNS.aside():
                self._pause(seconds)
        self.go_on()

    def go_on(self) -> None:
        """Raise TransferError when the run is being stopped."""
        if self.is_stopped():
            raise TransferError("stopped")

    def request(self) -> None:
        """Wait until a request may be sent."""
        if self._requests:
            self._requests.take()
        self.go_on()

    def arrived(self, count: int) -> None:
        """Wait until `count` bytes that have arrived fit into the bandwidth."""
        if self._bytes:
            self._bytes.take(count)
        self.go_on()
