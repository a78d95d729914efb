"""Digests of files: of their bytes, and of their sizes and times."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISDIR

from isic_cli.files.faults import translated
from isic_cli.files.walk import is_litter


def sha256_of(path: Path | str) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises
    ------
    LocalError
        When it cannot be read.
    """
    # Plain text paths are opened as they are: the download engine passes many thousands.
    with translated(path, "cannot read"), open(path, "rb") as file:  # noqa: PTH123
        return hashlib.file_digest(file, "sha256").hexdigest()


def mark_of(path: Path) -> str:
    """Return what tells whether a file, or any file of a folder, was touched; no byte is read.

    `"absent"` for nothing.

    Raises
    ------
    LocalError
        When a folder cannot be read.
    """
    if not path.is_dir():
        try:
            found = path.stat()
        except OSError:
            return "absent"
        return f"{found.st_size}:{found.st_mtime_ns}"
    lines = _lines_of(str(path))
    lines.sort()
    digest = hashlib.sha256()
    # Many lines at a time, which is faster than each, and not all: their text would weigh 80 MB.
    for at in range(0, len(lines), 4096):
        digest.update("".join(lines[at : at + 4096]).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _lines_of(folder: str, within: str = "") -> list[str]:
    """Return a line for each file below a folder, those that `walk` yields, in any order.

    Written for its speed: a folder by its number spares the search for each file's whole path.
    """
    lines: list[str] = []
    with translated(folder, "cannot read"), _opened(folder) as opened, os.scandir(opened) as found:
        for entry in found:
            name = entry.name
            if is_litter(name):
                continue
            if entry.is_dir(follow_symlinks=False):
                lines += _lines_of(f"{folder}{os.sep}{name}", f"{within}{name}{os.sep}")
                continue
            try:
                state = entry.stat()
            except OSError:  # a link to a picture that was removed
                lines.append(f"{within}{name}\0absent\n")
                continue
            if not S_ISDIR(state.st_mode):  # of a link to a folder
                lines.append(f"{within}{name}\0{state.st_size}\0{state.st_mtime_ns}\n")
    return lines


@contextmanager
def _opened(folder: str) -> Iterator[str | int]:
    """Yield the number of a folder that is open; its path where a system lists no numbers."""
    if os.scandir not in os.supports_fd:
        yield folder
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        yield number
    finally:
        os.close(number)


def md5_of(path: Path) -> str:
    """Return the MD5 of a file, in hexadecimal: what object stores tell of theirs."""
    with translated(path, "cannot read"), path.open("rb") as file:
        return hashlib.file_digest(file, _md5).hexdigest()


def md5_of_parts(path: Path, size: int) -> str:
    """Return what S3 tells of a file that came in parts of `size` bytes.

    The MD5 of the MD5s of the parts, a hyphen, and their number.
    """
    whole, count = _md5(), 0
    with translated(path, "cannot read"), path.open("rb") as file:
        while part := file.read(size):
            whole.update(_md5(part).digest())
            count += 1
    return f"{whole.hexdigest()}-{count}"


def _md5(data: bytes = b"") -> "hashlib._Hash":
    return hashlib.md5(data, usedforsecurity=False)
