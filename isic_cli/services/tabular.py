"""Metadata from wherever the user has it: a table, a folder, its journal or a lock.

Every command of curation reads its rows through `open_table`, so that all of them accept the
same sources. Rows are read anew at each iteration and never kept: half a million of them with
forty columns would weigh a gigabyte.
"""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.files import STATE
from isic_cli.folder.table import unguarded
from isic_cli.models.ids import find_ids, is_isic_id
from isic_cli.models.image import LEADING_COLUMNS
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.services.select.idfile import ID_COLUMNS
from isic_cli.services.select.images import Problem

Row = dict[str, Any]

#: Lines of JSON that are about the file, not about an image.
_HEADERS = frozenset({"format", "isic_lock", "summary"})


@dataclass
class TableSource:
    """Rows of metadata, each with an `isic_id`; iterating reads them.

    Attributes
    ----------
    name : str
        The source, for messages.
    columns : tuple of str
        In the order of the source, `isic_id` among them.
    problems : list of Problem
        Lines without an ISIC id, of the last iteration.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[["TableSource", tuple[str, ...]], Iterator[Row]]
    problems: list[Problem] = field(default_factory=list)

    def __iter__(self) -> Iterator[Row]:
        self.problems.clear()
        return self.read(self, self.columns)

    def narrow(self, fields: tuple[str, ...]) -> Iterator[Row]:
        """Yield the rows with `isic_id` and some fields only; a field without a value is absent."""
        self.problems.clear()
        for row in self.read(self, ("isic_id", *fields)):
            short = {name: row[name] for name in fields if row.get(name) not in (None, "")}
            short["isic_id"] = row["isic_id"]
            yield short

    def require(self, *fields: str) -> None:
        """Refuse a table without some column.

        Raises
        ------
        UsageError
            With the columns that it has.
        """
        for name in fields:
            if name not in self.columns:
                shown = ", ".join(self.columns[:12]) + (" …" if len(self.columns) > 12 else "")
                raise UsageError(f"{self.name} has no column {name}", hint=f"it has {shown}")

    def note(self, line: int, text: str) -> None:
        """Note a line without an ISIC id."""
        self.problems.append(Problem(f"{self.name}, line {line}", f"no ISIC id in {text[:80]!r}"))


def open_table(source: Path) -> TableSource:
    """Open a source of metadata.

    Parameters
    ----------
    source : Path
        A CSV or TSV table, JSON lines (a lock of `isic` too), or a folder that was downloaded:
        of that its `metadata.csv`, else its journal, else its `isic.lock`.

    Raises
    ------
    NotFoundError, LocalError
        It is not there, cannot be read, or is a folder without metadata.
    UsageError
        It is no text, has no column of ids, or a line of it is broken.
    """
    if not source.exists():
        raise NotFoundError(f"no such table or folder: {source}")
    if not source.is_dir():
        return _open_file(source)
    table, lock = source / "metadata.csv", source / "isic.lock"
    if table.is_file():
        return _open_file(table)
    if (source / STATE / "journal.jsonl").is_file():
        return _open_journal(source)
    if lock.is_file():
        return _open_file(lock)
    raise LocalError(
        f"{source} has no metadata.csv, no journal and no isic.lock",
        hint="Any folder that isic or the official tool downloaded has one.",
    )


def _open_journal(folder: Path) -> TableSource:
    def records() -> Iterator[Row]:
        with DownloadJournal(folder, writable=False) as journal:
            last = ""
            for entry in journal.entries():
                if entry.isic_id != last:  # a thumbnail beside the full image
                    last = entry.isic_id
                    yield {**entry.record, "isic_id": entry.isic_id}

    names: set[str] = {name for row in records() for name in row}
    columns = (*LEADING_COLUMNS, *sorted(names.difference(LEADING_COLUMNS)))
    return TableSource(str(folder), columns, lambda _table, _fields: records())


def _open_file(path: Path) -> TableSource:
    first = next((line for line in _lines(path) if _is_content(line)), "")
    if not first:
        raise UsageError(f"{path} is empty")
    if first.lstrip().startswith(("{", "[")):
        return _open_jsonl(path)
    delimiter = next((mark for mark in "\t,;" if mark in first), ",")
    header = next(csv.reader([first.strip()], delimiter=delimiter))
    columns = [name.strip().lower() if name.strip().lower() in ID_COLUMNS else name.strip()
               for name in header]  # fmt: skip
    key = next((name for name in ID_COLUMNS if name in columns), None)
    if key is None:
        raise UsageError(
            f"{path}: no column of ids among {', '.join(columns)[:200]}",
            hint=f"Name the column {', '.join(ID_COLUMNS[:-1])} or {ID_COLUMNS[-1]}.",
        )
    names = tuple("isic_id" if name == key else name for name in columns)
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{path}: the column {twice} is there twice")
    return TableSource(
        str(path), names, lambda table, fields: _csv_rows(table, path, delimiter, fields)
    )


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from file
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text", hint="Save it as UTF-8.") from error
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror}") from error


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _csv_rows(
    table: TableSource, path: Path, delimiter: str, fields: tuple[str, ...]
) -> Iterator[Row]:
    """Yield the rows, only some columns of each: the other cells cost nothing then."""
    lines = _Blanked(path)
    reader = csv.reader(lines, delimiter=delimiter)
    places = [(name, at) for at, name in enumerate(table.columns) if name in fields]
    width = len(table.columns)
    header = True
    try:
        for cells in reader:
            if len(cells) != width:
                if not any(cells):
                    continue
                _check_width(path, reader.line_num, cells, width)
                cells.extend([""] * (width - len(cells)))
            if header:
                header = False
                continue
            if lines.guards and delimiter != "\t":
                cells = [unguarded(cell) for cell in cells]  # noqa: PLW2901 - the same cells
            row: Row = (
                dict(zip(table.columns, cells, strict=True))
                if len(places) == width
                else {name: cells[at] for name, at in places}
            )
            if _settle_id(row):
                yield row
            elif any(cells):
                table.note(reader.line_num, delimiter.join(cells))
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}") from error


def _check_width(path: Path, line: int, cells: list[str], width: int) -> None:
    if len(cells) > width:
        raise UsageError(
            f"{path}, line {line}: {len(cells)} cells, but {width} columns",
            hint="quote a cell that holds a comma",
        )


class _Blanked:
    """The lines of a table, comments before the header blanked so that line numbers stay true.

    Attributes
    ----------
    guards : bool
        Whether a tab was seen so far: only then may a cell be guarded by one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.guards = False

    def __iter__(self) -> Iterator[str]:
        header = True
        for line in _lines(self._path):
            if header and not _is_content(line):
                yield "\n"
            else:
                header = False
                self.guards = self.guards or "\t" in line
                yield line


