"""A folder's `metadata.csv`, read by column name and typed as the API types its JSON.

Five generations of this table are about, with older columns (`diagnosis`, `benign_malignant`,
`anatom_site_general`) or newer ones (`anatom_site_4`). Every column is kept under its own name;
a column that the data dictionary does not know counts as clinical.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from isic_cli.challenge.metadata import read_metadata
from isic_cli.errors import LocalError, UsageError
from isic_cli.files.load import open_regular
from isic_cli.models.ids import find_ids
from isic_cli.models.image import ACQUISITION_FIELDS, FILE_FIELDS
from isic_cli.query.fields import FIELDS, UNSEARCHABLE, field_names
from isic_cli.tables.names import id_column, is_missing
from isic_cli.tables.read import RowReader

logger = logging.getLogger(__name__)

BOOLEANS = frozenset(name for name, field in FIELDS.items() if field.kind == "boolean")
INTEGERS = frozenset({*UNSEARCHABLE, *(name for name, field in FIELDS.items() if field.whole)})

#: Every facet in the order of the server's answer.
FACETS = (
    *("blurry", "hairy", "marker_pen", "personal_hx_mm", "family_hx_mm", "melanocytic"),
    *("mel_ulcer", "concomitant_biopsy", "sex", "diagnosis_confirm_type", "image_type"),
    *("dermoscopic_type", "tbp_tile_type", "mel_mitotic_index", "anatom_site_special"),
    *("color_tint", "patient_id", "lesion_id", "rcm_case_id", "image_manipulation"),
    *("fitzpatrick_skin_type", "clin_size_long_diam_mm"),
    *(f"diagnosis_{level}" for level in range(1, 6)),
    *(f"anatom_site_{level}" for level in range(1, 6)),
    *("mel_thick_mm", "age_approx", "copyright_license"),
)

_TRUTH = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
#: Columns of the table that are not metadata.
OUTSIDE = frozenset({"isic_id", "attribution", "copyright_license", *FILE_FIELDS})


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
            (name, column) for name, column in self._place.items() if name not in OUTSIDE
        ]
        self._complained: set[str] = set()

    @classmethod
    def read(cls, path: Path) -> "MetadataTable":
        """Read a table of any kind; see `tables.read`.

        Raises
        ------
        LocalError
            For a file that cannot be read, has a broken row, or has no column of ids.
        """
        with suppress(FileNotFoundError):
            open_regular(path).close()  # a FIFO would be waited for
        try:
            rows = RowReader(path)
            key = rows.columns[id_column(rows.columns, name=str(path))]
            return cls([*field_names(rows.columns, key)], _by_id(rows, key, path))
        except UsageError as error:
            raise LocalError(error.message, hint=error.hint) from error

    @classmethod
    def of_challenge(cls, folder: Path) -> "MetadataTable":
        """Read the tables of a challenge's folder; see `challenge.metadata`."""
        found = read_metadata(folder)
        return cls(found.columns, found.rows)

    def text(self, isic_id: str, name: str) -> str:
        """Return a cell as text, without its guard tab; empty when there is none."""
        cells = self.rows.get(isic_id)
        column = self._place.get(name)
        if cells is None or column is None or column >= len(cells):
            return ""
        return cells[column]

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
                fields[name] = typed(name, cell)
            except ValueError:
                self._complain(name, isic_id, cell)
        return fields

    def _complain(self, name: str, isic_id: str, cell: str) -> None:
        if name not in self._complained:
            self._complained.add(name)
            logger.warning("metadata.csv: %s of %s cannot be %r: left out", name, isic_id, cell)


def _by_id(reader: RowReader, key: str, path: Path) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    unnamed = 0
    for _, row in reader:
        isic_id = next(iter(find_ids(str(row.get(key)))), "")
        if not isic_id:
            unnamed += 1
        elif isic_id in rows:
            logger.warning("%s: %s has two rows, the first counts", path, isic_id)
        else:
            cells = map(row.get, reader.columns)  # a row of JSON may lack some
            rows[isic_id] = ["" if is_missing(cell) else str(cell) for cell in cells]
    if unnamed and not rows:
        raise UsageError(f"{path} has no column of ids: no cell of {key} holds one")
    if unnamed:
        logger.warning("%s: %d rows without an ISIC id are left out", path, unnamed)
    return rows


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
