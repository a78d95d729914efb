"""Read a small file that somebody may have damaged: state, configuration, answers, notes.

The parsers of the standard library raise more than their documentation says (a nesting of
100,000 brackets is a `RecursionError`, a number of 5,000 digits a plain `ValueError`), and a
FIFO or a device in the place of a file never ends. Here all of it is one `DataError`.
"""

import errno
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from isic_cli.errors import LocalError
from isic_cli.files.faults import local_error, shown, translated

#: Bytes of a file of state or configuration, unless the caller knows of larger ones.
MOST_BYTES = 64 << 20
#: Bytes of a table or lock, which has a line for each image of an archive.
MOST_TABLE_BYTES = 4 << 30


class DataError(ValueError):
    """Text that is not what it should be; whoever reads it says whose fault that is."""


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read: a FIFO or a device in its place might never end.

    Raises
    ------
    FileNotFoundError
        When there is none.
    LocalError
        When it cannot be read, or is not a regular file.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise LocalError(f"cannot read {shown(path)}: it is not a regular file")
        return cast("BinaryIO", path.open("rb"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from error
    except OSError as error:
        raise local_error(error, path, "cannot read") from error


def read_bytes(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """Return what a regular file holds.

    Raises
    ------
    FileNotFoundError
        When there is none.
    LocalError
        When it cannot be read, is larger than `most`, or is not a regular file.
    """
    with open_regular(path) as file, translated(path, "cannot read"):
        data = file.read(most + 1)
    if len(data) > most:
        raise LocalError(f"cannot read {shown(path)}: it is larger than {most:,} bytes")
    return data


def read_text(path: Path, *, most: int = MOST_BYTES) -> str:
    """Return the text of a regular file in UTF-8, without the mark that may begin it.

    Raises
    ------
    FileNotFoundError
        When there is none.
    LocalError
        As `read_bytes`, and for what is not UTF-8.
    """
    try:
        return read_bytes(path, most=most).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LocalError(
            f"{shown(path)} is not UTF-8: byte {error.start}", hint="Save it as UTF-8."
        ) from error


def has_kinds(record: object, kinds: Mapping[str, tuple[type, ...]]) -> bool:
    """Whether each attribute is of one of its types, and of none derived from it."""
    for name, allowed in kinds.items():  # noqa: SIM110 - a generator takes half as long again
        if type(getattr(record, name)) not in allowed:
            return False
    return True


_first_value = json.JSONDecoder().raw_decode


def parse_json(text: bytes | str) -> Any:
    """Parse JSON.

    Raises
    ------
    DataError
        For anything that is not JSON, or that no parser should be asked to hold.
    """
    try:
        if type(text) is bytes and text[:1] == b"{":  # json would look for an encoding first
            text = text.decode()
            value, end = _first_value(text)
            if end == len(text) or text[end:] == "\n":  # as each line is: what json does beside
                return value  # takes as long as to parse it
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
