"""The pairs of pictures that may be copies of each other: one near to a variant of the other.

Hashes of 64 bits tell too little among many pictures: of all pairs of the 41 real pictures of
`benchmarks/dedupe.py`, 0.4 % are within ten bits in some variant, which are 18 million pairs of
100,000. So a pair has to be `alike` in a longer description as well before anything is drawn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from isic_cli.curation.groups import Ints
from isic_cli.curation.matching import FEW, HashIndex
from isic_cli.curation.phash import COSINES, Floats, Hashes
from isic_cli.curation.variants import TURNS, Signature, crops_of, turned

#: Cosine of the descriptions from which on a pair is alike. Of the 1,814 copies of the benchmark
#: that are confirmed ten are below: hairs, rulers, and crops of one side; of other pairs, 79 %.
ALIKE = 0.5

#: Up to so many pictures are all compared: each has eight turns among which crops are looked up.
MOST_COMPARED = FEW // len(TURNS)

#: Pictures of one hash, beyond which they are chained instead of paired with each other.
_LARGEST_CLASS = 64

#: Pictures looked up together, and pairs whose descriptions are compared together.
_PICTURES, _PAIRS = 4096, 1 << 15

#: Frequencies that a description has each way, and how many times as much they count.
_SIDE = 16
_REACH = np.hypot(*np.mgrid[0:_SIDE, 0:_SIDE])
_WEIGHTS = np.where(_REACH <= _SIDE, _REACH, 0).astype(np.float32)

#: What undoes each turn.
_UNDONE = np.array(
    [next(at for at, one in enumerate(TURNS) if (one @ turn == np.eye(2)).all()) for turn in TURNS]
)

#: Columns of near pairs.
_ONE, _OTHER, _BITS, _VARIED, _VARIANT = range(5)
_PLACES = [_ONE, _OTHER, _VARIED]


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two pictures, by their places, and the variant of one of them that is near to the other."""

    one: int
    other: int
    distance: int
    varied: int
    variant: int

    @classmethod
    def of(cls, row: Ints) -> "NearPair":
        """Return the pair of a row of `near_pictures`."""
        return cls(*row.tolist())


def near_pictures(
    signatures: Sequence[Signature | None], sizes: Sequence[tuple[int, int]], distance: int
) -> Ints:
    """Return the pairs of pictures one of which is near to a variant of the other.

    The crops of each are looked up among the turns of all: where a crop is near to another picture
    turned, that crop turned back is near to the other. Up to 2,000 pictures are all compared.

    Parameters
    ----------
    signatures : sequence of Signature
        None for a picture without.
    sizes : sequence of (int, int)
        Width and height of each.
    distance : int
        Bits by which they differ at most.

    Returns
    -------
    ndarray of shape (pairs, 5), int64
        The fields of `NearPair`, each pair once, by its nearest variant, the nearest pairs first.
        More than 64 pictures of one hash are chained, each to the next, and only the first of
        them is paired with the pictures near to it.
    """
    known = [(at, signature) for at, signature in enumerate(signatures) if signature]
    plain = np.array(
        [np.frombuffer(signature.hashes, np.uint64, 1)[0] for _, signature in known], np.uint64
    )
    chained, left = _chained(plain)
    search = _Search(
        [known[at][1] for at in left.tolist()], [sizes[known[at][0]] for at in left.tolist()]
    )
    pairs = np.concatenate([chained[:0], *search.pairs(distance)])
    pairs[:, _PLACES] = left[pairs[:, _PLACES]]
    pairs = _nearest(np.concatenate([chained, pairs]))
    pairs[:, _PLACES] = np.array([at for at, _ in known], np.int64)[pairs[:, _PLACES]]
    return pairs[np.argsort(pairs[:, _BITS], kind="stable")]


def _chained(hashes: Hashes) -> tuple[Ints, Ints]:
    """Return the pairs of very common hashes, and the pictures that are left to compare."""
    order = np.argsort(hashes, kind="stable")
    _, starts, sizes = np.unique(hashes[order], return_index=True, return_counts=True)
    first = np.repeat(starts, sizes)
    common = np.repeat(sizes > _LARGEST_CLASS, sizes) & (np.arange(len(order)) > first)
    next_to = np.flatnonzero(common)
    one, other = order[next_to - 1], order[next_to]
    none = np.zeros_like(one)
    return np.stack([one, other, none, one, none], axis=1), np.sort(order[~common])


def _nearest(pairs: Ints) -> Ints:
    """Return each pair once, by its nearest variant, in the order of the pictures."""
    keys = (_VARIED, _VARIANT, _BITS, _OTHER, _ONE)
    pairs = pairs[np.lexsort([pairs[:, key] for key in keys])]
    first = np.ones(len(pairs), bool)
    first[1:] = (pairs[1:, :2] != pairs[:-1, :2]).any(axis=1)
    return pairs[first]


