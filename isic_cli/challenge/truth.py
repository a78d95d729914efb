"""The truth of a classification, whatever its year's layout: ids, classes, weights, facts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from isic_cli.challenge.ranking import FloatArray, IntArray
from isic_cli.challenge.tasks import ChallengeTask
from isic_cli.errors import UsageError
from isic_cli.tables.names import ID_COLUMNS, bare_text
from isic_cli.tables.read import RowReader

_PICTURE = re.compile(r"\.(jpe?g|png|dcm)$", re.IGNORECASE)
#: Years of an age group.
_BAND = 20
#: Other values of a field from which on numbers are grouped.
_MANY = 12


@dataclass(frozen=True, eq=False)
class Truth:
    """What is true of the rows of a task.

    Attributes
    ----------
    name : str
        Of the file.
    task : ChallengeTask
        For a table of one's own, one made of its classes.
    ids : tuple of str
        As they stand in the file.
    values : ndarray of shape (rows, classes), float64
        0 and 1.
    weights : ndarray of shape (rows, 2), float64
        For the score and for the validation score.
    facts : mapping of str to tuple of str
        The other columns, as wide as there are rows; `""` is not a value.

    Examples
    --------
    >>> import numpy as np
    >>> from isic_cli.challenge import Truth, find_task
    >>> right = np.array([[1.0], [0.0]])
    >>> Truth("truth.csv", find_task("2016:3"), ("a", "b"), right, np.ones((2, 2))).labels
    ['malignant', 'benign']
    """

    name: str
    task: ChallengeTask
    ids: tuple[str, ...]
    values: FloatArray
    weights: FloatArray
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """The class of each row; of several classes those that are true, joined by `|`."""
        classes = self.task.classes
        if len(classes) == 1:
            other = "benign" if classes[0] == "malignant" else f"not {classes[0]}"
            return [classes[0] if value else other for value in self.values[:, 0]]
        return [
            "|".join(name for name, value in zip(classes, row, strict=True) if value)
            for row in self.values.tolist()
        ]

    def joined(self, table: str | Path) -> "Truth":
        """Return the truth with the columns of another table, found by image or by lesion.

        Raises
        ------
        UsageError
            The table has no ids in common with the truth.
        """
        reader = RowReader(table)
        known = dict(zip(self.ids, range(len(self.ids)), strict=True))
        by = next(
            (
                column
                for column in reader.columns
                if column.lower() in {*ID_COLUMNS, "lesion_id", "lesion"}
                and any(plain_id(row.get(column)) in known for _, row in reader)
            ),
            None,
        )
        if by is None:
            raise UsageError(f"{reader.name} has no ids in common with {self.name}")
        added = {name: [""] * len(self.ids) for name in reader.columns if name != by}
        for _, row in reader:
            at = known.get(plain_id(row[by]))
            if at is None:
                continue
            for name, cells in added.items():
                cells[at] = bare_text(row.get(name))
        facts = dict(self.facts)
        for name, cells in added.items():  # what is known already stays
            known_cells = facts.get(name, cells)
            facts[name] = tuple(old or new for old, new in zip(known_cells, cells, strict=True))
        return replace(self, facts=facts)

    def groups(self, unit: str | None = None) -> tuple[str, IntArray]:
        """Return what is drawn as one in a bootstrap, and the number of it of each row.

        Parameters
        ----------
        unit : str, optional
            `patient`, `lesion` or `image`; by default the first of them that is known.

        Raises
        ------
        UsageError
            The truth does not tell it.
        """
        for name in ("patient", "lesion"):
            column = next((c for c in (f"{name}_id", name) if any(self.facts.get(c, ()))), None)
            if unit not in {None, name}:
                continue
            if column is not None:
                cells = self.facts[column]
                # A row without one is of its own.
                keys = [cell or f"\0{at}" for at, cell in enumerate(cells)]
                return name, np.unique(keys, return_inverse=True)[1].astype(np.int64)
            if unit == name:
                raise UsageError(
                    f"{self.name} has no column {name}_id", hint="Give a table with it: --metadata."
                )
        if images := self.facts.get("image_id"):  # a row is a part of an image
            return "image", np.unique(images, return_inverse=True)[1].astype(np.int64)
        return "image", np.arange(len(self.ids), dtype=np.int64)

    def parts(self, name: str) -> list[tuple[str, IntArray]]:
        """Return the values of a field and the rows that have each; ages by 20 years.

        Raises
        ------
        UsageError
            There is no such column.
        """
        if name not in self.facts:
            known = ", ".join(sorted(self.facts)) or "none"
            raise UsageError(
                f"{self.name} has no column {name}",
                hint=f"There are {known}; --metadata TABLE adds those of another table.",
            )
        cells = banded(self.facts[name])
        return [
            (value or "unknown", np.flatnonzero([cell == value for cell in cells]))
            for value in sorted(set(cells), key=_order)
        ]


def _order(value: str) -> tuple[bool, float, str]:
    number = re.match(r"[0-9]+", value)
    return (not value, float(number[0]) if number else float("inf"), value)


def banded(cells: Sequence[str]) -> list[str]:
    """Return numbers of many values in bands of 20, such as `40-59`; the rest as it is."""
    numbers: dict[str, float] = {}
    for cell in set(cells) - {""}:
        try:
            numbers[cell] = float(cell)
        except ValueError:
            return list(cells)
    if len(numbers) <= _MANY or not all(np.isfinite(list(numbers.values()))):
        return list(cells)
    lows = {cell: int(value // _BAND) * _BAND for cell, value in numbers.items()}
    return [f"{lows[cell]}-{lows[cell] + _BAND - 1}" if cell else "" for cell in cells]


def plain_id(cell: object) -> str:
    """Return an id without the suffix of a picture."""
    return _PICTURE.sub("", bare_text(cell))
