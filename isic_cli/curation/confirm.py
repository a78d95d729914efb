"""Whether two pictures with near hashes are the same picture.

A hash of 64 bits says much about a lesion and nothing about bare skin: tiles without any feature
fall together by noise, and so do pictures that share little more than a dark rim. So a near pair
counts only when the thumbnails agree after one is laid over the other and their contrast is
normalised, both as a whole and in the middle, and when there is something in both places to agree
about.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isic_cli.curation.align import TRIMMED, Floats, aligned, warped
from isic_cli.curation.phash import THUMBNAIL, Grey

Residual = npt.NDArray[np.float32]

#: The map of a picture that is neither turned nor cropped.
AS_IT_IS: Floats = np.eye(2, 3, dtype=np.float32)

#: Standard deviation, in grey values of 255, below which there is nothing to agree about.
DETAIL = 2.0

#: Correlation of the whole thumbnail from which on two pictures are one.
WHOLE = 0.985

#: The same of its middle quarter, which a common rim or vignette does not reach.
CENTRE = 0.95

#: Correlation before they are aligned, below which aligning is not tried.
NEAR = 0.3

#: Grey value from which on light may have been cut off, so that it tells nothing.
WHITE = 254

#: Share of a picture that must lie on the other.
COVERED = 0.6


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


def _smooth(side: int) -> Residual:
    """Return the quadratic surfaces over a square, shape (side², 6)."""
    row, column = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].reshape(2, -1)
    basis = np.stack([row**0, row, column, row * column, row**2, column**2], axis=1)
    return basis.astype(np.float32)


_MIDDLE = slice(THUMBNAIL // 4, THUMBNAIL - THUMBNAIL // 4)
_SURFACES = {side: _smooth(side) for side in (THUMBNAIL, THUMBNAIL // 2)}


def _agreement(one: Grey, other: Grey, share: float = TRIMMED) -> tuple[float, float]:
    """Return the correlation of two squares and the lesser of their details.

    Brightness and slow shading are taken away. Of the pixels, the share that fits best counts, so
    that a hair or a ruler does not part two copies.
    """
    basis = _SURFACES[len(one)]
    left, right = (grey.reshape(-1).astype(np.float32) for grey in (one, other))
    shown = (left < WHITE) & (right < WHITE)
    if shown.mean() < COVERED:
        shown[:] = True
    fits = shown
    for number in range(3):
        normal = np.linalg.inv(basis[fits].T @ basis[fits]) @ basis[fits].T
        first = left - basis @ (normal @ left[fits])
        second = right - basis @ (normal @ right[fits])
        if number == 2:
            break
        gain = float(first[fits] @ second[fits]) / max(float(first[fits] @ first[fits]), 1e-3)
        away = np.abs(gain * first - second)
        fits = shown & (away <= np.quantile(away[shown], share))
    first, second = first[fits], second[fits]
    spread = float(first.std()), float(second.std())
    if min(spread) < 1e-3:
        return 0.0, 0.0
    mean = float(np.mean((first - first.mean()) * (second - second.mean())))
    return mean / (spread[0] * spread[1]), min(spread)


def confirm(one: Grey, other: Grey, start: Floats = AS_IT_IS) -> Confirmation:
    """Compare two thumbnails after laying one over the other.

    Parameters
    ----------
    one, other : ndarray of shape (64, 64), uint8
        From `phash.fingerprint`.
    start : ndarray of shape (2, 3), float32
        About where `other` lies in `one`, from `variants.starts`.
    """
    near, _ = warped(one.astype(np.float32), start)
    agreement, detail = _agreement(near.astype(np.uint8), other, 0.9)
    if agreement < NEAR:
        return Confirmation(agreement, 0.0, detail)
    found = aligned(one, other, start)
    if found is None or found[1] < COVERED:
        return Confirmation(0.0, 0.0, 0.0)
    laid = found[0]
    correlation, detail = _agreement(laid, other)
    centre, inner = _agreement(laid[_MIDDLE, _MIDDLE], other[_MIDDLE, _MIDDLE])
    return Confirmation(correlation, centre, min(detail, inner))
