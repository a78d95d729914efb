"""Rows in each output format, streamed: a writer takes rows one by one and keeps none."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import IO, Any

from isic_cli.cli.terminal import TerminalStream, printable
from isic_cli.distribution import install_extra
from isic_cli.errors import UsageError

Row = Mapping[str, Any]

#: Rows between two flushes of a stream: a page, so that a reader sees a page as it arrives.
_FLUSH_EVERY = 100


#: Rows among which a field must occur that is not a usual column.
_HELD = 1000


def flushed(rows: Iterable[Row], stream: IO[str]) -> Iterator[Row]:
    """Pass rows on; flush after the first row and after every page of rows."""
    for number, row in enumerate(rows):
        if number == 1 or (number and number % _FLUSH_EVERY == 0):
            stream.flush()
        yield row


def only(rows: Iterable[Row], fields: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield rows with these fields only."""
    for row in rows:
        yield {name: row.get(name) for name in fields}


def all_known(
    rows: Iterable[Row], fields: Iterable[str], known: Iterable[str], *, is_all: bool = False
) -> Iterator[Row]:
    """Yield rows once every field that was asked for has been seen in one of them.

    Parameters
    ----------
    known : iterable of str
        Fields that are right whether or not a row has them.
    is_all : bool
        There are no others, even where there is no row.

    Raises
    ------
    UsageError
        None of the rows, or of the first thousand, has one of the fields.
    """
    rows = iter(rows)
    names = set(known)
    missing = [name for name in fields if name not in names]
    held: list[Row] = []
    while missing and len(held) < _HELD and (row := next(rows, None)) is not None:
        held.append(row)
        missing = [name for name in missing if name not in row]
    if missing and (held or is_all):
        raise unknown_field(missing[0], names.union(*held))
    yield from chain(held, rows)


def unknown_field(name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a field that there is not, with the nearest that there is."""
    from difflib import get_close_matches

    names = sorted(known)
    near = "".join(get_close_matches(name, names, n=1))
    hint = f"Did you mean {near}?" if near else f"There are {', '.join(names)}."
    return UsageError(f"there is no field {name}", hint=hint)


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


def write_jq(rows: Iterable[Row], stream: IO[str], expression: str, *, each: bool) -> None:
    """Write what a jq expression makes of the rows: texts as they are, all else as JSON.

    Parameters
    ----------
    expression : str
        In the language of jq.
    each : bool
        Apply it to one row after the other; else to all as one array, which is held in memory.

    Raises
    ------
    UsageError
        The package `jq` is not installed, or the expression is wrong or does not fit the rows.
    """
    try:
        import jq
    except ImportError as error:
        hint = f"{install_extra('jq')}; or pipe -f json to a program that filters it."
        raise UsageError("--jq needs the package jq", hint=hint) from error
    with _jq_faults(expression):
        program = jq.compile(expression)
    for value in flushed(rows, stream) if each else [list(rows)]:
        for one in _filtered(program, value, expression):
            text = one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)
            stream.write(f"{text}\n")


def _filtered(program: Any, value: Any, expression: str) -> Iterator[Any]:
    with _jq_faults(expression):  # around no row: a fault of the listing is not one of jq
        yield from program.input_text(json.dumps(value))


@contextmanager
def _jq_faults(expression: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # what the package raises for every fault of an expression
        reason = " ".join(str(error).split())
        raise UsageError(
            f"--jq {expression}: {reason}", hint="For example --jq '.[].id'."
        ) from error


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
    rows: Iterable[Row],
    stream: IO[str],
    columns: Sequence[str],
    *,
    width: int,
    key: str = "",
    all_columns: bool = False,
) -> list[str]:
    """Write aligned columns for reading; widths come from the first hundred rows.

    Parameters
    ----------
    width : int
        Of the terminal. Texts are shortened to fit, but no name of a column and no id; then the
        last columns are left out.
    key : str
        The column that is never left out.
    all_columns : bool
        Leave no column out; lines may become longer than `width`.

    Returns
    -------
    list of str
        The columns that were left out.
    """
    rows = iter(rows)
    first = [_texts(row, columns) for row in islice(rows, _FLUSH_EVERY)]
    if not first:
        return []
    chosen = _fit([list(columns), *first], width, key, all_columns=all_columns)
    header = _line(columns, chosen)
    if isinstance(stream, TerminalStream):
        stream.write_bold(header)
    else:
        stream.write(f"{header}\n")
    for cells in chain(first, (_texts(row, columns) for row in rows)):
        stream.write(_line(cells, chosen) + "\n")
    shown = {column.place for column in chosen}
    return [name for place, name in enumerate(columns) if place not in shown]


def _texts(row: Row, columns: Sequence[str]) -> list[str]:
    return [printable(" ".join(str(as_cell(row.get(name))).split())) for name in columns]


@dataclass(frozen=True)
class _Column:
    """A column that is shown: its place among all, its width, and whether cells stay whole."""

    place: int
    width: int
    whole: bool


def _fit(
    lines: Sequence[Sequence[str]], width: int, key: str, *, all_columns: bool
) -> list[_Column]:
    from rich.cells import cell_len

    names = lines[0]
    natural = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    whole = [name in {key, "doi"} or name.endswith("_id") for name in names]
    least = [
        size if keep else max(cell_len(name), min(size, 8))
        for name, size, keep in zip(names, natural, whole, strict=True)
    ]
    shown = list(range(len(names)))
    while (spare := width + 2 - sum(least[i] + 2 for i in shown)) < 0 and not all_columns:
        optional = [i for i in shown if names[i] != key][-1:]
        if not optional or len(shown) == 1:
            break
        shown.remove(optional[0])
    widths = dict.fromkeys(shown, 0)
    wanting = sorted(shown, key=lambda i: natural[i] - least[i])
    for done, i in enumerate(wanting):
        # Each gets an equal part of what is left; what it does not need goes to the others.
        extra = min(natural[i] - least[i], max(0, spare) // (len(wanting) - done))
        widths[i] = least[i] + extra
        spare -= extra
    return [_Column(i, size, whole[i]) for i, size in widths.items()]


def _line(cells: Sequence[str], columns: Sequence[_Column]) -> str:
    from rich.cells import cell_len, set_cell_size

    shown = []
    for column in columns:
        cell = cells[column.place]
        if cell_len(cell) <= column.width:
            cell = set_cell_size(cell, column.width)
        elif not column.whole:
            cell = set_cell_size(cell, column.width - 1) + "…"
        shown.append(cell)
    return "  ".join(shown).rstrip()
