"""Krippendorff's α for nominal, ordinal and interval answers, with empty cells."""

from typing import Literal

import numpy as np

from isic_cli.agreement.bootstrap import Bootstrap, Estimate, Patterns, gather, ratio
from isic_cli.agreement.counts import ALL_EQUAL, count_choices
from isic_cli.agreement.result import Agreement, UsedItems
from isic_cli.agreement.table import Choices, FloatArray, Numbers, standardised

#: What a difference between two answers means.
Metric = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(
    table: Choices | Numbers, *, metric: Metric = "nominal", bootstrap: Bootstrap | None = None
) -> Agreement:
    """Krippendorff's α of any number of readers, over the items with at least two answers.

    Parameters
    ----------
    table : Choices or Numbers
        The answers. Numbers are ranked for `nominal` and `ordinal`; choices are read as
        numbers for `interval`.
    metric : {"nominal", "ordinal", "interval"}
        Answers differ or not; differ by the ranks between them, in the order of
        `table.categories`; differ by the square of their difference.
    bootstrap : Bootstrap, optional
        Draw an interval.

    Raises
    ------
    UsageError
        `interval` is asked of choices that are not numbers.

    Notes
    -----
    α = 1 - D_o / D_e from the coincidences o_ck, in which each of the m_u answers to an item
    weighs 1 / (m_u - 1): Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), and
    Content Analysis, 2nd ed. (2004), chapter 11. The ordinal difference
    (Σ_{g=c}^{k} n_g - (n_c + n_k) / 2)² is the squared difference of midranks, so ordinal and
    interval share the formula of the variance and no table of coincidences is needed.
    """
    name = f"Krippendorff's α ({metric})"
    if metric == "interval":
        return _interval(
            table if isinstance(table, Numbers) else table.to_numbers(), name, bootstrap
        )
    choices = table if isinstance(table, Choices) else table.to_choices()
    counted = count_choices(choices, pairable=True)
    if reason := counted.sample.unpaired:
        return counted.sample.undefined(name, reason)
    rows, estimate = (_nominal if metric == "nominal" else _ordinal)(counted.votes)
    patterns = Patterns(rows, counted.counts)
    return counted.sample.agreement(name, estimate, patterns, reason=ALL_EQUAL, bootstrap=bootstrap)


def _nominal(votes: FloatArray) -> tuple[FloatArray, Estimate]:
    """Return the rows of `Patterns` and the coefficient of their sums."""
    ratings = votes.sum(axis=1)
    differing = (ratings**2 - (votes**2).sum(axis=1)) / (ratings - 1)

    def estimate(sums: FloatArray) -> FloatArray:
        use = sums[:, 1:]
        total = use.sum(axis=1)
        expected = total**2 - (use**2).sum(axis=1)
        return 1 - ratio((total - 1) * sums[:, 0], expected, scale=total**2)

    return np.column_stack([differing, votes]), estimate


def _ordinal(votes: FloatArray) -> tuple[FloatArray, Estimate]:
    """Return the rows of `Patterns` and the coefficient of their sums."""
    ratings, size = votes.sum(axis=1)[:, np.newaxis], votes.shape[1]
    products = votes[:, :, np.newaxis] * votes[:, np.newaxis] / (ratings - 1)[:, np.newaxis]

    def estimate(sums: FloatArray) -> FloatArray:
        use, spreading, common = np.split(sums, [size, 2 * size], axis=1)
        total = use.sum(axis=1)
        # Midranks less their mean, in units of the number of answers.
        rank = (np.cumsum(use, axis=1) - use / 2) / total[:, np.newaxis] - 0.5
        spread = (spreading * rank**2).sum(axis=1)
        shared = np.einsum("rk,rkl,rl->r", rank, common.reshape(-1, size, size), rank)
        expected = total * (use * rank**2).sum(axis=1)
        return 1 - ratio((total - 1) * (spread - shared), expected, scale=total**2)

    rows = [votes, votes * ratings / (ratings - 1), products.reshape(-1, size * size)]
    return np.concatenate(rows, axis=1), estimate


def _interval(table: Numbers, name: str, bootstrap: Bootstrap | None) -> Agreement:
    answered = table.answered
    ratings = answered.sum(axis=1)
    sample = UsedItems(answered, ratings >= 2)
    if reason := sample.unpaired:
        return sample.undefined(name, reason)
    present, ratings = answered[sample.used], ratings[sample.used]
    values = standardised(np.where(present, table.values[sample.used], np.nan))
    values = np.where(present, values, 0)
    sums = values.sum(axis=1)
    inside = np.where(present, values - (sums / ratings)[:, np.newaxis], 0)
    within = (inside**2).sum(axis=1) * ratings / (ratings - 1)
    rows, counts = gather(np.column_stack([ratings, sums, (values**2).sum(axis=1), within]))

    def estimate(sums: FloatArray) -> FloatArray:
        total, first, second, differing = sums.T
        expected = total * second - first**2
        return 1 - ratio((total - 1) * differing, expected, scale=total * second)

    return sample.agreement(
        name, estimate, Patterns(rows, counts), reason=ALL_EQUAL, bootstrap=bootstrap
    )
