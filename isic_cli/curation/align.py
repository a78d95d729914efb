"""One picture laid over another: turned, cropped, then shifted until they fit.

The maps are affine, from the square [-1, 1]² of one thumbnail to that of the other. A start comes
from the variant whose hash was near; Gauss-Newton steps on the grey values then fit all six
parameters together with gain and offset (Lucas and Kanade, An Iterative Image Registration
Technique, IJCAI 1981; with the update composed as by Baker and Matthews, IJCV 56, 2004). The fifth
of the pixels that fits worst is left out of each step: hairs and rulers lie there.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from isic_cli.curation.phash import THUMBNAIL, Grey

Floats = npt.NDArray[np.float32]

#: Steps; most pairs need five, copies without any sharp edge up to forty.
_STEPS = 40

#: Share of the pixels that counts.
TRIMMED = 0.8

#: How much of the other picture a map may enlarge or shrink, beyond which it fits by chance.
_SCALES = (0.55, 1.8)


@cache
def _grid() -> Floats:
    """Return the places of the pixels, shape (3, 4096): row, column, 1."""
    row, column = np.mgrid[-1 : 1 : THUMBNAIL * 1j, -1 : 1 : THUMBNAIL * 1j].reshape(2, -1)
    return np.stack([row, column, np.ones_like(row)]).astype(np.float32)


def warped(grey: Floats, matrix: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return a thumbnail under a map, shape (64, 64), and where it has values of its own.

    Parameters
    ----------
    grey : ndarray of shape (64, 64), float32
        Values.
    matrix : ndarray of shape (2, 3), float32
        From places of the result to places of `grey`; between pixels it is linear.
    """
    place = (matrix @ _grid() + 1) * ((THUMBNAIL - 1) / 2)
    inside = ((place >= -0.5) & (place <= THUMBNAIL - 0.5)).all(axis=0)
    place = np.clip(place, 0, THUMBNAIL - 1.001)
    row, column = place.astype(np.int64)
    down, right = (place - (row, column)).astype(np.float32)
    flat, at = grey.reshape(-1), row * THUMBNAIL + column
    upper = flat[at] * (1 - right) + flat[at + 1] * right
    lower = flat[at + THUMBNAIL] * (1 - right) + flat[at + THUMBNAIL + 1] * right
    side = (THUMBNAIL, THUMBNAIL)
    return (upper * (1 - down) + lower * down).reshape(side), inside.reshape(side)


def aligned(one: Grey, other: Grey, start: Floats) -> tuple[Grey, float] | None:
    """Lay one thumbnail over another.

    Parameters
    ----------
    one, other : ndarray of shape (64, 64), uint8
        From `phash.fingerprint`.
    start : ndarray of shape (2, 3), float32
        About where `other` lies in `one`.

    Returns
    -------
    laid : ndarray of shape (64, 64), uint8
        `one` as it covers `other`.
    covered : float
        Which share of `other` has values of its own under it.
    None
        The map left what a copy could be.
    """
    source, target = one.astype(np.float32), other.astype(np.float32).reshape(-1)
    matrix = start.astype(np.float32)
    row, column, ones = _grid()
    fits = np.ones(len(target), bool)
    for number in range(_STEPS):
        laid, inside = warped(source, matrix)
        shown = inside.reshape(-1)
        down, right = (part.reshape(-1) * ((THUMBNAIL - 1) / 2) for part in np.gradient(laid))
        columns = np.stack(
            [down * row, down * column, down, right * row, right * column, right,
             laid.reshape(-1), ones]
        )  # fmt: skip
        used = columns[:, shown & fits]
        normal = used @ used.T
        normal[np.diag_indices(8)] += 1e-7 * np.trace(normal)
        solved = np.linalg.solve(normal, used @ target[shown & fits])
        gain = solved[6]
        if not gain > 0.2:  # a negative, or nothing in common; NaN too
            return None
        away = np.abs(gain * columns[6] + solved[7] - target)
        fits = away <= np.quantile(away[shown], TRIMMED)
        step = np.eye(3, dtype=np.float32)
        step[:2] += (solved[:6] / gain).reshape(2, 3)
        matrix = matrix @ step
        sizes = np.linalg.svd(matrix[:, :2], compute_uv=False)
        if sizes[1] < _SCALES[0] or sizes[0] > _SCALES[1]:
            return None
        if number > 2 and np.abs(step - np.eye(3)).max() < 1e-3:
            break
    laid, inside = warped(source, matrix)
    return np.clip(np.rint(laid), 0, 255).astype(np.uint8), float(inside.mean())
