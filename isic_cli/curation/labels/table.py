"""The text form of a mapping table: CSV with a commented head, every row with its line."""

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from isic_cli.errors import UsageError


@dataclass(frozen=True, slots=True)
class Table:
    """A parsed table.

    Attributes
    ----------
    name : str
        The file or the scheme, for messages.
    head : dict
        The `# key: value` comments before the column names.
    rows : tuple of (int, dict)
        Every row under its line number, counted from 1.
    """

    name: str
    head: dict[str, str]
    rows: tuple[tuple[int, dict[str, str]], ...]


def parse_table(text: str, *, name: str, required: Collection[str]) -> Table:
    """Parse a mapping table.

    Parameters
    ----------
    text : str
        CSV, commas or tabs; a byte-order mark, blank lines and `#` comments are let through.
    name : str
        Named in messages.
    required : collection of str
        Columns without which the table is useless.

    Raises
    ------
    UsageError
        No column names, a column missing or twice, a row of another width; with the line.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    head = dict(_comments(lines))
    blanked = ["" if line.lstrip().startswith("#") else line for line in lines]
    first = next((line for line in blanked if line.strip()), "")
    reader = csv.reader(blanked, delimiter="\t" if "\t" in first else ",", strict=True)
    columns: list[str] | None = None
    rows = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            values = [cell.strip() for cell in cells]
            if columns is None:
                columns = _columns(values, name=name, line=reader.line_num, required=required)
            elif len(values) != len(columns):
                raise UsageError(
                    f"{name}, line {reader.line_num}: {len(values)} cells, "
                    f"but {len(columns)} columns",
                    hint="quote a cell that holds a comma",
                )
            else:
                rows.append((reader.line_num, dict(zip(columns, values, strict=True))))
    except csv.Error as error:
        raise UsageError(f"{name}, line {reader.line_num}: {error}") from error
    if columns is None:
        raise UsageError(f"{name} is empty", hint=f"it needs the columns {', '.join(required)}")
    return Table(name, head, tuple(rows))


def _comments(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        key, colon, value = line.strip().removeprefix("#").partition(":")
        if line.lstrip().startswith("#") and colon:
            yield key.strip().lower(), value.strip()


def _columns(values: list[str], *, name: str, line: int, required: Collection[str]) -> list[str]:
    columns = [value.lower() for value in values]
    missing = [column for column in required if column not in columns]
    if missing:
        raise UsageError(
            f"{name}, line {line}: no column {' or '.join(missing)}",
            hint=f"the first line names the columns: {', '.join(required)}",
        )
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise UsageError(f"{name}, line {line}: the column {twice} is there twice")
    return columns
