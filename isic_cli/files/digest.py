"""The SHA-256 of a file."""

import hashlib
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
