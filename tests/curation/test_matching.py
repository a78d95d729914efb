"""Near pairs of hashes: the same as by comparing all with all."""

import numpy as np
import pytest

from isic_cli.curation.matching import NearPairs, near_pairs, plan
from isic_cli.curation.phash import Hashes
from isic_cli.errors import UsageError


def by_hand(hashes: Hashes, distance: int) -> list[tuple[int, int, int]]:
    values = hashes.tolist()
    return [
        (one, other, bits)
        for one in range(len(values))
        for other in range(one + 1, len(values))
        if (bits := (values[one] ^ values[other]).bit_count()) <= distance
    ]


def flipped(hashes: Hashes, times: int, random: np.random.Generator) -> Hashes:
    for _ in range(times):
        hashes = hashes ^ (np.uint64(1) << random.integers(0, 64, len(hashes)).astype(np.uint64))
    return hashes


@pytest.mark.parametrize("distance", [0, 1, 2, 4, 7, 11, 16])
def test_all_near_pairs_are_found_once_with_their_distance(distance: int) -> None:
    random = np.random.default_rng(distance)
    centres = random.integers(0, 2**64, 60, dtype=np.uint64)
    hashes = np.concatenate(
        [centres, flipped(np.repeat(centres, 3), distance, random), centres[:9]]
    )
    random.shuffle(hashes)
    assert list(near_pairs(hashes, distance)) == by_hand(hashes, distance)


def test_hashes_that_crowd_in_one_corner_are_found_too() -> None:
    random = np.random.default_rng(3)
    hashes = flipped(np.zeros(150, np.uint64), 5, random)
    assert list(near_pairs(hashes, 4)) == by_hand(hashes, 4)


def test_a_very_common_hash_is_chained() -> None:
    hashes = np.array([0] * 70 + [1, 1], np.uint64)
    found = list(near_pairs(hashes, 1))
    assert found == [
        (0, 1, 0),
        (0, 70, 1),
        (0, 71, 1),
        *((at, at + 1, 0) for at in range(1, 69)),
        (70, 71, 0),
    ]


def test_nothing_and_one_have_no_pairs() -> None:
    assert len(near_pairs(np.empty(0, np.uint64), 4)) == 0
    assert list(near_pairs(np.array([5], np.uint64), 4)) == []


def test_the_plan_grows_with_the_number_of_hashes() -> None:
    assert [plan(count, 4) for count in (10, 10_000, 1_000_000)] == [1, 1, 2]


@pytest.mark.parametrize("distance", [-1, 17])
def test_a_distance_out_of_range_is_refused(distance: int) -> None:
    with pytest.raises(UsageError, match=f"a distance of {distance} bits is out of range"):
        near_pairs(np.zeros(2, np.uint64), distance)


def test_pairs_have_a_length() -> None:
    one = np.array([0, 1], np.int64)
    assert len(NearPairs(one, one + 1, one)) == 2
