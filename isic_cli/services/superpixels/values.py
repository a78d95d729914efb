"""Numbers of superpixels, from a table with a column of labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isic_cli.errors import UsageError
from isic_cli.superpixel import SuperpixelMap
from isic_cli.superpixel.tables import REGION_COLUMNS
from isic_cli.tables.names import is_missing
from isic_cli.tables.numbers import finite
from isic_cli.tables.read import RowReader

#: Columns that say where a superpixel is, and are not what a picture is coloured by unasked.
_PLACE = frozenset(REGION_COLUMNS) | {"file"}


@dataclass(frozen=True, slots=True)
class ValueChoice:
    """What superpixels are coloured by.

    Attributes
    ----------
    table : Path
        With the column `label`, and `file` where it is about several maps, as `isic superpixel
        regions` writes it.
    column : str
        Of the numbers; `""` for `value`, or the only other one.
    colormap : str
        One of `palette.COLORMAPS`.
    ends : tuple of float or None
        The values of the first and the last colour.
    """

    table: Path
    column: str = ""
    colormap: str = "blue-yellow"
    ends: tuple[float, float] | None = None


def read_values(
    choice: ValueChoice, pixel_map: SuperpixelMap, stem: str
) -> tuple[str, npt.NDArray[np.float64]]:
    """Return the name of the column, and a number for each superpixel, NaN where there is none.

    Raises
    ------
    NotFoundError, LocalError
        The table cannot be read.
    UsageError
        It has no labels or no such column, a label twice or that the map has not, or a cell that
        is not a number.
    """
    reader = RowReader(choice.table)
    column = _column(reader, choice.column)
    has_files = "file" in reader.columns
    found: dict[int, float] = {}
    for line, row in reader:
        if has_files and stem not in Path(str(row["file"])).name:
            continue
        where = f"{reader.name}, line {line}"
        label = _number(row["label"], f"{where}, column label")
        if not label.is_integer() or label in found:
            what = "is there twice" if label in found else "is not a label"
            raise UsageError(f"{where}: {row['label']} {what}")
        if not is_missing(row[column]):
            found[int(label)] = _number(row[column], f"{where}, column {column}")
    if not found:
        raise UsageError(f"{reader.name} has no values of {stem}")
    values = np.full(len(pixel_map), np.nan)
    values[pixel_map.positions(found)] = list(found.values())
    return column, values


def _column(reader: RowReader, wanted: str) -> str:
    shown = ", ".join(reader.columns)
    if "label" not in reader.columns:
        raise UsageError(f"{reader.name} has no column label", hint=f"It has {shown}.")
    others = [name for name in reader.columns if name not in _PLACE]
    column = wanted or ("value" if "value" in others else others[0] if len(others) == 1 else "")
    if not column:
        raise UsageError(f"{reader.name}: by which column?", hint=f"--column, one of {shown}.")
    if column not in reader.columns:
        raise UsageError(f"{reader.name} has no column {column}", hint=f"It has {shown}.")
    return column


def _number(cell: object, where: str) -> float:
    number = finite(cell)
    if number is None:
        raise UsageError(f"{where}: {cell!r} is not a number")
    return number
