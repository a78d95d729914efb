"""The hashes of a picture as it may have been copied: in eight turns, and cropped.

A turn or a mirroring changes the cosine transform of a picture in signs and in rows for columns
only, so that eight turns cost one transform. Central crops keep 100 to 70 % of each side; of a
picture that is not 4:3, crops to that shape as well, since HAM10000 was made so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from isic_cli.curation.groups import Ints
from isic_cli.curation.matching import NearPairs, near_pairs
from isic_cli.curation.phash import THUMBNAIL, Grey, Hashes, hashes_of, spectrum

Floats = npt.NDArray[np.float32]

#: Which share of each side a crop keeps.
_KEPT = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)

#: The same for crops to 4:3.
_KEPT_RESHAPED = (1.0, 0.9, 0.8, 0.7)

#: How far from 4:3 a picture has to be for a crop to that shape to matter.
_SHAPED = 0.02

#: The turns, as signed permutations of (row, column): plain, mirrored, and then transposed.
_TURNS = tuple(
    np.array(matrix, np.float32)
    for matrix in (
        *([[1, 0], [0, 1]], [[1, 0], [0, -1]], [[-1, 0], [0, 1]], [[-1, 0], [0, -1]]),
        *([[0, 1], [1, 0]], [[0, 1], [-1, 0]], [[0, -1], [1, 0]], [[0, -1], [-1, 0]]),
    )
)

#: Hashes of a picture: crops by turns; those of a shape that it has already are not there.
COUNT = (len(_KEPT) + len(_KEPT_RESHAPED)) * len(_TURNS)


def _crops(pixels: tuple[int, int]) -> list[tuple[float, float]]:
    """Return the share of the height and of the width that each crop keeps."""
    found = [(kept, kept) for kept in _KEPT]
    wider = pixels[0] / max(pixels[1], 1) / (4 / 3)
    if abs(wider - 1) > _SHAPED:
        rows, columns = min(1, max(wider, 0.05)), min(1, max(1 / wider, 0.05))
        found += [(kept * rows, kept * columns) for kept in _KEPT_RESHAPED]
    return found


def variant_hashes(thumbnail: Grey, pixels: tuple[int, int]) -> bytes:
    """Return the hashes of the variants, 64 bits each, the picture itself first.

    Parameters
    ----------
    thumbnail : ndarray of shape (64, 64), uint8
        From `phash.fingerprint`.
    pixels : tuple of (int, int)
        Width and height.
    """
    image = Image.fromarray(thumbnail)
    turned = []
    for rows, columns in _crops(pixels):
        low, left = (THUMBNAIL * (1 - kept) / 2 for kept in (rows, columns))
        box = (left, low, THUMBNAIL - left, THUMBNAIL - low)
        how = Image.Resampling.BOX if rows == columns == 1 else Image.Resampling.BILINEAR
        values = spectrum(np.asarray(image.resize((32, 32), how, box=box), np.float32))
        turned += [_turned(values, turn) for turn in _TURNS]
    return hashes_of(np.stack(turned)).tobytes()


def _turned(values: Floats, turn: Floats) -> Floats:
    """Return the cosine transform of a picture after a turn."""
    rows, columns = turn.sum(axis=0)
    if turn[0, 0] == 0:
        values = values.T
    odd = _signs(len(values))
    return values * (odd[:, None] if rows < 0 else 1) * (odd if columns < 0 else 1)


@cache
def _signs(side: int) -> Floats:
    return np.where(np.arange(side) % 2, -1, 1).astype(np.float32)


def start_of(variant: int, pixels: tuple[int, int]) -> Floats:
    """Return the map from a variant to its picture, shape (2, 3): see `align`."""
    crop, turn = divmod(variant, len(_TURNS))
    matrix = np.diag(np.array(_crops(pixels)[crop], np.float32)) @ _TURNS[turn]
    return np.hstack([matrix, np.zeros((2, 1), np.float32)]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two pictures, by their places, and the variant of one of them that is near to the other."""

    one: int
    other: int
    distance: int
    varied: int
    variant: int


def pairs_of_variants(hashes: Sequence[bytes], distance: int) -> list[NearPair]:
    """Return the pairs of pictures one of which is near to a variant of the other.

    Parameters
    ----------
    hashes : sequence of bytes
        From `variant_hashes`; empty for a picture without.
    distance : int
        Bits by which they differ at most.

    Returns
    -------
    list of NearPair
        Each pair once, by its nearest variant; the nearest pairs first.
    """
    places = np.array([at for at, one in enumerate(hashes) if one], np.int64)
    count = len(places)
    table = np.zeros((count, COUNT), np.uint64)
    known = np.zeros(count, np.int64)
    for at, place in enumerate(places.tolist()):
        values = np.frombuffer(hashes[place], np.uint64)
        table[at, : len(values)] = values
        known[at] = len(values)
    found = list(_near_variants(table, known, distance))
    joined = np.concatenate(found) if found else np.empty((0, 4), np.int64)
    base, source, bits, variant = joined.T
    base, source = places[base], places[source]
    left, right = np.minimum(base, source), np.maximum(base, source)
    order = np.lexsort((variant, bits, right, left))
    table_of_pairs = np.stack([left, right, bits, source, variant], axis=1)[order]
    first = np.ones(len(order), bool)
    first[1:] = (table_of_pairs[1:, :2] != table_of_pairs[:-1, :2]).any(axis=1)
    pairs = [NearPair(*values) for values in table_of_pairs[first].tolist()]
    return sorted(pairs, key=lambda pair: (pair.distance, pair.one, pair.other))


def _near_variants(table: Hashes, known: Ints, distance: int) -> Iterator[Ints]:
    """Yield (picture, varied picture, distance, variant) of near pairs, variant by variant."""
    count = len(table)
    for variant in range(table.shape[1]):
        there = np.flatnonzero(known > variant)
        if not len(there):
            return
        if variant == 0:
            near = near_pairs(table[:, 0], distance)
            base, source = near.left, near.right
        else:
            near = near_pairs(np.concatenate([table[:, 0], table[there, variant]]), distance)
            crossing = (near.left < count) & (near.right >= count)
            near = NearPairs(near.left[crossing], near.right[crossing], near.distance[crossing])
            base, source = near.left, there[near.right - count]
        other = base != source
        kind = np.full(int(other.sum()), variant)
        yield np.stack([base[other], source[other], near.distance[other], kind], axis=1)
