"""One update at a time: a lock that the system drops when its process ends, however it ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isic_cli.errors import LocalError, LockedError


@contextmanager
def held(folder: Path, what: str) -> Iterator[None]:
    """Hold the lock of a folder, which is made when it is not there.

    Parameters
    ----------
    folder : Path
        What must have only one writer.
    what : str
        How to call it in the message.

    Raises
    ------
    LockedError
        When another process holds it.
    LocalError
        When the folder cannot be written.
    """
    path = folder / ".lock"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LocalError(f"cannot write {folder}: {error.strerror or error}") from error
    try:
        _lock(descriptor, what)
        yield
    finally:
        os.close(descriptor)  # and with it the lock; the file stays, so that nobody races for it


def _lock(descriptor: int, what: str) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise LockedError(
            f"another run is changing {what}", hint="Wait until it ends; reading goes on meanwhile."
        ) from error
