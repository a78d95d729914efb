"""The tables of an export: their columns, the type of each, and the cells of a picture."""

import json
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from isic_cli.folder.table import typed
from isic_cli.index.columns import METADATA
from isic_cli.index.parquet import ColumnTypes
from isic_cli.services.export.companions import Companion
from isic_cli.services.export.picture import PictureSizes
from isic_cli.services.tabular import Row
from isic_cli.tables.names import is_missing

PIXELS = ("pixels_x", "pixels_y")


class ExportColumns:
    """The columns of every table of an export.

    A column of the user's table whose name the export needs itself goes on as `NAME_original`;
    so do the archive's `pixels_x` and `pixels_y`, which tell the size of the exported picture.

    Parameters
    ----------
    table : sequence of str
        The columns of the user's table.
    rows : iterable of mapping
        Its rows, for the types.
    own : sequence of str
        Columns of the export, after `isic_id` and `file_name`.
    companions : sequence of Companion
        One of each name that goes along as a file.
    kept : frozenset of str
        Those of `own` that are the user's columns as they were.
    is_resized : bool
        Whether the original size is told in any case.
    reserved : str
        Names of the user's columns that end so are changed too; `""` for none.

    Attributes
    ----------
    types : dict of str to str
        `BOOLEAN`, `BIGINT`, `DOUBLE` or `VARCHAR`, in the order of the columns.
    """

    def __init__(
        self,
        table: Sequence[str],
        rows: Iterable[Row],
        *,
        own: Sequence[str] = (),
        companions: Sequence[Companion] = (),
        kept: frozenset[str] = frozenset(),
        is_resized: bool = False,
        reserved: str = "",
    ) -> None:
        seen = ColumnTypes(table)
        for row in rows:
            seen.add({name: _parsed(name, value) for name, value in present(row).items()})
        found = {name: "VARCHAR" if kind == "JSON" else kind for name, kind in seen.found().items()}
        first = ("isic_id", "file_name", *own, *(one.column for one in companions))
        mine = {*first[1:], *PIXELS}
        self._renamed = {
            name: f"{name}_original"
            for name in found
            if (name in mine and name not in kept) or (reserved and name.endswith(reserved))
        }
        self.types = dict.fromkeys(first, "VARCHAR")
        self.types |= {
            name: kind
            for name, kind in found.items()
            if name not in self.types and name not in self._renamed
        }
        self.types |= dict.fromkeys(PIXELS, "BIGINT")
        self.types |= {self._renamed[name]: found[name] for name in self._renamed}
        if is_resized:
            for name in PIXELS:
                self.types.setdefault(f"{name}_original", "BIGINT")

    def of_row(self, row: Row) -> dict[str, Any]:
        """Return the cells of the user's row, typed; an empty cell is an absent key."""
        return {
            target: _as(self.types[target], name, value)
            for name, value in row.items()
            if (target := self._renamed.get(name, name)) in self.types
        }

    def with_sizes(self, cells: Mapping[str, Any], sizes: PictureSizes) -> dict[str, Any]:
        """Return the cells with the sizes of a picture, of every column, in order."""
        found = dict(cells) | dict(zip(PIXELS, sizes.exported, strict=True))
        for name, value in zip(PIXELS, sizes.stored, strict=True):
            found.setdefault(f"{name}_original", value)
        return {name: found.get(name) for name in self.types}


def present(row: Row) -> Row:
    """Return a row without the cells that hold no value."""
    return {name: value for name, value in row.items() if not is_missing(value)}


def as_csv(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Return cells as CSV writes them: `true` and `false`, which every reader takes for such."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in cells.items()
    }


def _parsed(name: str, value: Any) -> Any:
    """Return a cell with the type of its field; text where it has not got it."""
    if not isinstance(value, str):
        return value
    column = METADATA.get(name)
    try:
        if column is not None and column.type == "DOUBLE":
            number = float(value)
            return number if isfinite(number) else value
        return typed(name, value)
    except ValueError:
        return value


def _as(kind: str, name: str, value: Any) -> Any:
    if kind == "VARCHAR":
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    found = _parsed(name, value)
    return float(found) if kind == "DOUBLE" else found
