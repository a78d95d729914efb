"""Read a contributor's metadata CSV as the archive will: a header, then rows, streamed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from isic_cli.errors import UsageError
from isic_cli.tables.content import Content
from isic_cli.tables.delimited import raw_rows


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row.

    Attributes
    ----------
    number : int
        As a spreadsheet counts: the header is row 1, and a blank row counts too.
    values : dict of str to str
        A cell that the row lacks is empty.
    surplus : int
        Cells beyond the header's last column.
    """

    number: int
    values: dict[str, str]
    surplus: int = 0


class MetadataCsv:
    """An open CSV of metadata; iterate over it once.

    Parameters
    ----------
    name : str
        The file, for messages.
    rows : iterator of (int, list of str)
        As `raw_rows` gives them.

    Attributes
    ----------
    columns : tuple of str
        The header, spaces around the names removed.
    delimiter : str
        What separates cells; the archive reads a comma only.

    Raises
    ------
    UsageError
        For a file without a header.
    """

    def __init__(
        self, name: str, rows: Iterator[tuple[int, list[str]]], delimiter: str = ","
    ) -> None:
        self._rows = rows
        self.delimiter = delimiter
        self.columns = tuple(cell.strip() for cell in self._next() or ())
        if not any(self.columns):
            raise UsageError(f"{name} has no header", hint="The first line names the columns.")

    @property
    def repeated_columns(self) -> tuple[str, ...]:
        """Names that the header has more than once; the last of such columns wins."""
        return tuple(name for name, times in Counter(self.columns).items() if times > 1)

    def __iter__(self) -> Iterator[CsvRow]:
        """Yield the rows that hold anything."""
        width = len(self.columns)
        number = 1
        while (cells := self._next()) is not None:
            number += 1
            if not any(map(str.strip, cells)):
                continue
            padded = cells + [""] * (width - len(cells))
            surplus = sum(1 for cell in cells[width:] if cell.strip())
            yield CsvRow(number, dict(zip(self.columns, padded, strict=False)), surplus)

    def _next(self) -> list[str] | None:
        found = next(self._rows, None)
        return None if found is None else found[1]


@contextmanager
def open_metadata_csv(path: Path, *, any_delimiter: bool = False) -> Iterator[MetadataCsv]:
    """Open a CSV of metadata; a byte-order mark is not part of the first name.

    Parameters
    ----------
    path : Path
        The file.
    any_delimiter : bool
        Read a table with semicolons, tabs or bars too, which the archive does not.

    Raises
    ------
    NotFoundError, LocalError
        For a file that is absent or cannot be read.
    UsageError
        For one that is no CSV.
    """
    content, name = Content(path), str(path)
    table = MetadataCsv(name, raw_rows(content.lines(), name))
    only = table.columns[0]
    if len(table.columns) == 1 and (other := max(";\t|", key=only.count)) in only:
        if not any_delimiter:
            raise UsageError(
                f"{name}: the columns are not separated by commas",
                hint="Save it as CSV with commas: the archive reads nothing else.",
            )
        table = MetadataCsv(name, raw_rows(content.lines(), name, other), other)
    yield table
