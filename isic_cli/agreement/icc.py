"""Intraclass correlations of Shrout and Fleiss, for answers that are numbers."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from isic_cli.agreement.bootstrap import Bootstrap, Patterns, gather, ratio
from isic_cli.agreement.counts import ALL_EQUAL
from isic_cli.agreement.result import Agreement, UsedItems
from isic_cli.agreement.table import FloatArray, Numbers, standardised

#: The six forms: one reader's answers, then (with k) the mean of all readers' answers.
Form = Literal["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]
FORMS: tuple[Form, ...] = get_args(Form)


def intraclass_correlation(
    table: Numbers, *, form: Form = "ICC(2,1)", bootstrap: Bootstrap | None = None
) -> Agreement:
    """Intraclass correlation, over the items that every reader with an answer answered.

    Parameters
    ----------
    table : Numbers
        The answers. A reader without any is left out; an item with an empty cell too.
    form : str
        First number: 1, each item has readers of its own; 2, the readers are a sample of all
        readers, and their systematic differences count (absolute agreement); 3, these readers
        only, systematic differences do not count (consistency). Second: 1 for a single
        reader's answers, k for the mean over the readers.
    bootstrap : Bootstrap, optional
        Draw an interval.

    Notes
    -----
    Shrout and Fleiss, Psychological Bulletin 86 (1979), 420-428, pp. 423-426, from the mean
    squares between items, within items, between readers and of the residual.
    """
    active = table.answered.any(axis=0)
    complete = table.answered[:, active].sum(axis=1) == max(1, active.sum())
    sample = UsedItems(table.answered, complete)
    if reason := sample.lonely:
        return sample.undefined(form, reason)
    if complete.sum() < 2:
        return sample.undefined(form, "fewer than two items were answered by every reader")
    values, counts = gather(standardised(table.values[np.ix_(complete, active)]))
    means = values.mean(axis=1)
    inside = ((values - means[:, np.newaxis]) ** 2).sum(axis=1)
    squares = (values**2).sum(axis=1)
    rows = np.column_stack([np.ones(len(values)), means, means**2, squares, inside, values])

    def estimate(sums: FloatArray) -> FloatArray:
        found = _mean_squares(sums)
        return ratio(*_fraction(form, found), scale=found.scale)

    reason = ALL_EQUAL if not values.any() else "the items do not differ"
    return sample.agreement(
        form, estimate, Patterns(rows, counts), reason=reason, bootstrap=bootstrap
    )


@dataclass(frozen=True, eq=False)
class _MeanSquares:
    """Mean squares, each of shape (rounds,), with the numbers of items and readers."""

    items: FloatArray
    readers: int
    between: FloatArray
    within: FloatArray
    reader: FloatArray
    residual: FloatArray
    scale: FloatArray


def _mean_squares(sums: FloatArray) -> _MeanSquares:
    """Return the mean squares of samples.

    Parameters
    ----------
    sums : ndarray of shape (rounds, 5 + readers)
        Items; sums over them of the mean over the readers, of its square, of the answers' squares
        and of the squared distances from the mean; sums of each reader's answers.
    """
    items, mean, squared_mean, total, within = sums[:, :5].T
    readers = sums.shape[1] - 5
    grand = mean / items
    columns = sums[:, 5:] / items[:, np.newaxis]
    between = readers * (squared_mean - items * grand**2)
    reader = items * ((columns - grand[:, np.newaxis]) ** 2).sum(axis=1)
    return _MeanSquares(
        items=items,
        readers=readers,
        between=between / (items - 1),
        within=within / (items * (readers - 1)),
        reader=reader / (readers - 1),
        residual=(within - reader) / ((items - 1) * (readers - 1)),
        scale=total / (items - 1),
    )


def _fraction(form: Form, squares: _MeanSquares) -> tuple[FloatArray, FloatArray]:
    """Return numerator and denominator of a form, ICC(3,k) at the end."""
    between, within, residual = squares.between, squares.within, squares.residual
    bias = (squares.reader - residual) / squares.items
    others, readers = squares.readers - 1, squares.readers
    match form:
        case "ICC(1,1)":
            return between - within, between + others * within
        case "ICC(2,1)":
            return between - residual, between + others * residual + readers * bias
        case "ICC(3,1)":
            return between - residual, between + others * residual
        case "ICC(1,k)":
            return between - within, between
        case "ICC(2,k)":
            return between - residual, between + bias
    return between - residual, between
