"""The folder of logins, and the lock that keeps two processes from refreshing one login."""

from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

from isic_cli.files.lock import held

#: Seconds to wait for another process that refreshes the same login.
PATIENCE = 60.0


def locked(
    folder: Path, origin: str, *, patience: float = PATIENCE
) -> AbstractContextManager[None]:
    """Hold the login of an archive against every other process; see `files.lock.held`.

    Refreshing kills the old token at once, so only one process at a time may do it, and it must
    read the login again once it holds the lock.
    """
    return held(
        folder / f"{file_name(origin)}.lock",
        "the login",
        wait=patience,
        hint="It may wait for the network; try again.",
        private=True,
    )


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter, unless it is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def file_name(origin: str) -> str:
    """Return the name, without a suffix, of the files of an archive."""
    parts = urlsplit(origin)
    host = (parts.hostname or "").replace(":", "-")
    return f"{parts.scheme}_{host}" + (f"_{parts.port}" if parts.port else "")
