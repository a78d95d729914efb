"""Percent agreement, Cohen's κ for two readers (also weighted) and Fleiss' κ for any number."""

from typing import Literal

import numpy as np

from isic_cli.agreement.bootstrap import Agreement, Bootstrap, UsedItems, gather, ratio
from isic_cli.agreement.counts import ALL_EQUAL, count_choices
from isic_cli.agreement.table import Choices, FloatArray
from isic_cli.errors import UsageError

#: How far apart two choices are.
Weights = Literal["none", "linear", "quadratic"]


def percent_agreement(table: Choices, *, bootstrap: Bootstrap | None = None) -> Agreement:
    """Share of agreeing pairs of answers, averaged over the items with at least two.

    Parameters
    ----------
    table : Choices
        The answers; empty cells form no pairs.
    bootstrap : Bootstrap, optional
        Draw an interval.

    Notes
    -----
    P̄ of Fleiss (1971), p. 379; between 0 and 1, not corrected for chance.
    """
    counted = count_choices(table, pairable=True)
    if reason := counted.sample.unpaired:
        return counted.sample.undefined("percent agreement", reason)
    agreeing = counted.agreeing

    def estimate(weights: FloatArray) -> FloatArray:
        return np.asarray((weights @ agreeing) / weights.sum(axis=1))

    return counted.sample.agreement(
        "percent agreement", estimate, counted.counts, reason="", bootstrap=bootstrap
    )


def cohen_kappa(
    table: Choices,
    *,
    weights: Weights | FloatArray = "none",
    bootstrap: Bootstrap | None = None,
) -> Agreement:
    """Cohen's κ of two readers, over the items that both answered.

    Parameters
    ----------
    table : Choices
        Answers of exactly two readers; any other number makes it undefined.
    weights : {"none", "linear", "quadratic"} or ndarray of shape (categories, categories)
        How much a disagreement weighs: all alike, by the distance of the two choices in the
        order of `table.categories`, by its square, or as in the array (0 where they agree).
    bootstrap : Bootstrap, optional
        Draw an interval.

    Raises
    ------
    UsageError
        An array of weights of the wrong shape, or with a negative weight.

    Notes
    -----
    κ = (p_o - p_c) / (1 - p_c): Cohen, Educational and Psychological Measurement 20 (1960),
    37-46, p. 40. Weighted, κ_w = 1 - Σ v_ij p_oij / Σ v_ij p_cij: Cohen, Psychological Bulletin
    70 (1968), 213-220, p. 215; the two forms agree where every disagreement weighs 1.
    """
    name = "Cohen's κ" if isinstance(weights, str) and weights == "none" else "weighted κ"
    if isinstance(weights, str) and weights != "none":
        name = f"{name} ({weights})"
    disagreement = _disagreement(weights, len(table.categories))
    answered = table.answered
    sample = UsedItems(answered, answered.sum(axis=1) >= 2)
    if sample.readers > 2:
        # Nothing can be compared by this coefficient, so no item counts as used.
        sample = UsedItems(answered, np.zeros(len(answered), bool))
        return sample.undefined(name, f"it compares two readers, and {sample.readers} answered")
    if reason := sample.unpaired:
        return sample.undefined(name, reason)
    pairs, counts = gather(table.codes[sample.used][:, answered.any(axis=0)])
    distance = disagreement[pairs[:, 0], pairs[:, 1]]
    one_hot = np.eye(len(table.categories))
    first, second = one_hot[pairs[:, 0]], one_hot[pairs[:, 1]]

    def estimate(drawn: FloatArray) -> FloatArray:
        total = drawn.sum(axis=1)
        expected = ((drawn @ first @ disagreement) * (drawn @ second)).sum(axis=1)
        return 1 - ratio(total * (drawn @ distance), expected, scale=total**2 * disagreement.max())

    return sample.agreement(name, estimate, counts, reason=ALL_EQUAL, bootstrap=bootstrap)


def fleiss_kappa(table: Choices, *, bootstrap: Bootstrap | None = None) -> Agreement:
    """Fleiss' κ of any number of readers.

    Parameters
    ----------
    table : Choices
        The answers. Fleiss asks for as many answers to each item; with empty cells each item
        weighs alike whatever its number of answers, and an item with a single one counts for
        how often each choice is used, not for agreement.
    bootstrap : Bootstrap, optional
        Draw an interval.

    Notes
    -----
    κ = (P̄ - P̄_e) / (1 - P̄_e), P̄_e = Σ p_j²: Fleiss, Psychological Bulletin 76 (1971), 378-382,
    p. 379. With empty cells p_j is the mean over items of the share of choice j, as in Gwet,
    Handbook of Inter-Rater Reliability, 4th ed. (2014), chapter 2; without, it is Fleiss' own.
    """
    counted = count_choices(table, pairable=False)
    if reason := counted.sample.unpaired:
        return counted.sample.undefined("Fleiss' κ", reason)
    agreeing = counted.agreeing
    ratings = counted.ratings
    paired = (ratings >= 2).astype(np.float64)
    shares = counted.votes / ratings[:, np.newaxis]

    def estimate(weights: FloatArray) -> FloatArray:
        total = weights.sum(axis=1)
        observed = ratio(weights @ agreeing, weights @ paired, scale=total)
        use = weights @ shares / total[:, np.newaxis]
        # Σ p(1-p) is 1 - Σ p² without its loss of digits near complete agreement by chance.
        room = (use * (1 - use)).sum(axis=1)
        return 1 - ratio(1 - observed, room, scale=np.ones_like(room))

    return counted.sample.agreement(
        "Fleiss' κ", estimate, counted.counts, reason=ALL_EQUAL, bootstrap=bootstrap
    )


def _disagreement(weights: Weights | FloatArray, size: int) -> FloatArray:
    rank = np.arange(size, dtype=np.float64)
    distance = np.abs(rank[:, np.newaxis] - rank)
    if isinstance(weights, str):
        if weights == "none":
            return (distance > 0).astype(np.float64)
        return distance if weights == "linear" else distance**2
    if weights.shape != (size, size):
        raise UsageError(f"weights of shape {weights.shape} do not fit {size} choices")
    if weights.min(initial=0) < 0:
        raise UsageError("a weight of a disagreement is negative")
    return weights
