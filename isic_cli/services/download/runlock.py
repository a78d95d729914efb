"""One run at a time in a folder.

The lock is the kernel's, on `.isic/lock`: it ends with the process that holds it, however it
ends, so there is no stale lock to judge. Its content only serves the message. The file is never
removed: a second run could lock the removed one and a third its successor. On a file system
without locks a run goes on with a warning; parts and journal stand two runs.
"""

import errno
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from isic_cli.errors import LockedError
from isic_cli.services.download.disk import local_error
from isic_cli.services.download.paths import STATE

_LOGGER = logging.getLogger(__name__)
_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
_UNSUPPORTED = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_POLL = 0.5

if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        # Far behind the content, which others must be able to read.
        os.lseek(fd, 1 << 20, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        os.lseek(fd, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """Holds a folder for this run; a context manager.

    Parameters
    ----------
    folder : Path
        The download folder; it is made when it is not there.
    wait : float
        Seconds to wait for another run to end.
    sleep, clock : callable
        How to wait, and seconds that only ever grow.
    lock : callable
        Takes the lock of an open file, or raises OSError at once.
    """

    def __init__(
        self,
        folder: Path,
        *,
        wait: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        lock: Callable[[int], None] = _lock,
    ) -> None:
        self._folder = folder
        self._path = folder / STATE / "lock"
        self._wait = wait
        self._sleep = sleep
        self._clock = clock
        self._lock = lock
        self._fd = -1

    def __enter__(self) -> Self:
        """Take the lock.

        Raises
        ------
        LockedError
            When another run holds it for longer than `wait`.
        LocalError
            When the folder cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise local_error(error, self._path) from error
        deadline = self._clock() + self._wait
        while not self._take():
            left = deadline - self._clock()
            if left <= 0:
                holder = self._holder()
                self._close()
                raise LockedError(
                    f"{self._folder}: another run holds this folder{holder}",
                    hint="Let it end, or wait for it: --wait SECONDS.",
                )
            self._sleep(min(_POLL, left))
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _take(self) -> bool:
        try:
            self._lock(self._fd)
        except OSError as error:
            if error.errno in _HELD:
                return False
            if error.errno not in _UNSUPPORTED:
                self._close()
                raise local_error(error, self._path) from error
            _LOGGER.warning("%s: no locks on this file system; run one at a time", self._folder)
            return True
        content = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
        os.ftruncate(self._fd, 0)
        os.write(self._fd, content)
        return True

    def _holder(self) -> str:
        try:
            values = json.loads(self._path.read_bytes())
            return f" (process {values['pid']} on {values['host']})"
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
