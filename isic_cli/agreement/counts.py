"""Choices reduced to what several coefficients share: how often an item got each choice."""

from dataclasses import dataclass

import numpy as np

from isic_cli.agreement.bootstrap import gather
from isic_cli.agreement.result import UsedItems
from isic_cli.agreement.table import Choices, FloatArray, IntArray, vote_counts

#: Why a coefficient that corrects for chance is undefined when there is nothing but one choice.
ALL_EQUAL = "every answer is the same, so agreement by chance is complete"


@dataclass(frozen=True, eq=False)
class ChoiceCounts:
    """The distinct items of a table of choices.

    Parameters
    ----------
    sample : UsedItems
        Which cells are answered, and which items have two answers or more.
    votes : ndarray of shape (patterns, categories), float64
        How often each choice was given to such an item.
    counts : ndarray of shape (patterns,), int64
        How many items are like it.
    """

    sample: UsedItems
    votes: FloatArray
    counts: IntArray

    @property
    def ratings(self) -> FloatArray:
        """Answers to an item of each pattern, shape (patterns,)."""
        return np.asarray(self.votes.sum(axis=1))

    @property
    def agreeing(self) -> FloatArray:
        """Share of agreeing pairs of answers, shape (patterns,); 0 for a single answer.

        P_i of Fleiss, Psychological Bulletin 76 (1971), p. 379.
        """
        return agreeing_pairs(self.votes)


def agreeing_pairs(votes: FloatArray | IntArray) -> FloatArray:
    """Return the share of agreeing pairs among the answers of each row; 0 for a single answer."""
    ratings = votes.sum(axis=1)
    pairs = ratings * (ratings - 1)
    same = (votes * (votes - 1)).sum(axis=1)
    return np.asarray(same / np.maximum(pairs, 1), np.float64)


def count_choices(table: Choices, *, pairable: bool) -> ChoiceCounts:
    """Count the choices of each item.

    Parameters
    ----------
    table : Choices
        The answers.
    pairable : bool
        Keep only items with two answers or more; else those with one too.
    """
    answered = table.answered
    ratings = answered.sum(axis=1)
    sample = UsedItems(answered, ratings >= 2)
    kept = np.sort(table.codes[ratings >= (2 if pairable else 1)], axis=1)
    rows, counts = gather(kept) if kept.size else (kept, np.zeros(0, np.int64))
    votes = vote_counts(rows, len(table.categories)).astype(np.float64)
    return ChoiceCounts(sample, votes, counts)
