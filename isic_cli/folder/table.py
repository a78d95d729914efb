"""A folder's `metadata.csv`, read by column name and typed as the API types its JSON.

Five generations of this table are about, with older columns (`diagnosis`, `benign_malignant`,
`anatom_site_general`) or newer ones (`anatom_site_4`). Every column is kept under its own name;
a column that the data dictionary does not know counts as clinical.
"""

import csv
import io
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from isic_cli.errors import LocalError
from isic_cli.models.image import ACQUISITION_FIELDS, FILE_FIELDS
from isic_cli.query.fields import FIELDS, UNSEARCHABLE

logger = logging.getLogger(__name__)

BOOLEANS = frozenset(name for name, field in FIELDS.items() if field.kind == "boolean")
INTEGERS = frozenset({*UNSEARCHABLE, *(name for name, field in FIELDS.items() if field.whole)})

_TRUTH = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
_OUTSIDE = frozenset({"isic_id", "attribution", "copyright_license", *FILE_FIELDS})
#: A cell that starts so is written with a tab in front, so that no spreadsheet runs it.
_FORMULA_STARTS = ("=", "+", "-", "@")


class MetadataTable:
    """The rows of a `metadata.csv`, kept as text and typed when they are asked for.

    Parameters
    ----------
    columns : list of str
        The header.
    rows : dict of str to list of str
        Cells by ISIC id, in the order of the file.
    """

    def __init__(self, columns: list[str], rows: dict[str, list[str]]) -> None:
        self.columns = columns
        self.rows = rows
        self._place = {name: column for column, name in enumerate(columns)}
        self._fields = [
            (name, column) for name, column in self._place.items() if name not in _OUTSIDE
        ]
        self._complained: set[str] = set()

    @classmethod
    def read(cls, path: Path) -> "MetadataTable":
        """Read a table; UTF-8 with or without a byte-order mark.

        Raises
        ------
        LocalError
            For a file that cannot be read, is not UTF-8, has no column `isic_id`, or is damaged: a
        quote that is never closed, a row of too many or too few fields.
        """
        try:
            text = path.read_text("utf-8-sig")
        except OSError as error:
            raise LocalError(f"cannot read {path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise LocalError(
                f"{path} is not UTF-8: byte {error.start}", hint="Save it as UTF-8."
            ) from error
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            columns = [name.strip() for name in next(reader, [])]
            if "isic_id" not in columns:
                raise LocalError(f"{path} has no column isic_id")
            return cls(columns, _by_id(reader, columns, path))
        except csv.Error as error:
            told = str(error).replace("unexpected end of data", "a quote that is never closed")
            raise LocalError(f"{path}, line {reader.line_num}: {told}") from error

    def text(self, isic_id: str, name: str) -> str:
        """Return a cell as text, without its guard tab; empty when there is none."""
        cells = self.rows.get(isic_id)
        column = self._place.get(name)
        if cells is None or column is None or column >= len(cells):
            return ""
        return unguarded(cells[column])

    def fields(self, isic_id: str) -> dict[str, Any]:
        """Return the metadata of an image, typed; an empty cell is an absent key.

        `mel_thick_mm` and `clin_size_long_diam_mm` stay text, as the API sends them. A cell that
        does not have the type of its column is left out, with one warning for the column.
        """
        cells = self.rows.get(isic_id, [])
        fields = {}
        for name, column in self._fields:
            cell = cells[column] if column < len(cells) else ""
            if not cell:
                continue
            try:
                fields[name] = typed(name, unguarded(cell))
            except ValueError:
                self._complain(name, isic_id, cell)
        return fields

    def _complain(self, name: str, isic_id: str, cell: str) -> None:
        if name not in self._complained:
            self._complained.add(name)
            logger.warning("metadata.csv: %s of %s cannot be %r: left out", name, isic_id, cell)


def _by_id(reader: Any, columns: list[str], path: Path) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    column = columns.index("isic_id")
    begins = reader.line_num + 1
    for cells in reader:
        if cells and len(cells) != len(columns):
            raise LocalError(
                f"{path}, line {begins}: {len(cells)} fields, and the header has {len(columns)}",
                hint="A field that holds a comma must stand in quotes.",
            )
        begins = reader.line_num + 1
        isic_id = cells[column].strip() if cells else ""
        if not isic_id:
            continue
        if isic_id in rows:
            logger.warning("%s: %s has two rows, the first counts", path, isic_id)
        else:
            rows[isic_id] = cells
    return rows


def unguarded(cell: str) -> str:
    """Take away the tab that the website writes before `=`, `+`, `-` and `@`."""
    return cell[1:] if cell.startswith("\t") and cell[1:2] in _FORMULA_STARTS else cell


def guarded(cell: str) -> str:
    """Write a cell as the website does: a tab before `=`, `+`, `-` and `@`."""
    return "\t" + cell if cell.startswith(_FORMULA_STARTS) else cell


def typed(name: str, cell: str) -> Any:
    """Return the value of a cell in the API's type for its field.

    Raises
    ------
    ValueError
        For a cell that is not of that type.
    """
    if name in BOOLEANS:
        if (truth := _TRUTH.get(cell.lower())) is None:
            raise ValueError(cell)
        return truth
    if name in INTEGERS:
        number = float(cell)
        if not number.is_integer():
            raise ValueError(cell)
        return int(number)
    return cell


def grouped(fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Divide flat metadata into the API's two groups."""
    groups: dict[str, dict[str, Any]] = {"acquisition": {}, "clinical": {}}
    for name, value in fields.items():
        groups["acquisition" if name in ACQUISITION_FIELDS else "clinical"][name] = value
    return groups
