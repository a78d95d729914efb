"""CSV, TSV and semicolon tables, read strictly: no row is passed over or shifted in silence."""

import csv
import sys
from collections.abc import Iterable, Iterator
from typing import Literal

from isic_cli.errors import EmptyTableError, UsageError
from isic_cli.models.ids import find_ids, is_isic_id
from isic_cli.tables.names import is_id_column

#: One row: the number of its last line, from 1, and its cells.
Cells = tuple[int, list[str]]

_DELIMITERS = ",;\t|"
#: Rows that the delimiter must divide alike.
_TRIED = 5
_MARK = "sep="

# Python's own limit is 128 KB a cell. It is one for the process, so it is raised once.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


class DelimitedRows:
    """The rows of a delimited text; iterating reads them.

    Parameters
    ----------
    lines : iterable of str
        With their ends; read anew at each iteration.
    name : str
        For messages.
    comments : {"head", "all"}
        Whether lines that begin with `#` are passed over before the header only, or everywhere
        that a row may begin.
    ragged : bool
        Let rows of another width through, for who judges them himself.
    delimiter : str, optional
        What separates cells; found out from the first rows unless given.

    Attributes
    ----------
    columns : tuple of str
        As `header_of` says.
    delimiter : str
        What separates cells.
    has_header : bool
        Whether there is a header.

    Raises
    ------
    UsageError
        An empty text, or a column that is there twice.
    """

    def __init__(
        self,
        lines: Iterable[str],
        name: str,
        *,
        comments: Literal["head", "all"] = "head",
        ragged: bool = False,
        delimiter: str = "",
    ) -> None:
        self._lines = lines
        self._name = name
        self._comments = comments
        self._ragged = ragged
        first = _first_lines(lines)
        if not first:
            raise EmptyTableError(f"{name} is empty")
        self.delimiter = delimiter or _delimiter(first)
        try:
            header = next(row for _, row in self._rows() if any(map(str.strip, row)))
        except StopIteration:
            raise EmptyTableError(f"{name} is empty") from None
        self.columns, self.has_header = header_of(header, name)

    def __iter__(self) -> Iterator[Cells]:
        """Yield the rows that hold anything, each as wide as the header.

        Raises
        ------
        UsageError
            A quote that is never closed, or a row of another width; with its line.
        """
        width = len(self.columns)
        is_header = self.has_header
        for number, cells in self._rows():
            if not any(map(str.strip, cells)):
                continue
            if is_header:
                is_header = False
                continue
            if len(cells) != width and not self._ragged:
                if len(cells) < width or any(map(str.strip, cells[width:])):
                    raise UsageError(
                        f"{self._name}, line {number}: {len(cells)} cells, but {width} columns",
                        hint=f"Quote a cell that holds {_word(self.delimiter)}.",
                    )
                del cells[width:]
            yield number, cells

    def _rows(self) -> Iterator[Cells]:
        return raw_rows(self._lines, self._name, self.delimiter, comments=self._comments)


def raw_rows(
    lines: Iterable[str],
    name: str,
    delimiter: str = ",",
    *,
    comments: Literal["none", "head", "all"] = "none",
) -> Iterator[Cells]:
    """Yield every row of a delimited text, the header and blank ones too; lines are read once.

    Parameters
    ----------
    lines : iterable of str
        With their ends.
    name : str
        For messages.
    delimiter : str
        What separates cells.
    comments : {"none", "head", "all"}
        Where lines that begin with `#` give a blank row.

    Raises
    ------
    UsageError
        A quote that is never closed, or text behind a closing quote; with the line.
    """
    state = _State()
    text = lines if comments == "none" else _without_comments(lines, state, comments)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + 1
        state.at_start = True
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise UsageError(
                f"{name}, line {begins}: {_why(error)}",
                hint="A quote inside a quoted cell is written twice.",
            ) from error
        if cells is None:
            return
        yield reader.line_num, cells


def _without_comments(
    lines: Iterable[str], state: "_State", comments: Literal["head", "all"]
) -> Iterator[str]:
    before_header = True
    for line in lines:
        if state.at_start and (before_header or comments == "all"):
            stripped = line.strip()
            if not stripped or stripped.startswith("#") or _is_mark(stripped, before_header):
                yield "\n"  # so that line numbers stay true
                state.at_start = True
                continue
            before_header = False
        state.at_start = False
        yield line


class _State:
    """Whether the next line begins a row: inside quotes a `#` is a character like any other."""

    at_start = True


def _is_mark(line: str, before_header: bool) -> bool:  # noqa: FBT001 - one caller
    return before_header and line.lower().startswith(_MARK) and len(line) == len(_MARK) + 1


def delimiter_of(lines: Iterable[str]) -> str:
    """Return what separates the cells of a delimited text; a comma where nothing tells."""
    first = _first_lines(lines)
    return _delimiter(first) if first else ","


def _first_lines(lines: Iterable[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            found.append(line)
            if len(found) > _TRIED:
                break
    return found


def _delimiter(first: list[str]) -> str:
    """Return what separates cells: what gives a column of ids, divides rows alike, and most.

    A mark of spreadsheets, `sep=;`, decides at once.
    """
    mark = first[0].strip()
    if _is_mark(mark, before_header=True):
        return mark[-1]
    best, most = ",", (False, False, 1)
    for delimiter in _DELIMITERS:
        try:
            rows = list(csv.reader(first, delimiter=delimiter))
        except csv.Error:
            continue
        wide = len(rows[0])
        if wide > 1:
            alike = sum(len(row) == wide for row in rows) * 2 > len(rows)
            names = any(is_id_column(cell) or is_isic_id(cell.strip()) for cell in rows[0])
            if (names, alike, wide) > most:
                best, most = delimiter, (names, alike, wide)
    return best


def header_of(cells: list[str], name: str) -> tuple[tuple[str, ...], bool]:
    """Return the names of the columns of a table by its first row, and whether that is a header.

    A first row that holds an ISIC id is none, and the columns are called `image` and `label`, or
    `image`, `column_2` and so on. The index that pandas writes has no name in a header.

    Raises
    ------
    UsageError
        For a column that is there twice.
    """
    if ids := [place for place, cell in enumerate(cells) if find_ids(cell)]:
        if len(cells) == 2 and ids[0] == 0:
            return ("image", "label"), False
        places = range(len(cells))
        return tuple("image" if at == ids[0] else f"column_{at + 1}" for at in places), False
    names = [cell.strip() for cell in cells]
    while len(names) > 1 and not names[-1]:
        names.pop()
    columns = tuple(one or f"unnamed_{place}" for place, one in enumerate(names, 1))
    if twice := next((one for one in columns if columns.count(one) > 1), None):
        raise UsageError(f"{name}: the column {twice} is there twice")
    return columns, True


def _why(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end" in text:
        return "a quote that begins here is never closed"
    if "expected after" in text:
        return "text behind a closing quote"
    return text


def _word(delimiter: str) -> str:
    return {",": "a comma", ";": "a semicolon", "\t": "a tab"}.get(delimiter, f"{delimiter!r}")
