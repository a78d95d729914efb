"""What of a picture is compared: its hashes as it may have been copied, turned or cropped.

A turn or a mirroring changes the cosine transform of a picture in signs and in rows for columns
only, so that eight turns cost one transform. Central crops keep 100 to 70 % of each side; of a
picture that is not 4:3, crops to that shape as well, since HAM10000 was made so.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from isic_cli.curation.matching import weakest
from isic_cli.curation.phash import (
    THUMBNAIL,
    Floats,
    Grey,
    margins_of,
    packed,
    reduced,
    spectrum,
)

#: Which share of each side a crop keeps.
_KEPT = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)

#: The same for crops to 4:3.
_KEPT_RESHAPED = (1.0, 0.9, 0.8, 0.7)

#: How far from 4:3 a picture has to be for a crop to that shape to matter.
_SHAPED = 0.02

#: The turns, as signed permutations of (row, column): plain, mirrored, and then transposed.
TURNS = tuple(
    np.array(matrix, np.float32)
    for matrix in (
        *([[1, 0], [0, 1]], [[1, 0], [0, -1]], [[-1, 0], [0, 1]], [[-1, 0], [0, -1]]),
        *([[0, 1], [1, 0]], [[0, 1], [-1, 0]], [[0, -1], [1, 0]], [[0, -1], [-1, 0]]),
    )
)


def crops_of(pixels: tuple[int, int]) -> list[tuple[float, float]]:
    """Return the share of the height and of the width that each crop keeps, the whole first."""
    found = [(kept, kept) for kept in _KEPT]
    wider = pixels[0] / max(pixels[1], 1) / (4 / 3)
    if abs(wider - 1) > _SHAPED:
        rows, columns = min(1, max(wider, 0.05)), min(1, max(1 / wider, 0.05))
        found += [(kept * rows, kept * columns) for kept in _KEPT_RESHAPED]
    return found


@dataclass(frozen=True, slots=True)
class Signature:
    """What of a picture is compared with all others.

    Attributes
    ----------
    hashes : bytes
        64 bits each: of the picture in its eight turns, plain first, then of its crops.
    weak : bytes
        64 bits each: the weakest of the hashes of the plain picture and of its crops.
    grey : bytes
        Its thumbnail of 32×32 grey values.
    """

    hashes: bytes
    weak: bytes
    grey: bytes


def signature_of(thumbnail: Grey, pixels: tuple[int, int]) -> Signature:
    """Return what is compared of a picture.

    Parameters
    ----------
    thumbnail : ndarray of shape (64, 64), uint8
        From `phash.fingerprint`.
    pixels : tuple of (int, int)
        Width and height.
    """
    image = Image.fromarray(thumbnail)
    spectra = []
    for rows, columns in crops_of(pixels):
        low, left = (THUMBNAIL * (1 - kept) / 2 for kept in (rows, columns))
        box = (left, low, THUMBNAIL - left, THUMBNAIL - low)
        how = Image.Resampling.BOX if rows == columns == 1 else Image.Resampling.BILINEAR
        spectra.append(spectrum(np.asarray(image.resize((32, 32), how, box=box), np.float32)))
    whole = [turned(spectra[0], turn) for turn in TURNS]
    margins = margins_of(np.stack([*whole, *spectra[1:]]))
    weak = weakest(np.abs(np.delete(margins, slice(1, len(TURNS)), axis=0)))
    return Signature(packed(margins).tobytes(), weak.tobytes(), reduced(thumbnail, 32).tobytes())


def turned(values: Floats, turn: Floats) -> Floats:
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
    crop, turn = divmod(variant, len(TURNS))
    matrix = np.diag(np.array(crops_of(pixels)[crop], np.float32)) @ TURNS[turn]
    return np.hstack([matrix, np.zeros((2, 1), np.float32)]).astype(np.float32)
