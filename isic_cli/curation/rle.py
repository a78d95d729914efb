"""Masks as COCO writes them: run lengths by column, packed into text.

The format is that of the COCO data set (Lin et al., Microsoft COCO: Common Objects in Context,
ECCV 2014), as its API reads it: counts of alternating 0 and 1 runs down the columns, beginning
with 0; from the fourth on each count is written as the difference to the one two before; every
number in groups of five bits, lowest first, with a sixth bit for "more follows", as the character
48 places up.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Region:
    """A mask in COCO's terms.

    Attributes
    ----------
    size : tuple of (int, int)
        Height and width.
    counts : str
        The packed run lengths.
    area : int
        Pixels.
    bbox : tuple of (int, int, int, int)
        Left, top, width and height, in pixels; zeros for an empty mask.
    """

    size: tuple[int, int]
    counts: str
    area: int
    bbox: tuple[int, int, int, int]


def encode(mask: Mask) -> Region:
    """Encode a mask.

    Parameters
    ----------
    mask : ndarray of shape (H, W), bool
        True inside.
    """
    height, width = mask.shape
    flat = mask.T.reshape(-1)
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    bounds = np.concatenate([[0], edges, [flat.size]])
    counts = np.diff(bounds)
    if flat.size and flat[0]:
        counts = np.concatenate([[0], counts])
    return Region((height, width), pack(counts.tolist()), int(mask.sum()), _box(mask))


def _box(mask: Mask) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 0, 0, 0, 0
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1


def pack(counts: list[int]) -> str:
    """Return run lengths as text.

    >>> pack([2, 3, 4])
    '234'
    """
    text = []
    for at, count in enumerate(counts):
        number = count - counts[at - 2] if at > 2 else count
        more = True
        while more:
            bits = number & 0x1F
            number >>= 5
            # The sign is the fifth bit of the last group.
            more = number != -1 if bits & 0x10 else number != 0
            text.append(chr((bits | 0x20 if more else bits) + 48))
    return "".join(text)
