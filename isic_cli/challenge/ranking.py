"""Curves over falling thresholds, and the areas below them.

Fawcett, Pattern Recognition Letters 27 (2006), 861-874.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
#: How much each row counts: whole numbers in a round of a bootstrap, where they can be.
Weights = FloatArray | NDArray[np.uint8] | NDArray[np.int32]

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
        self._positive_ends = self._positives.searchsorted(self._ends)
        self._is_ordered = bool((np.diff(self.order) == 1).all())

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
        fp, tp = self.curve(weights)
        if name == "ap":
            return average_precision(fp, tp)
        if not (tp[-1] > 0 and fp[-1] > 0):
            return float("nan")
        if name == "auc":
            return area(fp, tp) / float(fp[-1] * tp[-1])
        fpr, tpr = fp / fp[-1], tp / tp[-1]
        below = SENSITIVITY if name == "pauc" else 0.0
        return area_above(fpr, tpr, SENSITIVITY, below=below)


def _sums(weights: Weights, ends: IntArray) -> FloatArray:
    """Return the sums of the weights before each end, 0 first."""
    # Sums of a round of a bootstrap fit, and are four times as fast.
    sums = np.zeros(len(weights) + 1, np.int32 if weights.dtype.kind in "iu" else np.float64)
    np.cumsum(weights, dtype=sums.dtype, out=sums[1:])
    found = np.zeros(len(ends) + 1)
    found[1:] = sums.take(ends)
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
