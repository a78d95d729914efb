"""Read a small file that somebody may have damaged: state, configuration, answers, notes.

The parsers of the standard library raise more than their documentation says (a nesting of
100,000 brackets is a `RecursionError`, a number of 5,000 digits a plain `ValueError`), and a
FIFO or a device in the place of a file never ends. Here all of it is one `DataError`.
"""

import json
import os
import stat
from pathlib import Path
from typing import Any

from isic_cli.errors import LocalError
from isic_cli.files.faults import local_error, shown

#: Bytes of a file of state or configuration, unless the caller knows of larger ones.
MOST_BYTES = 64 << 20


class DataError(ValueError):
    """Text that is not what it should be; whoever reads it says whose fault that is."""


def read_bytes(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """Return what a regular file holds.

    Raises
    ------
    FileNotFoundError
        When there is none.
    LocalError
        When it cannot be read, is larger than `most`, or is not a regular file.
    """
    try:
        found = path.stat()
        _refuse(path, found, most)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(path) from error
    except OSError as error:
        raise local_error(error, path, "cannot read") from error


def _refuse(path: Path, found: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise LocalError(f"cannot read {shown(path)}: it is not a regular file")
    if found.st_size > most:
        raise LocalError(f"cannot read {shown(path)}: it is larger than {most:,} bytes")


def parse_json(text: bytes | str) -> Any:
    """Parse JSON.

    Raises
    ------
    DataError
        For anything that is not JSON, or that no parser should be asked to hold.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(_why(error)) from error


def load_json(path: Path, *, most: int = MOST_BYTES) -> Any:
    """Parse a JSON file.

    Raises
    ------
    FileNotFoundError, LocalError
        As `read_bytes`.
    DataError
        As `parse_json`.
    """
    return parse_json(read_bytes(path, most=most))


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML.

    Raises
    ------
    DataError
        For anything that is not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(_why(error)) from error


def _why(error: ValueError | RecursionError) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
