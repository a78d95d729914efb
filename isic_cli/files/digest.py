"""Digests of files."""

import hashlib
import os
from pathlib import Path

from isic_cli.files.faults import translated


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


def etag_of(state: os.stat_result) -> str:
    """Return the strong ETag of a file on this machine: another one for every change."""
    return f'"{state.st_mtime_ns:x}-{state.st_size:x}"'


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
