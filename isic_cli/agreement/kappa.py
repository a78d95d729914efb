"""Agreement of choices: percent agreement, the κ of Cohen, Conger and Fleiss, Gwet's AC1 and AC2.

Each is 1 - D_o / D_e: the disagreement observed between pairs of answers to one item over that
expected by chance, where two different choices differ by 1, by their distance in the order of the
choices, or by its square. The coefficients differ in what they expect by chance.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from isic_cli.agreement.bootstrap import Bootstrap, Estimate, Patterns, gather, ratio
from isic_cli.agreement.counts import ALL_EQUAL, count_choices
from isic_cli.agreement.result import Agreement, UsedItems
from isic_cli.agreement.table import Choices, FloatArray, IntArray, vote_counts
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
    rows = np.column_stack([counted.agreeing, np.ones(len(counted.counts))])

    def estimate(sums: FloatArray) -> FloatArray:
        return np.asarray(sums[:, 0] / sums[:, 1])

    return counted.sample.agreement(
        "percent agreement",
        estimate,
        Patterns(rows, counted.counts),
        reason="",
        bootstrap=bootstrap,
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
    rows = np.column_stack([distance, one_hot[pairs[:, 0]], one_hot[pairs[:, 1]]])
    largest = disagreement.max()

    def estimate(sums: FloatArray) -> FloatArray:
        first, second = np.split(sums[:, 1:], 2, axis=1)
        total = first.sum(axis=1)
        expected = ((first @ disagreement) * second).sum(axis=1)
        return 1 - ratio(total * sums[:, 0], expected, scale=total**2 * largest)

    return sample.agreement(
        name, estimate, Patterns(rows, counts), reason=ALL_EQUAL, bootstrap=bootstrap
    )


def conger_kappa(
    table: Choices, *, weights: Weights = "none", bootstrap: Bootstrap | None = None
) -> Agreement:
    """Conger's κ: that of Cohen, also weighted, for any number of readers.

    Parameters
    ----------
    table : Choices
        The answers. Every reader's own use of the choices enters, from all items that the reader
        answered; of two readers with complete answers it is Cohen's κ.
    weights : {"none", "linear", "quadratic"}
        How much a disagreement weighs, as for `cohen_kappa`.
    bootstrap : Bootstrap, optional
        Draw an interval.

    Notes
    -----
    Conger, Psychological Bulletin 88 (1980), 322-328: what is expected by chance is the mean over
    pairs of readers of Cohen's. Weights and empty cells as Gwet, Handbook of Inter-Rater
    Reliability, 4th ed. (2014), chapters 2 and 3.
    """
    name = "Conger's κ" if weights == "none" else f"Conger's weighted κ ({weights})"
    answered = table.answered
    sample = UsedItems(answered, answered.sum(axis=1) >= 2)
    if reason := sample.unpaired:
        return sample.undefined(name, reason)
    size, readers = len(table.categories), sample.readers
    distance = _disagreement(weights, size) / max(1, _disagreement(weights, size).max())
    active = answered.any(axis=0)
    codes, counts = gather(table.codes[answered.any(axis=1)][:, active])
    observed = _observed(vote_counts(codes, size).astype(np.float64), distance)
    one_hot = np.vstack([np.eye(size), np.zeros(size)])[codes]

    def estimate(sums: FloatArray) -> FloatArray:
        use = sums[:, 2:].reshape(-1, readers, size)
        answers = use.sum(axis=2, keepdims=True)
        # A bootstrap round may leave a reader without answers: it has no share in chance then.
        use = np.divide(use, answers, out=np.zeros_like(use), where=answers > 0)
        there = (answers > 0).sum(axis=(1, 2))
        both = use.sum(axis=1)
        own = ((use @ distance) * use).sum(axis=(1, 2))
        expected = ((both @ distance) * both).sum(axis=1) - own
        found = ratio(sums[:, 0] * there * (there - 1), sums[:, 1], scale=sums[:, 1])
        return 1 - ratio(found, expected, scale=there.astype(np.float64) ** 2)

    rows = np.column_stack([observed, one_hot.reshape(len(codes), -1)])
    return sample.agreement(
        name, estimate, Patterns(rows, counts), reason=ALL_EQUAL, bootstrap=bootstrap
    )


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
    patterns, estimate = _by_use(
        counted.votes,
        counted.counts,
        np.ones((len(table.categories),) * 2) - np.eye(len(table.categories)),
        # Σ p(1-p) is 1 - Σ p² without its loss of digits near complete agreement by chance.
        lambda use: np.asarray((use * (1 - use)).sum(axis=1)),
    )
    return counted.sample.agreement(
        "Fleiss' κ", estimate, patterns, reason=ALL_EQUAL, bootstrap=bootstrap
    )


def gwet_ac(
    table: Choices, *, weights: Weights = "none", bootstrap: Bootstrap | None = None
) -> Agreement:
    """Gwet's AC1, or AC2 with weights, of any number of readers, with empty cells.

    It stays sensible where nearly every answer is the same.

    Parameters
    ----------
    table : Choices
        The answers. The number of `table.categories` enters the coefficient, so hand in every
        possible choice where it is known. An item with a single answer counts for how often
        each choice is used, not for agreement.
    weights : {"none", "linear", "quadratic"}
        How much a disagreement weighs; `none` is AC1.
    bootstrap : Bootstrap, optional
        Draw an interval.

    Notes
    -----
    (p_a - p_e) / (1 - p_e), p_e = T_w / (K (K - 1)) Σ π_k (1 - π_k), π_k the mean over items of
    the share of choice k among K, T_w the sum of all K² weights of agreement (K for AC1): Gwet,
    British Journal of Mathematical and Statistical Psychology 61 (2008), 29-48; weighted,
    Handbook of Inter-Rater Reliability, 4th ed. (2014), chapter 3.
    """
    name = "Gwet's AC1" if weights == "none" else f"Gwet's AC2 ({weights})"
    counted = count_choices(table, pairable=False)
    if reason := counted.sample.unpaired:
        return counted.sample.undefined(name, reason)
    size = len(table.categories)
    if size == 1:
        return counted.sample.undefined(
            name, "every answer is the same, and no other possible choice is known"
        )
    distance = _disagreement(weights, size)
    distance = distance / distance.max()
    share = (size**2 - distance.sum()) / (size * (size - 1))
    patterns, estimate = _by_use(
        counted.votes,
        counted.counts,
        distance,
        lambda use: np.asarray(1 - share * (use * (1 - use)).sum(axis=1)),
    )
    return counted.sample.agreement(name, estimate, patterns, reason=ALL_EQUAL, bootstrap=bootstrap)


def _by_use(
    votes: FloatArray,
    counts: IntArray,
    distance: FloatArray,
    expected: Callable[[FloatArray], FloatArray],
) -> tuple[Patterns, Estimate]:
    """Return a coefficient whose expected disagreement depends on how often choices are used.

    Parameters
    ----------
    votes : ndarray of shape (patterns, categories)
        How often each choice was given to an item.
    counts : ndarray of shape (patterns,)
        Items of each pattern.
    distance : ndarray of shape (categories, categories)
        Disagreement of two choices, at most 1.
    expected : callable
        From the shares of the choices, shape (rounds, categories), to (rounds,).
    """
    shares = votes / votes.sum(axis=1, keepdims=True)

    def estimate(sums: FloatArray) -> FloatArray:
        found = ratio(sums[:, 0], sums[:, 1], scale=sums[:, 2])
        room = expected(sums[:, 3:] / sums[:, 2:3])
        return 1 - ratio(found, room, scale=np.ones_like(room))

    rows = np.column_stack([_observed(votes, distance), np.ones(len(votes)), shares])
    return Patterns(rows, counts), estimate


def _observed(votes: FloatArray, distance: FloatArray) -> FloatArray:
    """Return the mean disagreement of pairs of answers, and whether there is a pair: (items, 2)."""
    ratings = votes.sum(axis=1)
    pairs = ratings * (ratings - 1)
    apart = ((votes @ distance) * votes).sum(axis=1)
    return np.column_stack([apart / np.maximum(pairs, 1), pairs > 0]).astype(np.float64)


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