def _settle_id(row: Row) -> bool:
    plain = row.get("isic_id")
    if type(plain) is str and is_isic_id(plain):
        return True
    found = find_ids(str(row.get("isic_id") or ""))
    if found:
        row["isic_id"] = found[0]
    return bool(found)


def _open_jsonl(path: Path) -> TableSource:
    columns: dict[str, None] = {"isic_id": None}
    for _, row in _objects(path):
        columns.update(dict.fromkeys(row))

    def rows(table: TableSource, _fields: tuple[str, ...]) -> Iterator[Row]:
        for number, row in _objects(path):
            if _settle_id(row):
                yield row
            else:
                table.note(number, json.dumps(row))

    return TableSource(str(path), tuple(columns), rows)


def _objects(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the flat objects of JSON lines, or of one array with an object on each line."""
    for number, line in enumerate(_lines(path), start=1):
        text = line.strip().removesuffix(",")
        if text in {"", "[", "]"}:
            continue
        try:
            value = json.loads(text)
        except ValueError as error:
            raise UsageError(
                f"{path}, line {number}: no JSON object",
                hint="One object a line, as isic writes jsonl and json.",
            ) from error
        if not isinstance(value, dict):
            raise UsageError(f"{path}, line {number}: {text[:40]} is not an object")
        row = _flat(value)
        if "isic_id" in row or _HEADERS.isdisjoint(row):
            yield number, row


def _flat(value: Row) -> Row:
    """Return an object with the API's groups and a journal's record laid out flat."""
    row = {name: cell for name, cell in value.items() if name not in {"metadata", "record"}}
    nested = value.get("record") or value.get("metadata")
    if isinstance(nested, dict):
        for name, cell in nested.items():
            row.update(cell if isinstance(cell, dict) else {name: cell})
    key = next((name for name in ID_COLUMNS if name in row), None)
    if key is not None and key != "isic_id":
        row["isic_id"] = row.pop(key)
    return row
