"""The superpixels that one annotator marked with one feature on one image."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from isic_cli.agreement.consensus import ABSENT, DEFINITE, POSSIBLE
from isic_cli.agreement.table import FloatArray
from isic_cli.errors import UsageError


@dataclass(frozen=True)
class SuperpixelMarks:
    """The superpixels that one annotator marked with one feature.

    Attributes
    ----------
    labels : tuple of int
        Superpixels with a mark, rising.
    values : tuple of float
        0.5 (possible) or 1 (definite) for each.
    length : int or None
        How many superpixels the markup had; None where only the marks were kept.
    """

    labels: tuple[int, ...]
    values: tuple[float, ...]
    length: int | None

    def dense(self, length: int) -> FloatArray:
        """Return the value of each of `length` superpixels, 0 where there is no mark.

        Raises
        ------
        UsageError
            A mark beyond the last superpixel.
        """
        if self.labels and self.labels[-1] >= length:
            raise UsageError(
                f"superpixel {self.labels[-1]} is marked, and the image has only {length}",
                hint="the annotations may belong to another version of the superpixels",
            )
        values = np.zeros(length)
        values[list(self.labels)] = self.values
        return values


def parse_marks(kept: Any, where: str) -> SuperpixelMarks | None:
    """Read marks as the first archive or isicarchive wrote them.

    Parameters
    ----------
    kept : list of float, or mapping with `idx` and `lst`, or None
        One value for each superpixel, or superpixels and their values; None gives None.
    where : str
        Named by errors.

    Raises
    ------
    UsageError
        Another shape, or a value other than 0, 0.5 and 1.
    """
    if kept is None:
        return None
    if isinstance(kept, list):
        return _checked(
            [(label, value) for label, value in enumerate(kept) if value != ABSENT],
            len(kept),
            where,
        )
    labels, values = (kept.get("idx"), kept.get("lst")) if isinstance(kept, dict) else (None, None)
    if not isinstance(labels, list) or not isinstance(values, list):
        raise UsageError(f"{where}: the annotations are neither values nor superpixels with values")
    if len(labels) != len(values):
        raise UsageError(f"{where}: as many superpixels as values are needed")
    return _checked(list(zip(labels, values, strict=True)), None, where)


def _checked(pairs: list[tuple[Any, Any]], length: int | None, where: str) -> SuperpixelMarks:
    for label, value in pairs:
        if not isinstance(label, int) or label < 0 or value not in (POSSIBLE, DEFINITE):
            raise UsageError(
                f"{where}: superpixel {label!r} has the value {value!r}, not 0, 0.5 or 1"
            )
    pairs = sorted(pairs)
    return SuperpixelMarks(
        labels=tuple(label for label, _ in pairs),
        values=tuple(float(value) for _, value in pairs),
        length=length,
    )
