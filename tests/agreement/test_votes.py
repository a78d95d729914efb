"""Masks reduced to votes: majority with ties, and pixels grouped by who marked them."""

import tracemalloc

import numpy as np
import pytest

from isic_cli.agreement.table import BoolArray
from isic_cli.agreement.votes import MaskVotes, PatternBuilder
from isic_cli.errors import UsageError

LEFT = np.array([[1, 1, 0, 0], [1, 1, 0, 0]])
TOP = np.array([[1, 1, 1, 1], [0, 0, 0, 0]])
CORNER = np.array([[0, 0, 0, 255], [0, 0, 0, 0]], np.uint8)
NOTHING = np.zeros((2, 4), bool)


def test_an_odd_number_of_masks_decides_every_pixel() -> None:
    votes = MaskVotes()
    for name, mask in [("anna", LEFT), ("ben", TOP), ("cleo", CORNER)]:
        votes.add(mask, name=name)
    found = votes.majority()
    assert found.readers == 3
    assert found.votes.tolist() == [[2, 2, 1, 2], [1, 1, 0, 0]]
    assert found.mask.tolist() == [[True, True, False, True], [False] * 4]
    assert not found.tied.any()


def test_a_tie_is_marked_and_not_in_the_mask() -> None:
    votes = MaskVotes()
    votes.add(LEFT, name="anna")
    votes.add(TOP, name="ben")
    found = votes.majority()
    assert found.mask.tolist() == [[True, True, False, False], [False] * 4]
    assert found.tied.tolist() == [[False, False, True, True], [True, True, False, False]]


def test_a_vote_read_early_does_not_change_later() -> None:
    votes = MaskVotes()
    votes.add(LEFT, name="anna")
    early = votes.majority()
    votes.add(LEFT, name="ben")
    assert early.votes.max() == 1


def test_memory_does_not_grow_with_the_readers() -> None:
    mask = np.random.default_rng(0).random((256, 256)) < 0.5
    votes = MaskVotes()
    votes.add(mask, name="first")
    tracemalloc.start()
    for reader in range(50):
        votes.add(mask, name=str(reader))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Ufunc buffers only: a mask is 64 KiB and the votes are 256 KiB.
    assert peak < 200_000
    assert votes.majority().readers == 51


def test_no_mask_no_vote() -> None:
    with pytest.raises(UsageError, match="there is no mask to vote on"):
        MaskVotes().majority()
    with pytest.raises(UsageError, match="there is no mask to compare"):
        PatternBuilder().build()


@pytest.mark.parametrize("make", [MaskVotes, PatternBuilder])
def test_a_mask_of_another_size_is_named(make: type[MaskVotes] | type[PatternBuilder]) -> None:
    masks = make()
    masks.add(LEFT, name="anna")
    with pytest.raises(UsageError, match="the mask of ben is 2x4, and those before are 4x2"):
        masks.add(LEFT.T, name="ben")


@pytest.mark.parametrize("mask", [np.zeros((2, 2, 3)), np.zeros((0, 4)), np.zeros(3)])
def test_an_array_that_is_no_mask(mask: BoolArray) -> None:
    with pytest.raises(UsageError, match="the mask of anna has the shape"):
        MaskVotes().add(mask, name="anna")


def test_two_masks_of_one_name() -> None:
    builder = PatternBuilder()
    builder.add(LEFT, name="anna")
    with pytest.raises(UsageError, match="two masks are named anna"):
        builder.add(TOP, name="anna")


def test_pixels_are_grouped_by_who_marked_them() -> None:
    builder = PatternBuilder()
    for name, mask in [("anna", LEFT), ("ben", TOP), ("cleo", CORNER), ("dan", NOTHING)]:
        builder.add(mask, name=name)
    found = builder.build()
    assert found.readers == ("anna", "ben", "cleo", "dan")
    assert found.marked.astype(int).tolist() == [
        [0, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 1, 1, 0],
        [1, 0, 0, 0],
        [1, 1, 0, 0],
    ]
    assert found.counts.tolist() == [2, 1, 1, 2, 2]
    assert found.index.tolist() == [[4, 4, 1, 2], [3, 3, 0, 0]]
    assert found.paint(np.array([0.0, 0.1, 0.2, 0.3, 0.4])).tolist() == [
        [0.4, 0.4, 0.1, 0.2],
        [0.3, 0.3, 0.0, 0.0],
    ]


def test_the_masks_can_be_read_back_from_the_patterns() -> None:
    stack = np.random.default_rng(1).random((7, 20, 30)) < 0.5
    builder = PatternBuilder()
    for reader, mask in enumerate(stack):
        builder.add(mask, name=str(reader))
    found = builder.build()
    np.testing.assert_array_equal(np.moveaxis(found.marked[found.index], -1, 0), stack)
    assert found.counts.sum() == 600
    assert len(found.counts) == len({tuple(pixel) for pixel in stack.reshape(7, -1).T})
