"""Who answered what about which item: the table that every coefficient reads.

Rows are items (images, superpixels), columns are readers, and a cell may be empty. Answers are
either choices, kept as codes into a list of categories, or numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from isic_cli.errors import UsageError
from isic_cli.tables.numbers import finite

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Scalar = TypeVar("Scalar", np.int64, np.float64)

#: The code of an empty cell in a table of choices.
MISSING = -1


@dataclass(frozen=True, eq=False)
class Choices:
    """Answers that are one of several categories.

    Parameters
    ----------
    items : tuple of str
        Names of the rows.
    readers : tuple of str
        Names of the columns.
    categories : tuple of str
        The possible answers, from the lowest to the highest where they have an order.
    codes : ndarray of shape (items, readers), int64
        Index into `categories`, or `MISSING`.
    """

    items: tuple[str, ...]
    readers: tuple[str, ...]
    categories: tuple[str, ...]
    codes: IntArray

    @classmethod
    def from_answers(
        cls, answers: Iterable[tuple[str, str, str]], *, categories: Sequence[str] | None = None
    ) -> Self:
        """Make a table of (item, reader, answer) triples, in any order.

        Parameters
        ----------
        answers : iterable of (str, str, str)
            Item, reader and answer. Items and readers keep the order of their first answer.
        categories : sequence of str, optional
            Every possible answer, in order; without it those that occur, sorted.

        Raises
        ------
        UsageError
            Two answers of one reader to one item, or an answer outside `categories`.
        """
        rows = list(answers)
        names = tuple(categories if categories is not None else sorted({row[2] for row in rows}))
        code = {name: index for index, name in enumerate(names)}
        for item, reader, answer in rows:
            if answer not in code:
                raise UsageError(
                    f"{reader} answered {answer!r} to {item}, which is none of the choices",
                    hint=f"the choices are: {', '.join(names)}",
                )
        items, readers, codes = _pivot(
            [(item, reader, code[answer]) for item, reader, answer in rows], np.int64(MISSING)
        )
        return cls(items, readers, names, codes)

    @property
    def answered(self) -> BoolArray:
        """Which cells hold an answer, shape (items, readers)."""
        return np.not_equal(self.codes, MISSING)

    @property
    def votes(self) -> IntArray:
        """How often each item got each category, shape (items, categories)."""
        return vote_counts(self.codes, len(self.categories))

    def select(
        self, *, items: Iterable[str] | None = None, readers: Iterable[str] | None = None
    ) -> Self:
        """Return the part of the table with these items and readers, in its own order."""
        row, column = _mask(self.items, items, "item"), _mask(self.readers, readers, "reader")
        return type(self)(
            _kept(self.items, row),
            _kept(self.readers, column),
            self.categories,
            self.codes[np.ix_(row, column)],
        )

    def to_numbers(self) -> "Numbers":
        """Read the categories as numbers, for coefficients that need distances.

        Raises
        ------
        UsageError
            A category that is not a finite number.
        """
        values = np.array([*(_number(name) for name in self.categories), np.nan])
        return Numbers(self.items, self.readers, values[self.codes])


def vote_counts(codes: IntArray, categories: int) -> IntArray:
    """Count the codes in each row, `MISSING` left out.

    Parameters
    ----------
    codes : ndarray of shape (rows, readers), int64
        Categories, or `MISSING`.
    categories : int
        How many there are.

    Returns
    -------
    ndarray of shape (rows, categories), int64
    """
    row, column = np.nonzero(codes != MISSING)
    flat = row * categories + codes[row, column]
    return np.bincount(flat, minlength=len(codes) * categories).reshape(len(codes), categories)


@dataclass(frozen=True, eq=False)
class Numbers:
    """Answers that are numbers.

    Parameters
    ----------
    items : tuple of str
        Names of the rows.
    readers : tuple of str
        Names of the columns.
    values : ndarray of shape (items, readers), float64
        The answers; nan is an empty cell.
    """

    items: tuple[str, ...]
    readers: tuple[str, ...]
    values: FloatArray

    @classmethod
    def from_answers(cls, answers: Iterable[tuple[str, str, float]]) -> Self:
        """Make a table of (item, reader, number) triples, in any order.

        Raises
        ------
        UsageError
            Two answers of one reader to one item, or a number that is not finite.
        """
        rows = list(answers)
        for item, reader, value in rows:
            if not np.isfinite(value):
                raise UsageError(
                    f"{reader} answered {value} to {item}, which is not a finite number"
                )
        return cls(*_pivot(rows, np.float64("nan")))

    @property
    def answered(self) -> BoolArray:
        """Which cells hold an answer, shape (items, readers)."""
        return ~np.isnan(self.values)

    def select(
        self, *, items: Iterable[str] | None = None, readers: Iterable[str] | None = None
    ) -> Self:
        """Return the part of the table with these items and readers, in its own order."""
        row, column = _mask(self.items, items, "item"), _mask(self.readers, readers, "reader")
        return type(self)(
            _kept(self.items, row), _kept(self.readers, column), self.values[np.ix_(row, column)]
        )

    def to_choices(self) -> Choices:
        """Return the table with each distinct number as a category, in rising order."""
        present = self.answered
        distinct, inverse = np.unique(self.values[present], return_inverse=True)
        codes = np.full(self.values.shape, MISSING, np.int64)
        codes[present] = inverse
        return Choices(self.items, self.readers, tuple(f"{value:g}" for value in distinct), codes)


def standardised(values: FloatArray) -> FloatArray:
    """Return the values less their mean in units of their deviation, nan where they are nan.

    Ratios of variances do not change by it, and sums of squares keep their digits. Values that
    are all equal become exact zeros.
    """
    shifted = values - np.nanmin(values)
    deviation = float(np.nanstd(shifted))
    if deviation == 0:
        return shifted
    return np.asarray((shifted - np.nanmean(shifted)) / deviation)


def _pivot(
    rows: Sequence[tuple[str, str, float]], empty: Scalar
) -> tuple[tuple[str, ...], tuple[str, ...], NDArray[Scalar]]:
    items = {name: index for index, name in enumerate(dict.fromkeys(row[0] for row in rows))}
    readers = {name: index for index, name in enumerate(dict.fromkeys(row[1] for row in rows))}
    cells = np.full((len(items), len(readers)), empty)
    seen = np.zeros(cells.shape, bool)
    for item, reader, value in rows:
        cell = items[item], readers[reader]
        if seen[cell]:
            raise UsageError(
                f"{reader} answered {item} twice",
                hint="Keep one of the two; --long names columns of other names.",
            )
        seen[cell] = True
        cells[cell] = value
    return tuple(items), tuple(readers), cells


def _mask(names: tuple[str, ...], wanted: Iterable[str] | None, kind: str) -> BoolArray:
    if wanted is None:
        return np.ones(len(names), bool)
    chosen = set(wanted)
    if unknown := sorted(chosen - set(names)):
        raise UsageError(f"no such {kind}: {', '.join(unknown)}")
    return np.array([name in chosen for name in names], bool)


def _kept(names: tuple[str, ...], mask: BoolArray) -> tuple[str, ...]:
    return tuple(name for name, keep in zip(names, mask, strict=True) if keep)


def _number(text: str) -> float:
    value = finite(text)
    if value is None:
        raise UsageError(f"{text!r} is not a finite number, so it has no distance to other answers")
    return value