class _Search:
    """Pictures, by the hashes of their turns, among which their crops are looked up."""

    def __init__(self, signatures: list[Signature], sizes: list[tuple[int, int]]) -> None:
        self._signatures, self._sizes = signatures, sizes
        hashes = np.frombuffer(b"".join(signature.hashes for signature in signatures), np.uint64)
        counts = np.array([len(signature.weak) // 8 for signature in signatures], np.int64)
        self._begins = np.concatenate([[0], np.cumsum(counts)])
        self._owner = np.repeat(np.arange(len(signatures)), counts)
        self._crop = np.arange(len(self._owner)) - self._begins[self._owner]
        more = len(TURNS) - 1
        start = self._begins[:-1] + more * np.arange(len(signatures))
        whole = self._crop == 0
        self._queries = hashes[start[self._owner] + np.where(whole, 0, self._crop + more)]
        self._weak = np.frombuffer(b"".join(signature.weak for signature in signatures), np.uint64)
        self._turned = hashes[start[:, None] + np.arange(len(TURNS))].reshape(-1)
        self._index = HashIndex(self._turned)
        self._is_described = np.zeros(len(signatures), bool)
        self._plain = np.zeros((len(signatures), _SIDE**2), np.float16)

    def _described_plain(self, pictures: Ints) -> Floats:
        new = np.unique(pictures[~self._is_described[pictures]])
        if len(new):
            self._plain[new] = self._described(new, np.zeros_like(new))
            self._is_described[new] = True
        return self._plain[pictures].astype(np.float32)

    def _described(self, pictures: Ints, crops: Ints) -> Floats:
        greys = b"".join(self._signatures[at].grey for at in pictures.tolist())
        kept = [
            crops_of(self._sizes[at])[crop]
            for at, crop in zip(pictures.tolist(), crops.tolist(), strict=True)
        ]
        values = np.frombuffer(greys, np.uint8).reshape(-1, 32, 32)
        return described(values.astype(np.float32), np.array(kept, np.float32))

    def pairs(self, distance: int) -> Iterator[Ints]:
        """Yield the near pairs, some pictures at a time."""
        for begin in range(0, len(self._signatures), _PICTURES):
            after = min(begin + _PICTURES, len(self._signatures))
            first, last = self._begins[begin], self._begins[after]
            part = slice(first, last)
            near = self._index.near(self._queries[part], self._weak[part], distance)
            found = [self._pairs(at + first, entry) for at, entry in near]
            pairs = _nearest(np.concatenate([np.empty((0, 5), np.int64), *found]))
            yield pairs if self._index.is_exact else pairs[self._alike(pairs)]

    def _pairs(self, at: Ints, entry: Ints) -> Ints:
        bits = np.bitwise_count(self._queries[at] ^ self._turned[entry])
        other, turn = np.divmod(entry, len(TURNS))
        owner, variant = self._owner[at], self._crop[at] * len(TURNS) + _UNDONE[turn]
        ends = np.minimum(owner, other), np.maximum(owner, other)
        pairs: Ints = np.stack([*ends, bits, owner, variant], axis=1)[owner != other]
        return pairs

    def _alike(self, pairs: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Return which pairs have descriptions that are alike."""
        crop, turn = np.divmod(pairs[:, _VARIANT], len(TURNS))
        keys, which = np.unique(pairs[:, _VARIED] << 8 | crop, return_inverse=True)
        varied = np.concatenate(
            [np.empty((0, _SIDE**2), np.float32)]
            + [
                self._described(some >> 8, some & 255)
                for some in np.split(keys, range(_PICTURES, len(keys), _PICTURES))
            ]
        )
        others = pairs[:, _ONE] + pairs[:, _OTHER] - pairs[:, _VARIED]
        alike = np.zeros(len(pairs), bool)
        for number, (places, signs) in enumerate(_TURNED):
            mine = np.flatnonzero(turn == number)
            for some in np.split(mine, range(_PAIRS, len(mine), _PAIRS)):
                one = varied[which[some]][:, places] * signs
                other = self._described_plain(others[some])
                alike[some] = np.einsum("ij,ij->i", one, other) >= ALIKE
        return alike


def described(greys: Floats, kept: Floats) -> Floats:
    """Return what crops look like: their spectra, whitened about, of length one.

    Parameters
    ----------
    greys : ndarray of shape (N, 32, 32), float32
        Grey values.
    kept : ndarray of shape (N, 2), float32
        The share of the height and of the width that each crop keeps.

    Returns
    -------
    ndarray of shape (N, 256), float32
        Square roots of 16×16 frequencies, the higher ones more, zeros beyond sixteen.
    """
    down, across = (_cropped_cosines(kept[:, axis]) for axis in (0, 1))
    values = down @ greys @ across.transpose(0, 2, 1)
    white = (np.sign(values) * np.sqrt(np.abs(values)) * _WEIGHTS).reshape(len(greys), -1)
    lengths = np.maximum(np.linalg.norm(white, axis=1), 1e-6)
    return np.asarray(white / lengths[:, None], np.float32)


def _cropped_cosines(kept: Floats) -> Floats:
    """Return the transforms of crops along one axis, shape (N, 16, 32)."""
    shares, which = np.unique(kept, return_inverse=True)
    side = len(COSINES)
    place = (np.arange(side) + 0.5 - side / 2) * shares[:, None] + (side - 1) / 2
    weights = np.clip(1 - np.abs(place[:, :, None] - np.arange(side)), 0, None)
    return np.asarray((COSINES[:_SIDE] @ weights.astype(np.float32))[which], np.float32)


def _turned_places() -> Iterator[tuple[Ints, Floats]]:
    """Yield where each frequency of a turned picture comes from, and its sign."""
    numbers = np.arange(1, _SIDE**2 + 1, dtype=np.float32).reshape(_SIDE, _SIDE)
    for turn in TURNS:
        signed = turned(numbers, turn).reshape(-1)
        yield np.abs(signed).astype(np.int64) - 1, np.sign(signed)


_TURNED = tuple(_turned_places())
