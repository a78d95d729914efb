"""The pairs of 64-bit hashes within a distance, without comparing all with all.

After Norouzi, Punjani and Fleet (Fast Search in Hamming Space with Multi-Index Hashing, CVPR 2012)
a hash is cut into pieces, and those that agree in a piece are compared whole. Ten bits apart, two
hashes need not agree in any piece of use; but a copy differs in bits that were near to fall the
other way. So, as in the multi-probe hashing of Lv et al. (VLDB 2007), each piece is looked up with
every choice of few of its weakest bits flipped.

Of the 1,822 copies within ten bits that `benchmarks/dedupe.py` makes, 1,808 are met with up to
three flips, 1,796 with two and 1,755 with one; few entries are all compared, which misses none.
"""

from collections.abc import Iterator
from functools import reduce
from itertools import combinations

import numpy as np
import numpy.typing as npt

from isic_cli.curation.groups import Ints
from isic_cli.curation.phash import Floats, Hashes

#: Bits of a piece that may be flipped.
WEAK = 8

#: Every third bit: each piece has slow and fast changes of the picture.
_PIECES = tuple(
    np.bitwise_or.reduce(np.uint64(1) << np.arange(first, 64, 3, dtype=np.uint64))
    for first in range(3)
)

#: Up to so many entries are all compared; up to so many three bits are flipped, or two.
FEW, _SOME, _MANY = 16_000, 400_000, 2_000_000

#: Hashes compared at a time.
_AT_ONCE = 1 << 22

#: 2⁶⁴ divided by the golden ratio, which spreads numbers (Knuth, TAOCP 3, 6.4).
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def weakest(margins: Floats) -> Hashes:
    """Return masks of the weakest bits of each piece.

    Parameters
    ----------
    margins : ndarray of shape (n, 64), float32
        By how much each bit of a hash is what it is.
    """
    masks = np.zeros(len(margins), np.uint64)
    for first in range(3):
        order = np.argpartition(margins[:, first::3], WEAK, axis=1)[:, :WEAK]
        bits = np.uint64(1) << (first + 3 * order).astype(np.uint64)
        masks |= np.bitwise_or.reduce(bits, axis=1)
    return masks


class HashIndex:
    """Hashes among which near ones are looked up.

    Parameters
    ----------
    entries : ndarray of shape (n,), uint64
        In any order; equal ones are allowed.
    """

    def __init__(self, entries: Hashes) -> None:
        count = len(entries)
        self._entries = entries
        self._flips = 3 if count <= _SOME else 2 if count <= _MANY else 1
        self._shift = np.uint64(64 - min(max(count.bit_length(), 8), 22))
        self._tables = [] if self.is_exact else [self._table(piece) for piece in _PIECES]

    @property
    def is_exact(self) -> bool:
        """Whether all are compared, so that none is missed."""
        return len(self._entries) <= FEW

    def _bucket(self, hashes: Hashes, piece: np.uint64) -> Ints:
        return (((hashes & piece) * _SPREAD) >> self._shift).astype(np.int64)

    def _table(self, piece: np.uint64) -> tuple[npt.NDArray[np.int32], Hashes, Ints]:
        """Return the entries by their bucket: their places, they, and where each bucket begins."""
        buckets = self._bucket(self._entries, piece)
        order = np.argsort(buckets, kind="stable").astype(np.int32)
        sizes = np.bincount(buckets, minlength=1 << (64 - int(self._shift)))
        return order, self._entries[order], np.concatenate([[0], np.cumsum(sizes)])

    def near(self, hashes: Hashes, weak: Hashes, distance: int) -> Iterator[tuple[Ints, Ints]]:
        """Yield places of `hashes` and of entries that differ in at most `distance` bits.

        Parameters
        ----------
        hashes, weak : ndarray of shape (m,), uint64
            What is looked up, and its `weakest` bits.
        distance : int
            Bits by which they differ at most. A pair may come more than once.
        """
        if self.is_exact:
            yield from self._compared(hashes, distance)
            return
        for piece, table in zip(_PIECES, self._tables, strict=True):
            for flipped in _choices(weak & piece, self._flips):
                for at, place in self._met(self._bucket(hashes ^ flipped, piece), table[2]):
                    near = np.bitwise_count(hashes[at] ^ table[1][place]) <= distance
                    yield at[near], table[0][place[near]].astype(np.int64)

    def _compared(self, hashes: Hashes, distance: int) -> Iterator[tuple[Ints, Ints]]:
        step = max(_AT_ONCE // max(len(self._entries), 1), 1)
        for begin in range(0, len(hashes), step):
            apart = hashes[begin : begin + step, None] ^ self._entries
            at, place = np.nonzero(np.bitwise_count(apart) <= distance)
            yield at + begin, place

    def _met(self, buckets: Ints, begins: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Yield what is looked up, and the places in its bucket, not too many at a time."""
        first, sizes = begins[buckets], begins[buckets + 1] - begins[buckets]
        asked = np.flatnonzero(sizes)
        first, sizes = first[asked], sizes[asked]
        ends = np.cumsum(sizes)
        cuts = np.searchsorted(ends, np.arange(_AT_ONCE, ends[-1] if len(ends) else 0, _AT_ONCE))
        for part in np.split(np.arange(len(asked)), cuts):
            size = sizes[part]
            start = np.repeat(first[part] - np.cumsum(size) + size, size)
            yield np.repeat(asked[part], size), start + np.arange(len(start))


def _choices(bits: Hashes, most: int) -> Iterator[Hashes]:
    """Yield every choice of at most so many of the `WEAK` bits that are set in each mask."""
    single = []
    for _ in range(WEAK):
        single.append(bits & (~bits + np.uint64(1)))
        bits = bits ^ single[-1]
    for count in range(most + 1):
        for chosen in combinations(single, count):
            yield reduce(np.bitwise_or, chosen, np.zeros_like(bits))
