"""Gwet's AC1: a coefficient that stays sensible where nearly every answer is the same."""

import numpy as np

from isic_cli.agreement.bootstrap import Agreement, Bootstrap, ratio
from isic_cli.agreement.counts import count_choices
from isic_cli.agreement.table import Choices, FloatArray


def gwet_ac1(table: Choices, *, bootstrap: Bootstrap | None = None) -> Agreement:
    """Gwet's AC1 of any number of readers, with empty cells.

    Parameters
    ----------
    table : Choices
        The answers. The number of `table.categories` enters the coefficient, so hand in every
        possible choice where it is known. An item with a single answer counts for how often
        each choice is used, not for agreement.
    bootstrap : Bootstrap, optional
        Draw an interval.

    Notes
    -----
    (p_a - p_e) / (1 - p_e), p_e = Σ π_k (1 - π_k) / (K - 1), π_k the mean over items of the
    share of choice k among K: Gwet, British Journal of Mathematical and Statistical Psychology
    61 (2008), 29-48.
    """
    counted = count_choices(table, pairable=False)
    if reason := counted.sample.unpaired:
        return counted.sample.undefined("Gwet's AC1", reason)
    others = len(table.categories) - 1
    if others == 0:
        return counted.sample.undefined(
            "Gwet's AC1", "every answer is the same, and no other possible choice is known"
        )
    agreeing = counted.agreeing
    ratings = counted.ratings
    paired = (ratings >= 2).astype(np.float64)
    shares = counted.votes / ratings[:, np.newaxis]

    def estimate(weights: FloatArray) -> FloatArray:
        total = weights.sum(axis=1)
        observed = ratio(weights @ agreeing, weights @ paired, scale=total)
        use = weights @ shares / total[:, np.newaxis]
        chance = (use * (1 - use)).sum(axis=1) / others
        # p_e is at most 1/K, so the denominator never vanishes.
        return np.asarray((observed - chance) / (1 - chance))

    return counted.sample.agreement(
        "Gwet's AC1", estimate, counted.counts, reason="", bootstrap=bootstrap
    )
