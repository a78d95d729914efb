"""STAPLE finds the performance of simulated readers, as another implementation does."""

import numpy as np
import pytest

from isic_cli.agreement.staple import Performance, staple
from isic_cli.agreement.table import BoolArray, FloatArray
from isic_cli.agreement.votes import PatternBuilder, VotePatterns
from isic_cli.errors import UsageError


def patterns(masks: list[BoolArray]) -> VotePatterns:
    builder = PatternBuilder()
    for reader, mask in enumerate(masks):
        builder.add(mask, name=f"r{reader}")
    return builder.build()


def disc_readers() -> list[BoolArray]:
    """Four readers of a disc who flip 2, 10, 20 and 30 % of the pixels."""
    y, x = np.mgrid[0:24, 0:32]
    truth = (y - 12) ** 2 + (x - 16) ** 2 < 64
    generator = np.random.default_rng(7)
    return [truth ^ (generator.random(truth.shape) < rate) for rate in (0.02, 0.1, 0.2, 0.3)]


def test_the_performances_equal_those_of_itk() -> None:
    # SimpleITK 2.5.7 on these four masks; it stops after 50 rounds, hence the tolerance.
    found = staple(patterns(disc_readers()))
    assert found.converged
    sensitivity = [reader.sensitivity for reader in found.performance]
    specificity = [reader.specificity for reader in found.performance]
    assert sensitivity == pytest.approx(
        [0.9469997396665821, 0.8864469658538168, 0.8120358948316717, 0.6903642577991906], abs=1e-6
    )
    assert specificity == pytest.approx(
        [0.9965085126639485, 0.8986971298014046, 0.8225398637417018, 0.7197506255760059], abs=1e-6
    )
    assert found.mask.sum() == 207
    assert found.probability.sum() == pytest.approx(209.13283, abs=1e-3)


def pixel_by_pixel(masks: list[BoolArray], rounds: int) -> FloatArray:
    """The same steps as the paper writes them, over every pixel and without logarithms."""
    decisions = np.stack([mask.ravel() for mask in masks]).astype(np.float64)
    prior = decisions.mean()
    p = q = np.full((len(masks), 1), 0.99999)
    weight = decisions[0]
    for _ in range(rounds + 1):
        true = prior * np.prod(np.where(decisions == 1, p, 1 - p), axis=0)
        false = (1 - prior) * np.prod(np.where(decisions == 1, 1 - q, q), axis=0)
        weight = true / (true + false)
        p = (decisions @ weight / weight.sum())[:, np.newaxis]
        q = ((1 - decisions) @ (1 - weight) / (1 - weight).sum())[:, np.newaxis]
    return np.asarray(weight.reshape(masks[0].shape))


def test_grouped_pixels_give_what_single_pixels_give() -> None:
    masks = disc_readers()
    found = staple(patterns(masks), max_rounds=12)
    assert (found.rounds, found.converged) == (12, False)
    np.testing.assert_allclose(found.probability, pixel_by_pixel(masks, 12), atol=1e-12)


def test_readers_who_agree_are_right() -> None:
    mask = np.array([[True, False], [False, False]])
    found = staple(patterns([mask, mask, mask]))
    assert found.mask.tolist() == mask.tolist()
    assert [
        (round(r.sensitivity or 0, 9), round(r.specificity or 0, 9)) for r in found.performance
    ] == [(1, 1)] * 3


def test_nobody_marked_anything() -> None:
    found = staple(patterns([np.zeros((2, 2), bool)] * 2))
    assert not found.mask.any()
    assert found.performance == (Performance("r0", None, 1.0), Performance("r1", None, 1.0))
    assert found.converged


def test_everybody_marked_everything() -> None:
    found = staple(patterns([np.ones((2, 2), bool)] * 2))
    assert found.mask.all()
    assert found.performance == (Performance("r0", 1.0, None), Performance("r1", 1.0, None))


def test_one_mask_has_nobody_to_compare() -> None:
    with pytest.raises(UsageError, match="STAPLE compares the masks of two readers or more"):
        staple(patterns([np.ones((2, 2), bool)]))
