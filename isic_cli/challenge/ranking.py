"""Curves over falling thresholds, and the areas below them.

Fawcett, Pattern Recognition Letters 27 (2006), 861-874.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
#: How much each row counts: whole numbers in a round of a bootstrap, where they can be.
Weights = FloatArray | NDArray[np.uint8] | NDArray[np.int32]
#: Bits of a whole number that float64 holds exactly.
_BITS = 53
#: Most rows that `Ranking.areas` sums: so few that the sums of five rounds fit in one number.
GROUP = 64


@dataclass(frozen=True, eq=False)
class Packed:
    """The weights of several rounds of a bootstrap, summed together in one array.

    Attributes
    ----------
    sum : ndarray of shape (rows,), float64
        Those of round k times 2 ** (k * bits).
    rounds : sequence of ndarray of shape (rows,)
        Each round's own.
    bits : int
        Sums over at most the rows that were said to be summed fit in so many.
    """

    sum: FloatArray
    rounds: Sequence[Weights]
    bits: int

    def unpacked(self, sums: FloatArray | IntArray) -> Iterator[FloatArray | IntArray]:
        """Yield the sums of each round out of sums of `sum`."""
        if len(self.rounds) == 1:
            yield sums
            return
        whole, mask = sums.astype(np.int64), (1 << self.bits) - 1
        for at in range(len(self.rounds)):
            yield whole >> (at * self.bits) & mask


def pack(rounds: Sequence[Weights], rows: int) -> Iterator[Packed]:
    """Yield the weights of rounds, as many together as can be told apart again.

    Parameters
    ----------
    rounds : sequence of ndarray
        Those that are no whole numbers stay alone.
    rows : int
        Over how many rows they will be summed at most.
    """
    is_whole = all(one.dtype.kind in "iu" for one in rounds)
    most = max(int(one.max(initial=0)) for one in rounds) * rows if is_whole else 0
    bits = most.bit_length() if is_whole else _BITS
    together = max(1, _BITS // max(bits, 1))
    for start in range(0, len(rounds), together):
        some = rounds[start : start + together]
        total, step = some[0].astype(np.float64), np.empty(len(some[0]))
        for at, one in enumerate(some[1:], 1):
            total += np.multiply(one, 2.0 ** (at * bits), out=step)
        yield Packed(total, some, bits)


#: The threshold of sensitivity of `auc_sens_80`.
SENSITIVITY = 0.8


class Ranking:
    """The rows of one class in falling order of their scores.

    Parameters
    ----------
    truth : ndarray of shape (rows,), bool
        Which rows are of the class.
    scores : ndarray of shape (rows,), float64
        What was predicted.

    Attributes
    ----------
    order : ndarray of shape (rows,), int64
        Rows from the highest score to the lowest.
    """

    def __init__(self, truth: BoolArray, scores: FloatArray) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ordered, ordered_truth = scores[self.order], truth[self.order]
        starts = np.flatnonzero(np.diff(ordered, prepend=np.inf))
        # Neighbouring scores without a positive row give points of the curves on one line.
        has = np.logical_or.reduceat(ordered_truth, starts)
        keep = has.copy()
        keep[:1] = True
        keep[1:] |= has[:-1]
        #: Where the rows of each point of the curve end, in falling order.
        self._ends = np.append(starts[keep][1:], len(scores))
        self._positives = np.flatnonzero(ordered_truth)
        self._positive_rows = self.order[self._positives]
        self._positive_ends = self._positives.searchsorted(self._ends)
        self._is_ordered = bool((np.diff(self.order) == 1).all())
        self._group_negatives(starts, np.append(0, ordered_truth.cumsum()))

    def _group_negatives(self, starts: IntArray, positives: IntArray) -> None:
        """Group negative rows, at most `GROUP`, with the same positive ones above and tied.

        Parameters
        ----------
        starts : ndarray of int64
            Where each score begins in `order`.
        positives : ndarray of shape (rows + 1,), int64
            How many positive rows are before each place.
        """
        lengths = np.diff(starts, append=len(self.order))
        negatives = np.flatnonzero(np.diff(positives) == 0)
        above = positives[np.repeat(starts, lengths)[negatives]]
        upto = positives[np.repeat(starts + lengths, lengths)[negatives]]
        place = np.arange(len(negatives))
        is_new = (np.diff(above, prepend=-1) > 0) | (np.diff(upto, prepend=-1) > 0)
        first = np.maximum.accumulate(np.where(is_new, place, 0))
        is_new |= (place - first) % GROUP == 0
        self._above, self._upto = above[is_new], upto[is_new]
        #: The group of each row; positive rows have one of their own, the last.
        self._group = np.full(len(self.order), len(self._above))
        self._group[self.order[negatives]] = is_new.cumsum() - 1

    def curve(self, weights: Weights) -> tuple[FloatArray, FloatArray]:
        """Return the weights of false and true positives at falling thresholds, (0, 0) first.

        Parameters
        ----------
        weights : ndarray of shape (rows,), float64, or uint8 or int32, which take less time

        Returns
        -------
        fp, tp : ndarray of shape (points,), float64
        """
        ordered = weights.take(self.order) if not self._is_ordered else weights.copy()
        positive = ordered.take(self._positives)
        ordered[self._positives] = 0
        return _sums(ordered, self._ends), _sums(positive, self._positive_ends)

    @property
    def point_of(self) -> IntArray:
        """The point of the curve that each row belongs to, shape (rows,)."""
        found = np.empty(len(self.order), np.int64)
        found[self.order] = np.repeat(np.arange(len(self._ends)), np.diff(self._ends, prepend=0))
        return found

    def figure(self, name: str, weights: Weights) -> float:
        """Return one of `RANKED`; nan without a positive or a negative row."""
        if name == "auc":
            return self.areas(next(pack([weights], GROUP)))[0]
        fp, tp = self.curve(weights)
        if name == "ap":
            return average_precision(fp, tp)
        if not (tp[-1] > 0 and fp[-1] > 0):
            return float("nan")
        fpr, tpr = fp / fp[-1], tp / tp[-1]
        below = SENSITIVITY if name == "pauc" else 0.0
        return area_above(fpr, tpr, SENSITIVITY, below=below)

    def areas(self, packed: Packed) -> list[float]:
        """Return the area below the ROC curve of each round; nan without a positive or negative.

        Each negative row adds the weight of the positive rows above it, and half of those that
        it is tied with; the negatives that have the same ones above them are summed first.

        Parameters
        ----------
        packed : Packed
            For sums of at most `GROUP` rows.
        """
        sums = np.bincount(self._group, packed.sum, minlength=len(self._above) + 1)[:-1]
        found = []
        for weights, negative in zip(packed.rounds, packed.unpacked(sums), strict=True):
            positive = _before(weights.take(self._positive_rows))
            pairs = float(positive[-1]) * float(negative.sum())
            twice = (negative * (positive.take(self._above) + positive.take(self._upto))).sum()
            found.append(float(twice) / 2 / pairs if pairs > 0 else float("nan"))
        return found


def _before(weights: Weights) -> NDArray[np.int32] | FloatArray:
    """Return the sum of the weights before each place, and of all."""
    # Sums of a round of a bootstrap fit, and are four times as fast.
    if weights.dtype.kind in "iu":
        return np.append(np.int32(0), np.cumsum(weights, dtype=np.int32))
    return np.append(0.0, np.cumsum(weights, dtype=np.float64))


def _sums(weights: Weights, ends: IntArray) -> FloatArray:
    """Return the sums of the weights before each end, 0 first."""
    found = np.zeros(len(ends) + 1)
    found[1:] = _before(weights).take(ends)
    return found


def area(x: FloatArray, y: FloatArray) -> float:
    """Return the area below a curve by trapezia."""
    return float(np.trapezoid(y, x))


def area_above(
    fpr: FloatArray, tpr: FloatArray, sensitivity: float, *, below: float = 0.0
) -> float:
    """Return the area of an ROC curve where its sensitivity is at least so high, not rescaled.

    Parameters
    ----------
    fpr, tpr : ndarray of shape (points,), float64
    sensitivity : float
        Where the area begins, from the left.
    below : float
        Where it begins, from below: 0 in the challenges' scorer, so that a perfect curve has 1;
        the sensitivity itself in 2024, so that it has 0.2.
    """
    at = int(tpr.searchsorted(sensitivity))
    cut = np.interp(sensitivity, tpr[at - 1 : at + 1], fpr[at - 1 : at + 1])
    return area(np.append(cut, fpr[at:]), np.append(sensitivity, tpr[at:]) - below)


def average_precision(fp: FloatArray, tp: FloatArray) -> float:
    """Return Σ (R_i - R_(i-1)) P_i over thresholds; nan without a positive row."""
    if not tp[-1] > 0:
        return float("nan")
    rises = np.flatnonzero(np.diff(tp)) + 1
    after = tp[rises]
    precision = after / (after + fp[rises])
    return float((np.diff(after, prepend=0.0) * precision).sum() / tp[-1])
