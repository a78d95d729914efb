"""All pairs of 64-bit hashes within a distance, without comparing all pairs.

Multi-index hashing after Norouzi, Punjani and Fleet (Fast Search in Hamming Space with Multi-Index
Hashing, CVPR 2012): cut the 64 bits into `distance + intact` pieces. Two hashes that differ in at
most `distance` bits agree in at least `intact` whole pieces, so that it is enough to sort by every
choice of `intact` pieces and compare what falls together. More intact pieces make longer keys and
fewer accidental meetings, but more sorts; `plan` weighs the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb, log2

import numpy as np

from isic_cli.curation.groups import Ints
from isic_cli.curation.phash import Hashes
from isic_cli.errors import UsageError

#: Beyond this many bits half of all unrelated pictures would be compared with each other.
MOST = 16

#: A class of equal hashes larger than this is chained instead of paired with itself.
_LARGEST_CLASS = 64


@dataclass(frozen=True)
class NearPairs:
    """Near pairs of hashes.

    Attributes
    ----------
    left, right : ndarray of shape (pairs,), int64
        Positions, `left < right`, sorted by left, then right; each pair once.
    distance : ndarray of shape (pairs,), int64
        In how many bits they differ.
    """

    left: Ints
    right: Ints
    distance: Ints

    def __len__(self) -> int:
        return len(self.left)

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        return zip(self.left.tolist(), self.right.tolist(), self.distance.tolist(), strict=True)


def plan(count: int, distance: int) -> int:
    """Return how many pieces shall be intact: the cheapest number for `count` hashes.

    The costs, in units of one hash sorted once: a sort costs `log2(count)` for each hash, and an
    accidental meeting about one.
    """

    def cost(intact: int) -> float:
        bits = 64 * intact // (distance + intact)
        sorts = comb(distance + intact, intact)
        return sorts * count * (log2(count + 2) + count / 2.0 ** (bits + 1))

    return min(range(1, 7), key=cost)


def near_pairs(hashes: Hashes, distance: int) -> NearPairs:
    """Return the pairs of hashes that differ in at most `distance` bits.

    Parameters
    ----------
    hashes : ndarray of shape (n,), uint64
        In any order; equal ones are allowed.
    distance : int
        From 0 to `MOST`.

    Returns
    -------
    Pairs
        All of them, but for very common hashes: more than 64 equal ones are chained, each to the
        next, and only the first of them is paired with the hashes near to it. The connected
        components are those of all pairs in any case.

    Raises
    ------
    UsageError
        A distance out of range.
    """
    if not 0 <= distance <= MOST:
        raise UsageError(
            f"a distance of {distance} bits is out of range",
            hint=f"0 to {MOST}; re-encoded pictures are within 4, different ones beyond 10",
        )
    order = np.argsort(hashes, kind="stable").astype(np.int64)
    values, starts, sizes = np.unique(hashes[order], return_index=True, return_counts=True)
    left, right = _near_distinct(values, distance)
    parts = [_within(starts, sizes), _between(left, right, starts, sizes)]
    one = order[np.concatenate([part[0] for part in parts])]
    other = order[np.concatenate([part[1] for part in parts])]
    one, other = np.minimum(one, other), np.maximum(one, other)
    by_place = np.lexsort((other, one))
    one, other = one[by_place], other[by_place]
    bits = np.bitwise_count(hashes[one] ^ hashes[other]).astype(np.int64)
    return NearPairs(one, other, bits)


def _near_distinct(values: Hashes, distance: int) -> tuple[Ints, Ints]:
    """Return near pairs of sorted, distinct hashes, as positions, each once."""
    none = np.empty(0, np.int64)
    if distance == 0 or len(values) < 2:
        return none, none
    intact = plan(len(values), distance)
    edges = np.linspace(0, 64, distance + intact + 1).astype(int).tolist()
    pieces = list(pairwise(edges))
    found = [none]
    for chosen in combinations(pieces, intact):
        for one, other in _meetings(_keys(values, chosen)):
            near = np.bitwise_count(values[one] ^ values[other]) <= distance
            found.append((np.minimum(one, other) << 32 | np.maximum(one, other))[near])
    packed = np.unique(np.concatenate(found))
    return packed >> 32, packed & 0xFFFFFFFF


def _keys(values: Hashes, chosen: tuple[tuple[int, int], ...]) -> Hashes:
    """Return the chosen pieces of each hash, packed side by side."""
    keys = np.zeros_like(values)
    for start, stop in chosen:
        piece = (values >> np.uint64(start)) & np.uint64((1 << (stop - start)) - 1)
        keys = (keys << np.uint64(stop - start)) | piece
    return keys


def _meetings(keys: Hashes) -> Iterator[tuple[Ints, Ints]]:
    """Yield all pairs of positions with equal keys, one step of the sorted order at a time."""
    order = np.argsort(keys).astype(np.int64)
    ordered = keys[order]
    at = np.arange(len(keys) - 1)
    step = 1
    while len(at):
        at = at[ordered[at] == ordered[at + step]]
        yield order[at], order[at + step]
        step += 1
        at = at[at + step < len(keys)]


def _within(starts: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """Pair equal hashes with each other; a very large class is chained."""
    left, right = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        if size <= _LARGEST_CLASS:
            one, other = np.triu_indices(size, 1)
        else:
            one = np.arange(size - 1)
            other = one + 1
        left.append(start + one)
        right.append(start + other)
    return np.concatenate(left), np.concatenate(right)


def _between(left: Ints, right: Ints, starts: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """Pair all of one class with all of another; of a very large one its first only."""
    counts = np.where(sizes > _LARGEST_CLASS, 1, sizes)
    of_left, of_right = counts[left], counts[right]
    total = of_left * of_right
    which = np.repeat(np.arange(len(left)), total)
    within = np.arange(int(total.sum())) - np.repeat(np.cumsum(total) - total, total)
    one = starts[left[which]] + within // of_right[which]
    other = starts[right[which]] + within % of_right[which]
    return one, other
