"""The figures of a classification, as the challenges' own scorer computes them.

Every figure is a function of weights of the rows, and what does not depend on the weights, the
order of the scores above all, is prepared once. A bootstrap round is another vector of weights.

The definitions are those of `isic-challenge-scoring` 5.8.0: what is undefined for lack of cases
counts as 1, a row whose highest value occurs twice has no class, and zero weights leave rows out.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from isic_cli.challenge.ranking import GROUP, FloatArray, IntArray, Ranking, Weights, pack

#: Figures from counts of right and wrong rows above a threshold, and from the order of scores.
COUNTED = ("accuracy", "sensitivity", "specificity", "dice", "ppv", "npv")
RANKED = ("auc", "auc_sens_80", "pauc", "ap")
#: The figure whose mean over classes is the score of a task, where it has another name.
FIGURE_OF = {"average_precision": "ap", "mean_auc": "auc", "macro_f1": "dice"}
#: How far predictions are probabilities.
CALIBRATION = ("brier", "ece")
#: What one class has, in the scorer's order.
FIGURES = (*COUNTED, *RANKED, *CALIBRATION)
#: Bins of the calibration error.
_BINS = 10
#: A value above it says yes.
THRESHOLD = 0.5
#: No class: the highest value occurs more than once.
UNDECIDED = -1


class Scorer:
    """Truth and predictions of the same rows, ready to be weighed.

    Parameters
    ----------
    truth : ndarray of shape (rows, classes), float64
        0 and 1.
    predictions : ndarray of shape (rows, classes), float64
        How sure each class is.
    threshold : float
        A value above it says yes.

    Examples
    --------
    >>> import numpy as np
    >>> from isic_cli.challenge import Scorer
    >>> truth, said = np.array([[1.0], [0.0], [0.0]]), np.array([[0.6], [0.7], [0.1]])
    >>> Scorer(truth, said).overall("auc", np.ones(3))
    0.5
    """

    def __init__(
        self, truth: FloatArray, predictions: FloatArray, *, threshold: float = THRESHOLD
    ) -> None:
        self._truth, self._predictions, self._threshold = truth, predictions, threshold
        self._is, says = truth > THRESHOLD, predictions > threshold
        right, said = decided(truth), decided(predictions)
        # Rows with the same answers count alike: they are one pattern.
        answers = np.column_stack([self._is, says, right + 1, said + 1])
        self._pattern, firsts = grouped(answers.T)
        patterns = answers[firsts]
        classes = truth.shape[1]
        is_, says = patterns[:, :classes] > 0, patterns[:, classes : 2 * classes] > 0
        own = patterns[:, -2:-1].astype(np.int64) - 1 == np.arange(classes)
        hit = own & (patterns[:, -1:] == patterns[:, -2:-1])
        self._answered = [right + 1, (right == said).astype(np.int64)]
        #: What each pattern adds to TP, TN, FP, FN, rows and hits of each class.
        self._adds = np.stack(
            [is_ & says, ~is_ & ~says, ~is_ & says, is_ & ~says, own, hit]
        ).astype(np.float64)
        self._rankings: dict[int, Ranking] = {}
        self._errors: dict[tuple[str, int], FloatArray] = {}
        self._bins: dict[int, IntArray] = {}

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self._truth.shape[1])

    def at(self, rows: IntArray) -> "Scorer":
        """Return the scorer of some of the rows."""
        return Scorer(self._truth[rows], self._predictions[rows], threshold=self._threshold)

    def ranking(self, column: int) -> Ranking:
        """Return the order of one class's scores, sorted when first asked for."""
        if column not in self._rankings:
            self._rankings[column] = Ranking(self._is[:, column], self._predictions[:, column])
        return self._rankings[column]

    def counts(self, weights: Weights) -> FloatArray:
        """Return TP, TN, FP, FN, rows and hits of each class, shape (6, classes)."""
        totals = np.bincount(self._pattern, weights, minlength=self._adds.shape[1])
        return np.asarray(totals @ self._adds)

    def alike(self, metric: str) -> list[IntArray] | None:
        """Return codes of the rows: those of equal codes count alike; None if none do."""
        if metric == "balanced_accuracy":
            return self._answered
        if metric in COUNTED:
            return [self._pattern]
        if metric in RANKED:
            return [
                codes
                for column in range(self.classes)
                for codes in (self.ranking(column).point_of, self._is[:, column].astype(np.int64))
            ]
        return None

    def by_class(self, metric: str, weights: Weights) -> FloatArray:
        """Return a figure of each class, shape (classes,); nan where it is undefined.

        Parameters
        ----------
        metric : str
            One of `FIGURES`, or `balanced_accuracy` for each class's part of it, its recall.
        weights : ndarray of shape (rows,), float64
        """
        if metric in COUNTED or metric == "balanced_accuracy":
            return counted(metric, self.counts(weights))
        columns = range(self.classes)
        if metric in RANKED:
            return np.array([self.ranking(at).figure(metric, weights) for at in columns])
        return np.array([self._calibration(metric, at, weights) for at in columns])

    def rounds(self, metric: str, rounds: Sequence[Weights]) -> list[FloatArray]:
        """Return a figure of each class for several weights of the rows; see `by_class`."""
        if metric != "auc":
            return [self.by_class(metric, weights) for weights in rounds]
        rankings = [self.ranking(at) for at in range(self.classes)]
        found = []
        for packed in pack(rounds, GROUP):
            found += list(np.transpose([one.areas(packed) for one in rankings]))
        return found

    def overall(self, metric: str, weights: Weights) -> float:
        """Return the mean of a figure over the classes for which it is defined."""
        values = self.by_class(metric, weights)
        defined = values[~np.isnan(values)]
        return float(defined.mean()) if defined.size else float("nan")

    def confusion(self, weights: Weights) -> FloatArray:
        """Return weights of rows by class and answer, shape (classes, classes + 1).

        The last column holds rows without a decided answer; rows without a class are left out.
        """
        right, said = decided(self._truth), decided(self._predictions)
        width = self.classes + 1
        cell = np.where(said == UNDECIDED, self.classes, said) + right * width
        is_known = right != UNDECIDED
        counts = np.bincount(cell[is_known], weights[is_known], minlength=self.classes * width)
        return np.asarray(counts.reshape(self.classes, width), np.float64)

    def _calibration(self, metric: str, column: int, weights: Weights) -> float:
        """Return the Brier score, or the expected calibration error over ten equal bins.

        Brier, Monthly Weather Review 78 (1950), 1-3, of one class; Naeini, Cooper and
        Hauskrecht, AAAI 2015, 2901-2907.
        """
        total = float(weights.sum())
        if not total > 0:
            return float("nan")
        key = metric, column
        if key not in self._errors:
            errors = self._predictions[:, column] - self._is[:, column]
            self._errors[key] = errors**2 if metric == "brier" else errors
        errors = self._errors[key]
        if metric == "brier":
            # Not `@`: the threads of BLAS wait longer than they work.
            return float((weights * errors).sum() / total)
        gaps = np.bincount(self._bin(column), weights * errors, minlength=_BINS)
        return float(np.abs(gaps).sum() / total)

    def reliability(self, column: int, weights: Weights) -> tuple[FloatArray, FloatArray]:
        """Return what was predicted and what was true of a class, in the bins of `ece`.

        Returns
        -------
        said, right : ndarray of shape (bins with rows,), float64
            Mean prediction, and share of rows that are of the class.
        """
        inside, truth = self._bin(column), self._is[:, column]
        rows, said, right = (
            np.bincount(inside, values, minlength=_BINS)
            for values in (weights, weights * self._predictions[:, column], weights * truth)
        )
        filled = rows > 0
        return said[filled] / rows[filled], right[filled] / rows[filled]

    def _bin(self, column: int) -> IntArray:
        if column not in self._bins:
            said = self._predictions[:, column]
            self._bins[column] = np.clip((said * _BINS).astype(np.int64), 0, _BINS - 1)
        return self._bins[column]


