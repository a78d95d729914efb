"""Whether two pictures with near hashes are the same picture.

A hash of 64 bits says much about a lesion and nothing about bare skin: tiles without any feature
fall together by noise, and so do pictures that share little more than a dark rim. So a near pair
counts only when the thumbnails agree after their contrast is normalised, both as a whole and in
the middle, and when there is something in both places to agree about.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isic_cli.curation.phash import THUMBNAIL, Grey

Residual = npt.NDArray[np.float32]

#: Standard deviation, in grey values of 255, below which there is nothing to agree about.
DETAIL = 3.0

#: Correlation of the whole thumbnail from which on two pictures are one.
WHOLE = 0.95

#: The same of its middle quarter, which a common rim or vignette does not reach.
CENTRE = 0.9


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a comparison found.

    Attributes
    ----------
    correlation : float
        Of the whole thumbnails, in [-1, 1]; 0 where one has no detail at all.
    centre : float
        Of their middle quarters.
    detail : float
        The least standard deviation that any of the four has, in grey values of 255.
    """

    correlation: float
    centre: float
    detail: float

    @property
    def accepted(self) -> bool:
        """Whether the two are one picture."""
        return self.detail >= DETAIL and self.correlation >= WHOLE and self.centre >= CENTRE


def _smooth(side: int) -> tuple[Residual, Residual]:
    """Return the quadratic surfaces over a square, shape (side², 6), and their pseudo-inverse."""
    row, column = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].reshape(2, -1)
    basis = np.stack([row**0, row, column, row * column, row**2, column**2], axis=1)
    return basis.astype(np.float32), np.linalg.pinv(basis).astype(np.float32)


_MIDDLE = slice(THUMBNAIL // 4, THUMBNAIL - THUMBNAIL // 4)
_SURFACES = {side: _smooth(side) for side in (THUMBNAIL, THUMBNAIL // 2)}


def _detail(grey: Grey) -> Residual:
    """Return a square without its brightness and slow shading, flat, float32."""
    basis, inverse = _SURFACES[len(grey)]
    values = grey.reshape(-1).astype(np.float32)
    return values - basis @ (inverse @ values)


def _agreement(one: Grey, other: Grey) -> tuple[float, float]:
    """Return the correlation of two squares and the lesser of their details."""
    left, right = _detail(one), _detail(other)
    spread = float(left.std()), float(right.std())
    if min(spread) < 1e-3:
        return 0.0, 0.0
    return float(np.mean(left * right)) / (spread[0] * spread[1]), min(spread)


def confirm(one: Grey, other: Grey) -> Confirmation:
    """Compare two thumbnails.

    Parameters
    ----------
    one, other : ndarray of shape (64, 64), uint8
        From `phash.fingerprint`.
    """
    correlation, detail = _agreement(one, other)
    centre, inner = _agreement(one[_MIDDLE, _MIDDLE], other[_MIDDLE, _MIDDLE])
    return Confirmation(correlation, centre, min(detail, inner))
