"""Near hashes: the same as by comparing all with all, or nearly so among many."""

import numpy as np
import pytest

from isic_cli.curation.matching import HashIndex, weakest
from isic_cli.curation.phash import Hashes

BIT = np.uint64(1) << np.arange(64, dtype=np.uint64)


def by_hand(hashes: Hashes, entries: Hashes, distance: int) -> set[tuple[int, int]]:
    return {
        (at, place)
        for at, one in enumerate(hashes.tolist())
        for place, other in enumerate(entries.tolist())
        if (one ^ other).bit_count() <= distance
    }


def found(index: HashIndex, hashes: Hashes, weak: Hashes, distance: int) -> set[tuple[int, int]]:
    near = index.near(hashes, weak, distance)
    return {pair for ends in near for pair in zip(*(end.tolist() for end in ends), strict=True)}


@pytest.mark.parametrize("distance", [0, 1, 4, 10, 16])
def test_few_hashes_are_all_compared(distance: int) -> None:
    random = np.random.default_rng(distance)
    entries = random.integers(0, 2**64, 60, dtype=np.uint64)
    hashes = np.repeat(entries[:20], 3)
    for _ in range(distance):
        hashes ^= random.choice(BIT, len(hashes))
    index = HashIndex(entries)
    assert index.is_exact
    assert found(index, hashes, np.zeros(60, np.uint64), distance) == by_hand(
        hashes, entries, distance
    )


def test_among_many_a_piece_is_looked_up_with_its_weakest_bits_flipped() -> None:
    random = np.random.default_rng(1)
    entries = random.integers(0, 2**64, 20_000, dtype=np.uint64)
    index = HashIndex(entries)
    margins = np.tile(np.arange(64, dtype=np.float32), (3, 1))
    weak = weakest(margins)
    assert not index.is_exact
    assert weak.tolist() == [2**24 - 1] * 3
    # Three of the weak bits of the first piece and all that the others may have; then four of
    # each piece; then a bit that is not weak in each piece.
    three, four, strong = BIT[[0, 9, 21]].sum(), BIT[:12].sum(), BIT[[61, 62, 63]].sum()
    others = BIT[[40, 41, 43, 44, 46, 47, 49]].sum()
    hashes = entries[:3] ^ np.array([three | others, four, strong])
    assert found(index, hashes, weak, 10) == {(0, 0)}
    assert found(index, hashes, weak, 9) == set()


def test_equal_hashes_are_all_met() -> None:
    entries = np.repeat(np.arange(2, dtype=np.uint64), [17_000, 3])
    index = HashIndex(entries)
    pairs = found(index, entries[-1:], BIT[:1], 0)
    assert pairs == {(0, 17_000), (0, 17_001), (0, 17_002)}


def test_nothing_has_no_pairs() -> None:
    none = np.empty(0, np.uint64)
    assert found(HashIndex(none), none, none, 4) == set()
