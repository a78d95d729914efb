"""Rows from any file that holds rows: what every command that reads a table goes through."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from isic_cli.errors import EmptyTableError, UsageError
from isic_cli.tables.binary import parquet_rows, xlsx_rows
from isic_cli.tables.content import Content
from isic_cli.tables.delimited import DelimitedRows, header_of
from isic_cli.tables.names import unguarded
from isic_cli.tables.objects import Row, flat, is_json, json_items

logger = logging.getLogger(__name__)

#: One row: its line, or its number where there are no lines, and its cells by column.
NumberedRow = tuple[int, Row]


@dataclass(frozen=True, slots=True)
class TableDialect:
    """What a file was taken for.

    Attributes
    ----------
    kind : {"csv", "json", "parquet", "xlsx"}
        `csv` is any delimited text.
    delimiter : str
        Of a delimited text.
    encoding : str
        Of a text.
    has_header : bool
        Whether the first row names the columns.
    """

    kind: Literal["csv", "json", "parquet", "xlsx"]
    delimiter: str = ""
    encoding: str = ""
    has_header: bool = True

    def __str__(self) -> str:
        parts: list[str] = [self.kind]
        if self.delimiter:
            parts.append(f"separated by {self.delimiter!r}")
        if self.encoding:
            parts.append(self.encoding)
        return ", ".join(parts) + ("" if self.has_header else ", without a header")


class RowReader:
    """The rows of a file; each iteration reads them anew, and none is kept.

    Parameters
    ----------
    source : str or Path
        CSV, TSV or a table with semicolons, JSON, JSON lines, Parquet or XLSX, compressed by
        gzip or not; `-` for standard input.
    comments : {"head", "all"}
        Where lines that begin with `#` are passed over: before the header, or everywhere.

    Attributes
    ----------
    name : str
        For messages.
    columns : tuple of str
        Every column that a row may have, in the order of the file.
    dialect : TableDialect
        What the file was taken for.

    Raises
    ------
    NotFoundError, LocalError
        It is absent or cannot be read.
    UsageError
        It is not a table, or a row of it is broken: with its line.
    """

    def __init__(
        self, source: str | Path | Content, *, comments: Literal["head", "all"] = "head"
    ) -> None:
        self._content = source if isinstance(source, Content) else Content(source)
        self.name = self._content.name
        self._delimited: DelimitedRows | None = None
        kind = self._content.kind
        if kind == "parquet":
            self.dialect = TableDialect("parquet")
            with self._content.file() as path:
                self.columns, rows = parquet_rows(path, self.name)
                rows.close()  # type: ignore[attr-defined]  # it is a generator
        elif kind == "xlsx":
            with self._content.file() as path:
                first = next(xlsx_rows(path, self.name), None)
            if first is None:
                raise EmptyTableError(f"{self.name} is empty")
            texts = ["" if cell is None else str(cell) for cell in first[1]]
            self.columns, has_header = header_of(texts, self.name)
            self.dialect = TableDialect("xlsx", has_header=has_header)
        elif is_json(self._first_line()):
            self.dialect = TableDialect("json", encoding=self._content.encoding)
            self.columns = tuple(dict.fromkeys(key for _, row in self for key in row))
        else:
            self._delimited = DelimitedRows(_Lines(self._content), self.name, comments=comments)
            self.columns = self._delimited.columns
            self.dialect = TableDialect(
                "csv",
                self._delimited.delimiter,
                self._content.encoding,
                self._delimited.has_header,
            )
        logger.info("%s: read as %s", self.name, self.dialect)

    def _first_line(self) -> str:
        for line in self._content.lines(errors="replace"):
            if line.strip() and not line.lstrip().startswith("#"):
                return line
        raise EmptyTableError(f"{self.name} is empty")

    def __iter__(self) -> Iterator[NumberedRow]:
        yield from self.select(None)

    def select(self, fields: tuple[str, ...] | None) -> Iterator[NumberedRow]:
        """Yield the rows, with some columns only where that is cheaper; None for all."""
        if self._delimited is not None:
            yield from self._delimited_rows(self._delimited, fields)
        elif self.dialect.kind == "json":
            for number, item in json_items(self._content.lines, self.name):
                yield number, flat(item) if isinstance(item, dict) else {"isic_id": item}
        else:
            for number, cells in self._binary_rows():
                yield number, dict(zip(self.columns, cells, strict=True))

    def _delimited_rows(
        self, rows: DelimitedRows, fields: tuple[str, ...] | None
    ) -> Iterator[NumberedRow]:
        places = [
            (name, place)
            for place, name in enumerate(rows.columns)
            if fields is None or name in fields
        ]
        whole = len(places) == len(rows.columns)
        for number, cells in rows:
            if "\t" in "".join(cells):  # a look at one text costs less than at every cell
                cells = [unguarded(cell) for cell in cells]  # noqa: PLW2901 - the same cells
            if whole:
                yield number, dict(zip(rows.columns, cells, strict=True))
            else:
                yield number, {name: cells[place] for name, place in places}

    def _binary_rows(self) -> Iterator[tuple[int, list[Any]]]:
        width = len(self.columns)
        with self._content.file() as path:
            if self.dialect.kind == "parquet":
                yield from enumerate(parquet_rows(path, self.name)[1], 1)
                return
            rows = xlsx_rows(path, self.name)
            if self.dialect.has_header:
                next(rows)
            for number, cells in rows:
                if any(cell is not None for cell in cells[width:]):
                    raise UsageError(
                        f"{self.name}, row {number}: {len(cells)} cells, but {width} columns"
                    )
                yield number, (cells + [None] * width)[:width]


class _Lines:
    """The lines of a content, as often as they are asked for."""

    def __init__(self, content: Content) -> None:
        self._content = content

    def __iter__(self) -> Iterator[str]:
        return self._content.lines()
