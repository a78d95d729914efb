"""The folder of logins, and the lock that keeps two processes from refreshing one login."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from isic_cli.errors import LocalError, LockedError

#: Seconds to wait for another process that refreshes the same login.
PATIENCE = 60.0


@contextmanager
def locked(folder: Path, origin: str, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the login of an archive against every other process.

    Refreshing kills the old token at once, so only one process at a time may do it, and it must
    read the login again once it holds the lock.

    Raises
    ------
    LockedError
        When another process holds it for longer than `patience` seconds.
    LocalError
        When the lock file cannot be made.
    """
    from filelock import FileLock, Timeout

    try:
        private_folder(folder)
        lock = FileLock(folder / f"{file_name(origin)}.lock", timeout=patience)
        lock.acquire()
    except Timeout as error:
        raise LockedError(
            "another isic holds the login", hint="It may wait for the network; try again."
        ) from error
    except OSError as error:
        raise LocalError(f"cannot lock the login in {folder}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter, unless it is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def file_name(origin: str) -> str:
    """Return the name, without a suffix, of the files of an archive."""
    parts = urlsplit(origin)
    host = (parts.hostname or "").replace(":", "-")
    return f"{parts.scheme}_{host}" + (f"_{parts.port}" if parts.port else "")
