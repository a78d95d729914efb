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
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, Self, TypeVar

from isic_cli.services.run.process import read_message, write_message
from isic_cli.services.run.workers import worker_died

T = TypeVar("T")
R = TypeVar("R")

#: Seconds that a worker has to clear up after it was told to end.
_GRACE = 1.0

#: The same folders of modules as here, and never the working folder unless it is one of them.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from isic_cli.services.run.process import serve; serve()"
)


class Processes:
    """As many worker processes as there are threads that call; a context manager."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[subprocess.Popen[bytes]] = []
        self._idle: list[subprocess.Popen[bytes]] = []
        self._closed = False

    def __enter__(self) -> Self:
        """Return itself: processes start when there is work."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes, which have no work any more."""
        for process in self._close():
            _shut(process.stdin)
        self._wait()

    def terminate(self) -> None:
        """End the processes in the midst of their work."""
        for process in self._close():
            process.terminate()
        self._wait()

    def call(self, work: Callable[[T], R], item: T) -> R:
        """Have a process that is free do `work(item)`.

        Raises
        ------
        LocalError
            The process died.
        """
        request = pickle.dumps((work, item))
        process = self._take()
        answer = _exchange(process, request)
        self._idle.append(process)
        is_good, value = pickle.loads(answer)  # noqa: S301 - from our own process
        if not is_good:
            raise value
        return value  # type: ignore[no-any-return]  # what the work returned

    def _take(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise worker_died()
            if self._idle:
                return self._idle.pop()
            process = _start()
            self._all.append(process)
            return process

    def _close(self) -> list[subprocess.Popen[bytes]]:
        with self._lock:
            self._closed = True
            return self._all

    def _wait(self) -> None:
        end = time.monotonic() + _GRACE
        for process in self._all:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _shut(process.stdin)
            _shut(process.stdout)


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


def _exchange(process: subprocess.Popen[bytes], request: bytes) -> bytes:
    if process.stdin is None or process.stdout is None:
        raise worker_died()
    try:
        write_message(process.stdin, request)
        answer = read_message(process.stdout)
    except (OSError, ValueError) as error:  # ValueError: the pipe was closed here
        raise worker_died() from error
    if answer is None:
        raise worker_died()
    return answer
