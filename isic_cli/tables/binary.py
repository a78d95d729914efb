"""Rows from Parquet and XLSX."""

import datetime as dt
import decimal
import glob
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from isic_cli.distribution import install_extra
from isic_cli.errors import UsageError

_BATCH = 2000

logger = logging.getLogger(__name__)


def parquet_rows(path: Path, name: str) -> tuple[tuple[str, ...], Iterator[list[Any]]]:
    """Return the columns of a Parquet file and its rows.

    Raises
    ------
    UsageError
        For a file that is cut or damaged.
    """
    import duckdb

    database = duckdb.connect()
    try:
        cursor = database.execute("SELECT * FROM read_parquet(?)", [glob.escape(str(path))])
    except duckdb.Error as error:
        database.close()
        raise UsageError(f"{name} is not a whole Parquet file") from error
    columns = tuple(column[0] for column in cursor.description or ())

    def rows() -> Iterator[list[Any]]:
        try:
            while batch := cursor.fetchmany(_BATCH):
                yield from ([_plain(cell) for cell in row] for row in batch)
        except duckdb.Error as error:
            raise UsageError(f"{name} is not a whole Parquet file") from error
        finally:
            database.close()

    return columns, rows()


def xlsx_rows(path: Path, name: str) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows of the first sheet of a workbook that hold anything, with their numbers.

    Raises
    ------
    UsageError
        Without the package that reads workbooks, or for a damaged one.
    """
    import xml.etree.ElementTree as ET
    import zipfile
    import zlib

    try:
        import openpyxl
    except ImportError as error:
        raise UsageError(
            f"{name} is a workbook, and openpyxl is not installed",
            hint=f"{install_extra('xlsx')}, or save the sheet as CSV UTF-8.",
        ) from error
    warnings.filterwarnings("ignore", module="openpyxl")  # of styles and extensions
    try:
        # A stream, for openpyxl refuses a path by its suffix, which may be another.
        with path.open("rb") as stream:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # some programs write wrong ones, and rows would be lost
            for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                cells = [_plain(cell) for cell in row]
                if any(cell is not None for cell in cells):
                    yield number, cells
            if len(book.worksheets) > 1:
                logger.warning("%s: only its first sheet, %s, is read", name, sheet.title)
    except (
        *(zipfile.BadZipFile, zlib.error, ET.ParseError, EOFError, OSError),
        *(KeyError, ValueError, IndexError, TypeError, AttributeError),
    ) as error:
        raise UsageError(f"{name} is not a workbook that can be read ({error})") from error


def _plain(value: Any) -> Any:
    """Return a value that JSON has: whole numbers without a fraction, the rest as text."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, decimal.Decimal | dt.date | dt.time | bytes):
        return str(value)
    return value
