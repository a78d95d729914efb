"""Dice and intersection over union of every pair."""

import numpy as np

from isic_cli.agreement.overlap import Overlap, pairwise_overlap
from isic_cli.agreement.votes import PatternBuilder


def test_every_pair_in_order() -> None:
    builder = PatternBuilder()
    builder.add(np.array([[1, 1, 0], [1, 1, 0]]), name="anna")
    builder.add(np.array([[0, 1, 1], [0, 0, 0]]), name="ben")
    builder.add(np.array([[0, 0, 0], [0, 0, 1]]), name="cleo")
    assert pairwise_overlap(builder.build()) == (
        Overlap("anna", "ben", intersection=1, union=5, dice=2 / 6, iou=1 / 5),
        Overlap("anna", "cleo", intersection=0, union=5, dice=0.0, iou=0.0),
        Overlap("ben", "cleo", intersection=0, union=3, dice=0.0, iou=0.0),
    )


def test_two_empty_masks_have_no_overlap_to_measure() -> None:
    builder = PatternBuilder()
    builder.add(np.zeros((2, 2)), name="anna")
    builder.add(np.zeros((2, 2)), name="ben")
    assert pairwise_overlap(builder.build()) == (
        Overlap("anna", "ben", intersection=0, union=0, dice=None, iou=None),
    )


def test_one_mask_has_no_pair() -> None:
    builder = PatternBuilder()
    builder.add(np.ones((2, 2)), name="anna")
    assert pairwise_overlap(builder.build()) == ()


def test_the_score_of_the_2018_challenge_counts_poor_masks_as_nothing() -> None:
    def score(iou: float | None) -> float:
        return Overlap("a", "b", intersection=0, union=0, dice=None, iou=iou).threshold_jaccard

    assert [score(0.0), score(0.6499), score(0.65), score(1.0)] == [0.0, 0.0, 0.65, 1.0]
    assert score(None) == 1.0