def grouped(codes: Iterable[NDArray[np.integer]]) -> tuple[IntArray, IntArray]:
    """Return the number of each distinct combination of codes.

    Parameters
    ----------
    codes : iterable of ndarray of shape (rows,)
        Whole numbers, at least one array.

    Returns
    -------
    number : ndarray of shape (rows,), int64
        The combination of each row.
    first : ndarray of int64
        The first row that has each combination.
    """
    key: IntArray | None = None
    for one in codes:
        fresh = one.astype(np.int64)
        if key is not None:
            fresh = key * (int(fresh.max()) + 1) + fresh
        if fresh.max() > np.iinfo(np.int32).max or fresh.min() < 0:
            fresh = np.unique(fresh, return_inverse=True)[1].astype(np.int64)
        key = fresh
    _, first, number = np.unique(
        np.zeros(0, np.int64) if key is None else key, return_index=True, return_inverse=True
    )
    return number.astype(np.int64), first.astype(np.int64)


def decided(values: FloatArray) -> IntArray:
    """Return the column of the highest value of each row, `UNDECIDED` where it is there twice."""
    best = values.argmax(axis=1)
    highest = values[np.arange(len(values)), best]
    best[(values == highest[:, np.newaxis]).sum(axis=1) > 1] = UNDECIDED
    return np.asarray(best, np.int64)


def counted(metric: str, counts: FloatArray) -> FloatArray:
    """Return a figure from counts.

    Parameters
    ----------
    metric : str
        One of `COUNTED`, or `balanced_accuracy`.
    counts : ndarray of shape (6, classes), float64
        TP, TN, FP, FN, rows and hits.

    Returns
    -------
    ndarray of shape (classes,), float64
        1 where there is nothing to be wrong about; nan of an accuracy or a recall without rows.
    """
    tp, tn, fp, fn, rows, hits = counts
    part, whole, empty = {
        "accuracy": (tp + tn, tp + tn + fp + fn, np.nan),
        "sensitivity": (tp, tp + fn, 1.0),
        "specificity": (tn, tn + fp, 1.0),
        "dice": (2 * tp, 2 * tp + fp + fn, 1.0),
        "jaccard": (tp, tp + fp + fn, 1.0),
        "ppv": (tp, tp + fp, 1.0),
        "npv": (tn, tn + fn, 1.0),
        "balanced_accuracy": (hits, rows, np.nan),
    }[metric]
    return np.asarray(np.divide(part, whole, out=np.full(len(part), empty), where=whole > 0))
