"""One answer from several: majority of choices, and votes on superpixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from isic_cli.agreement.table import BoolArray, Choices, FloatArray, IntArray
from isic_cli.errors import UsageError

#: What a reader can say of a superpixel in a markup of the first archive.
ABSENT, POSSIBLE, DEFINITE = 0.0, 0.5, 1.0


@dataclass(frozen=True)
class Verdict:
    """What most readers answered to one item.

    Attributes
    ----------
    item : str
        Its name.
    answer : str or None
        The most frequent answer; None when several are, or there is none.
    tied : tuple of str
        The most frequent answers where there are several, in the order of the choices.
    votes : int
        How often it, or each of the tied, was given.
    answers : int
        How many readers answered.
    """

    item: str
    answer: str | None
    tied: tuple[str, ...]
    votes: int
    answers: int


def majority_answers(table: Choices) -> tuple[Verdict, ...]:
    """Return the most frequent answer to every item, in the order of the table.

    Parameters
    ----------
    table : Choices
        The answers. More than any other is enough; more than half is not asked for.
    """
    return tuple(
        _verdict(item, given, table.categories)
        for item, given in zip(table.items, table.votes, strict=True)
    )


def _verdict(item: str, given: IntArray, categories: tuple[str, ...]) -> Verdict:
    answers = int(given.sum())
    if not answers:
        return Verdict(item, None, (), 0, 0)
    most = int(given.max())
    leading = tuple(categories[index] for index in np.flatnonzero(given == most))
    if len(leading) == 1:
        return Verdict(item, leading[0], (), most, answers)
    return Verdict(item, None, leading, most, answers)


@dataclass(frozen=True, eq=False)
class SuperpixelVotes:
    """What the readers said of each superpixel, by its label.

    Attributes
    ----------
    readers : tuple of str
        Who marked.
    absent, possible, definite : ndarray of shape (N,), int64
        How many readers said so of each superpixel.
    """

    readers: tuple[str, ...]
    absent: IntArray
    possible: IntArray
    definite: IntArray

    @property
    def score(self) -> FloatArray:
        """Mean of the readers' values, shape (N,), from 0 to 1."""
        return (self.possible * POSSIBLE + self.definite) / len(self.readers)

    def present(self, *, at_least: float = POSSIBLE) -> BoolArray:
        """Which superpixels more than half of the readers gave `at_least`; shape (N,)."""
        return np.greater(self._supporters(at_least) * 2, len(self.readers))

    def tied(self, *, at_least: float = POSSIBLE) -> BoolArray:
        """Which superpixels exactly half of the readers gave `at_least`; shape (N,)."""
        return np.equal(self._supporters(at_least) * 2, len(self.readers))

    def _supporters(self, at_least: float) -> IntArray:
        if at_least == DEFINITE:
            return self.definite
        if at_least == POSSIBLE:
            return self.possible + self.definite
        raise UsageError(f"a superpixel is marked 0.5 (possible) or 1 (definite), not {at_least}")


def superpixel_votes(markups: Mapping[str, Sequence[float] | FloatArray]) -> SuperpixelVotes:
    """Count the readers' marks of one feature on one image.

    Parameters
    ----------
    markups : mapping from reader to sequence of float, length N
        0 absent, 0.5 possible, 1 definite; position k is superpixel k.

    Raises
    ------
    UsageError
        No markup, markups of different lengths, or another value than these three.
    """
    if not markups:
        raise UsageError("there is no markup to vote on")
    arrays = {reader: np.asarray(values, np.float64) for reader, values in markups.items()}
    length = max(len(values) for values in arrays.values())
    for reader, values in arrays.items():
        if len(values) != length:
            raise UsageError(
                f"the markup of {reader} has {len(values)} superpixels, and another has {length}",
                hint="markups of one image share its superpixels",
            )
        known = np.isin(values, (ABSENT, POSSIBLE, DEFINITE))
        if not known.all():
            label = int(np.flatnonzero(~known)[0])
            raise UsageError(
                f"{reader} gave superpixel {label} the value {values[label]:g}, not 0, 0.5 or 1"
            )
    stack = np.stack(list(arrays.values()))
    return SuperpixelVotes(
        tuple(arrays),
        *((stack == value).sum(axis=0).astype(np.int64) for value in (ABSENT, POSSIBLE, DEFINITE)),
    )
