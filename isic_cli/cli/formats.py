"""Rows in each output format, streamed: a writer takes rows one by one and keeps none."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import IO, Any

import click

Row = Mapping[str, Any]

#: Rows between two flushes of a stream: a page, so that a reader sees a page as it arrives.
_FLUSH_EVERY = 100


def flushed(rows: Iterable[Row], stream: IO[str]) -> Iterator[Row]:
    """Pass rows on; flush after the first row and after every page of rows."""
    for number, row in enumerate(rows):
        if number == 1 or (number and number % _FLUSH_EVERY == 0):
            stream.flush()
        yield row


def as_cell(value: Any) -> Any:
    """Return a value as a table shows it: nothing for None, JSON for lists and objects."""
    if value is None:
        return ""
    if isinstance(value, (list, dict, tuple)):
        return json.dumps(value, ensure_ascii=False)
    return value


def write_jsonl(rows: Iterable[Row], stream: IO[str]) -> None:
    """One JSON object a line."""
    for row in rows:
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        stream.flush()


def write_json(rows: Iterable[Row], stream: IO[str]) -> None:
    """One JSON array, an object a line, written as the rows come."""
    opening = "[\n"
    for row in rows:
        stream.write(opening + json.dumps(row, ensure_ascii=False))
        opening = ",\n"
    stream.write("[]\n" if opening == "[\n" else "\n]\n")


def write_delimited(
    rows: Iterable[Row], stream: IO[str], columns: Sequence[str], *, delimiter: str
) -> None:
    """Write a header and one line a row; CSV quoting, so that a cell may hold a newline."""
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    rows = iter(rows)
    first = list(islice(rows, 1))  # a listing that fails at once writes no header either
    writer.writerow(columns)
    for row in flushed(chain(first, rows), stream):
        # Most cells are text already, and a call for each would double the time.
        writer.writerow(
            [cell if type(cell) is str else as_cell(cell) for cell in map(row.get, columns)]
        )


def write_all_columns(
    rows: Iterable[Row], stream: IO[str], leading: Sequence[str], *, delimiter: str
) -> None:
    """Write every column that some row has: `leading` first, the rest sorted by name.

    The columns are known only after the last row, so the rows wait in a temporary file and
    memory stays flat.
    """
    names: set[str] = set()
    with TemporaryFile("w+", encoding="utf-8") as spool:
        for row in rows:
            names.update(row)
            spool.write(json.dumps(row) + "\n")
        spool.seek(0)
        columns = [*leading, *sorted(names - set(leading))]
        write_delimited(map(json.loads, spool), stream, columns, delimiter=delimiter)


def write_ids(rows: Iterable[Row], stream: IO[str], key: str) -> None:
    """Write the key of each row, one a line."""
    for row in flushed(rows, stream):
        stream.write(f"{row[key]}\n")


def write_table(
    rows: Iterable[Row], stream: IO[str], columns: Sequence[str], *, width: int, color: bool
) -> None:
    """Aligned columns for reading; widths come from the first hundred rows."""
    rows = iter(rows)
    first = [_texts(row, columns) for row in islice(rows, _FLUSH_EVERY)]
    if not first:
        return
    widths = _fit([list(columns), *first], width)
    header = _line(columns, widths)
    stream.write((click.style(header, bold=True) if color else header) + "\n")
    for cells in chain(first, (_texts(row, columns) for row in rows)):
        stream.write(_line(cells, widths) + "\n")


def _texts(row: Row, columns: Sequence[str]) -> list[str]:
    return [" ".join(str(as_cell(row.get(name))).split()) for name in columns]


def _fit(lines: Sequence[Sequence[str]], width: int) -> list[int]:
    """Column widths: natural ones, the widest shrunk until the line fits."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    excess = sum(widths) + 2 * (len(widths) - 1) - width
    while excess > 0:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= 8:
            break
        others = [size for index, size in enumerate(widths) if index != widest]
        target = max(8, max(others, default=8), widths[widest] - excess)
        step = max(1, widths[widest] - target)
        widths[widest] -= step
        excess -= step
    return widths


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    from rich.cells import cell_len, set_cell_size

    shown = [
        set_cell_size(cell, size - 1) + "…" if cell_len(cell) > size else set_cell_size(cell, size)
        for cell, size in zip(cells, widths, strict=True)
    ]
    return "  ".join(shown).rstrip()
