"""Files of ISIC ids: plain lines, tables, Parquet, and what `isic` itself wrote.

A line may hold an id in any dress: quoted, `ISIC_0000000.jpg`, a path, an archive URL. A table
is read by its column `isic_id`, `image_name`, `image` or `image_id`.
"""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.models.ids import find_ids
from isic_cli.models.selection import IdList

#: Columns that may hold the id of an image, in order of preference.
ID_COLUMNS = ("isic_id", "image_name", "image", "image_id")

#: What marks the header of a lock or the summary of a report: a line about no image.
_NOT_ITEMS = frozenset({"format", "isic_lock", "summary"})


#: How every Parquet file begins.
_PARQUET = b"PAR1"

#: One line of input: its number from 1, the ids in it, and its text when there were none.
Line = tuple[int, list[str], str]


def read_ids(source: str, *, statuses: Iterable[str] = (), strict: bool = False) -> IdList:
    """Read the ids of a file, or of standard input for `-`.

    Parameters
    ----------
    source : str
        A path, or `-`.
    statuses : iterable of str
        Of a report, take only the items with one of these statuses.
    strict : bool
        Refuse a line without an id instead of noting it.

    Raises
    ------
    NotFoundError, LocalError
        For a file that is absent or cannot be read.
    UsageError
        For a binary file, a table without an id column, or with `strict` a line without an id.
    """
    name = "standard input" if source == "-" else source
    ids: dict[str, None] = {}
    bad: dict[int, str] = {}
    wanted = tuple(statuses)
    data = _read_bytes(source, name)
    if data.startswith(_PARQUET):
        lines = _parquet_lines(data, source, name)
    else:
        lines = _lines(_decoded(data, name), name, frozenset(wanted))
    for number, found, text in lines:
        if found:
            ids.update(dict.fromkeys(found))
        elif strict:
            raise UsageError(
                f"{name}, line {number}: no ISIC id in {text!r}",
                hint="Without --strict such lines are reported and the rest is used.",
            )
        else:
            bad[number] = text
    return IdList(name=name, ids=tuple(ids), bad_lines=bad, statuses=wanted)


def _read_bytes(source: str, name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"no id file {name}") from error
    except OSError as error:
        raise LocalError(f"cannot read {name}: {error.strerror or error}") from error


def _parquet_lines(data: bytes, source: str, name: str) -> Iterator[Line]:
    """Yield the rows of a Parquet file, counted from 1."""
    from isic_cli.services.parquet import read_column

    with ExitStack() as stack:
        path = Path(source)
        if source == "-":
            path = Path(stack.enter_context(TemporaryDirectory(prefix="isic-"))) / name
            path.write_bytes(data)
        values = read_column(path, ID_COLUMNS)
    for number, value in enumerate(values, 1):
        yield number, find_ids(value), value[:80]


def _decoded(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in data:
        raise UsageError(
            f"{name} is a binary file", hint="Ids come as text, one a line, or as a table."
        )
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("latin-1")  # ids are ASCII: any old code page reads them


def _lines(text: str, name: str, statuses: frozenset[str]) -> Iterator[Line]:
    lines = text.splitlines()
    first = next((line.strip() for line in lines if _is_content(line)), "")
    if first.startswith("{"):
        yield from _json_lines(lines, statuses)
        return
    delimiter = next((mark for mark in "\t,;" if mark in first), ",")
    header = [cell.strip().strip('"').lower() for cell in first.split(delimiter)]
    column = next((header.index(wanted) for wanted in ID_COLUMNS if wanted in header), None)
    if column is not None:
        yield from _table(lines, delimiter, column)
    elif len(header) > 1 and not find_ids(first) and find_ids(text):
        raise UsageError(
            f"{name}: no column of ids among {', '.join(header)}",
            hint=f"Name the column {', '.join(ID_COLUMNS[:-1])} or {ID_COLUMNS[-1]}.",
        )
    else:
        for number, line in enumerate(lines, 1):
            if _is_content(line):
                yield number, find_ids(line), line.strip()[:80]


def _is_content(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not stripped.startswith("#")


def _table(lines: list[str], delimiter: str, column: int) -> Iterator[Line]:
    # Comments and blank lines stay as empty rows, so that line numbers remain true.
    rows = csv.reader(
        (f"{line}\n" if _is_content(line) else "\n" for line in lines), delimiter=delimiter
    )
    seen_header = False
    for row in rows:
        if not row:
            continue
        if not seen_header:
            seen_header = True
            continue
        cell = row[column] if column < len(row) else ""
        yield rows.line_num, find_ids(cell), (cell or delimiter.join(row))[:80]


def _json_lines(lines: list[str], statuses: frozenset[str]) -> Iterator[Line]:
    for number, line in enumerate(lines, 1):
        if not _is_content(line):
            continue
        try:
            item = json.loads(line)
        except json.JSONDecodeError:
            yield number, [], line.strip()[:80]
            continue
        if not isinstance(item, dict) or _is_header(item):
            continue
        if statuses and item.get("status") not in statuses:
            continue
        value = next((item[key] for key in ID_COLUMNS if key in item), "")
        yield number, find_ids(str(value)), line.strip()[:80]


def _is_header(item: dict[str, Any]) -> bool:
    return "isic_id" not in item and not _NOT_ITEMS.isdisjoint(item)
