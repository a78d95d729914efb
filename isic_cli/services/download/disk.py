"""The disk: one translation of its errors, and files that appear whole or not at all."""

import errno
import filecmp
import hashlib
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TextIO, TypeVar

from isic_cli.errors import LocalError

F = TypeVar("F", bound=IO[Any])

_HINTS = {
    errno.ENOSPC: "Free some space, then run again: what is there is kept.",
    errno.EDQUOT: "Free some space, then run again: what is there is kept.",
    errno.EROFS: "Choose a folder on a file system that can be written.",
    errno.EACCES: "Choose a folder that you may write to.",
    errno.EPERM: "Choose a folder that you may write to.",
    errno.ENOTDIR: "A file stands where a folder is needed.",
    errno.EEXIST: "A file stands where a folder is needed.",
}

#: A name that `temporary_name` gives: with the process that writes it.
_TEMPORARY = re.compile(r"\..+\.(?P<process>[0-9]+)-[0-9a-f]{8}\.tmp")
#: Seconds after which a temporary file is nobody's, where a process cannot be asked for.
_OLD = 86_400.0


def temporary_name(path: Path) -> Path:
    """Return where the successor of a file is written: beside it, hidden, never taken."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def local_error(error: OSError, path: Path | str) -> LocalError:
    """Translate an error of the operating system that concerns `path`."""
    why = os.strerror(error.errno) if error.errno else str(error)
    return LocalError(f"{path}: {why}", hint=_HINTS.get(error.errno or 0))


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Open a text file that takes the place of `path` when the block ends well.

    Newlines are written as given. The bytes are on disk before the name is, and a file that
    already holds the same bytes is left alone, its time of change included.

    Raises
    ------
    LocalError
        When it cannot be written; `path` is as it was then.
    """
    with _beside(path, lambda part: part.open("x", encoding="utf-8", newline="")) as file:
        yield file


@contextmanager
def _beside(path: Path, open_new: Callable[[Path], F]) -> Iterator[F]:
    temporary = temporary_name(path)
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = open_new(temporary)
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if not (path.is_file() and filecmp.cmp(temporary, path, shallow=False)):
                temporary.replace(path)
        finally:
            with suppress(FileNotFoundError, NotADirectoryError):
                temporary.unlink()
    except OSError as error:
        raise local_error(error, path) from error


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed run left in a download folder.

    Files of a process that is alive stay: on a file system without locks two runs may be at work.

    Raises
    ------
    LocalError
        When they cannot be removed.
    """
    try:
        for place in (folder, folder / "licenses", folder / ".isic"):
            if place.is_dir():
                for path in place.glob(".*.tmp"):
                    match = _TEMPORARY.fullmatch(path.name)
                    if match and not _is_in_use(path, int(match["process"])):
                        path.unlink(missing_ok=True)
    except OSError as error:
        raise local_error(error, folder) from error


def _is_in_use(path: Path, process: int) -> bool:
    if sys.platform == "win32":  # where signal 0 would end the process
        with suppress(FileNotFoundError):
            return time.time() - path.stat().st_mtime < _OLD
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def write_atomically(path: Path, text: str) -> None:
    """Write a small text file so that it is there whole or not at all."""
    with replacing(path) as file:
        file.write(text)


def write_bytes_atomically(path: Path, data: bytes) -> None:
    """Write the bytes of a file so that it is there whole or not at all."""
    with _beside(path, lambda part: part.open("xb")) as file:
        file.write(data)


def sha256_of(path: Path | str) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises
    ------
    LocalError
        When it cannot be read.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the engine passes plain strings
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise local_error(error, path) from error
