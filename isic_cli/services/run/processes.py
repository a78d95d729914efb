"""Worker processes, each at the end of two pipes.

The pipes are the whole bond: whatever ends this process, `kill -9` included, closes them, and a
worker whose pipe is closed ends by itself (see `process`). So none is left behind, and there are
no semaphores that somebody would have to clear away.
"""

import json
import pickle
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import IO, Any, Self, TypeVar

from isic_cli.services.run.process import read_message, write_message
from isic_cli.services.run.workers import worker_died

T = TypeVar("T")
R = TypeVar("R")

#: Pieces of work that a process is handed at most while others wait as well, the one that it is
#: busy with included.
_AHEAD = 2

#: Seconds that a worker has to clear up after it was told to end.
_GRACE = 1.0

#: The same folders of modules as here, and never the working folder unless it is one of them.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from isic_cli.services.run.process import serve; serve()"
)


class _Process:
    """One worker process, and the futures of what it was handed, in their order."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.open: deque[Future[bytes]] = deque()
        self.reader: threading.Thread | None = None

    def send(self, future: Future[bytes], request: bytes) -> None:
        """Hand over a request."""
        self.open.append(future)
        with suppress(OSError):  # it died, which its reader meets as well
            write_message(_pipe(self.process.stdin), request)


class Processes:
    """Worker processes; a context manager.

    A process is handed its next piece of work while it is busy with one, so that it does not
    wait for this process, which a loaded machine may wake late.

    Parameters
    ----------
    count : int
        How many there are at most; each starts when there is work for it.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Future[bytes], bytes]] = deque()
        self._all: list[_Process] = []
        self._closed = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes, which have no work any more."""
        for one in self._close():
            _shut(one.process.stdin)
        self._wait()

    def terminate(self) -> None:
        """End the processes in the midst of their work."""
        for one in self._close():
            one.process.terminate()
        self._wait()

    def submit(self, work: Callable[[T], R], item: T) -> Future[bytes]:
        """Have a process do `work(item)`; `result` takes what comes of it."""
        future: Future[bytes] = Future()
        request = pickle.dumps((work, item))
        with self._lock:
            self._waiting.append((future, request))
            self._hand_over()
        return future

    @staticmethod
    def result(future: Future[bytes]) -> Any:
        """Wait for what a process returned.

        Raises
        ------
        LocalError
            The process died.
        """
        is_good, value = pickle.loads(future.result())  # noqa: S301 - from our own process
        if not is_good:
            raise value
        return value

    def _hand_over(self) -> None:
        """Hand over what waits, as far as there are processes for it; the lock is held."""
        if self._closed:
            self._fail(future for future, _ in self._waiting)
            self._waiting.clear()
        while self._waiting and (one := self._next()) is not None:
            future, request = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                one.send(future, request)

    def _next(self) -> _Process | None:
        """Return the process with the least work; None when all have enough."""
        least = min(self._all, key=lambda one: len(one.open), default=None)
        if least is None or (least.open and len(self._all) < self._count):
            least = _Process(_start())
            least.reader = threading.Thread(target=self._read, args=(least,), daemon=True)
            least.reader.start()
            self._all.append(least)
        # The last pieces go to whichever process is free first.
        most = _AHEAD if len(self._waiting) >= self._count else 1
        return least if len(least.open) < most else None

    def _read(self, one: _Process) -> None:
        """Take the answers of a process until it ends."""
        answers = _pipe(one.process.stdout)
        while (answer := read_message(answers)) is not None:
            with self._lock:
                future = one.open.popleft()
                self._hand_over()
            future.set_result(answer)
        with self._lock:
            self._closed = True
            self._fail(one.open)
            self._hand_over()

    @staticmethod
    def _fail(futures: Iterable[Future[bytes]]) -> None:
        for future in futures:
            if not future.done():
                future.set_exception(worker_died())

    def _close(self) -> list[_Process]:
        with self._lock:
            self._closed = True
            return self._all

    def _wait(self) -> None:
        end = time.monotonic() + _GRACE
        for one in self._all:
            try:
                one.process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()
            _shut(one.process.stdin)
            if one.reader is not None:
                one.reader.join()
            _shut(one.process.stdout)


def _start() -> subprocess.Popen[bytes]:
    # A group of their own: Ctrl-C reaches every process of the terminal's group, and this one
    # alone decides what it means.
    apart: dict[str, Any] = {"process_group": 0}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen(  # noqa: S603 - this very interpreter, and words of our own
        [sys.executable, "-c", _BOOT, json.dumps(sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **apart,
    )


def _shut(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        with suppress(OSError):  # what was still to be written has no reader any more
            pipe.close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe, which a process that was started with pipes has."""
    if stream is None:
        raise worker_died()
    return stream
