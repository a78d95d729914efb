"""The text form of a mapping table: CSV with a commented head, every row with its line."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from isic_cli.errors import UsageError
from isic_cli.tables.delimited import DelimitedRows


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
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    content = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not content:
        raise UsageError(f"{name} is empty", hint=f"it needs the columns {', '.join(required)}")
    reader = DelimitedRows(lines, name, comments="all")
    columns = _columns(reader.columns, name=name, required=required)
    rows = tuple(
        (number, dict(zip(columns, map(str.strip, cells), strict=True))) for number, cells in reader
    )
    return Table(name, dict(_comments(lines)), rows)


def _comments(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        key, colon, value = line.strip().removeprefix("#").partition(":")
        if line.lstrip().startswith("#") and colon:
            yield key.strip().lower(), value.strip()


def _columns(values: Sequence[str], *, name: str, required: Collection[str]) -> list[str]:
    columns = [value.lower() for value in values]
    missing = [column for column in required if column not in columns]
    if missing:
        raise UsageError(
            f"{name}: no column {' or '.join(missing)}",
            hint=f"the first line names the columns: {', '.join(required)}",
        )
    return columns
