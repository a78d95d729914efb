"""Pictures laid over others: turned, cropped, then shifted until they fit.

The maps are affine, from the square [-1, 1]² of one thumbnail to that of the other. A start comes
from the variant whose hash was near; Gauss-Newton steps on the grey values then fit all six
parameters together with gain and offset (Lucas and Kanade, An Iterative Image Registration
Technique, IJCAI 1981; with the update composed as by Baker and Matthews, IJCV 56, 2004). The fifth
of the pixels that fits worst is left out of each step: hairs and rulers lie there.

Many pairs go through each step together: of small thumbnails a step costs less than the calls.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from isic_cli.curation.phash import Grey

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

#: Steps; most pairs need five, copies without any sharp edge up to forty.
STEPS = 40

#: Share of the pixels that counts.
TRIMMED = 0.8

#: How much a map may enlarge or shrink beyond its start, further than which it fits by chance.
_SCALES = (0.55, 1.8)

#: Grey values by which a pixel that nothing covers is away: more than any other.
_FAR = np.float32(1e9)

#: Grey value and share of the pixels from which on light was cut off in one colour at least.
_GLARE, _GLARING = 240, 0.25

_EYE = np.eye(3, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class LaidOver:
    """Thumbnails as they cover others.

    Attributes
    ----------
    grey : ndarray of shape (N, S, S), float32
        The first of each pair under the map that was found.
    covered : ndarray of shape (N,), float32
        Which share of the second has values of the first on it.
    correlation : ndarray of shape (N,), float32
        Of the pixels that fit best, in [-1, 1].
    failed : ndarray of shape (N,), bool
        Whether the map left what a copy could be: the rest says nothing then.
    matrices : ndarray of shape (N, 2, 3), float32
        The maps.
    fits : ndarray of shape (N, S, S), bool
        The pixels that fit best.
    """

    grey: Floats
    covered: Floats
    correlation: Floats
    failed: Bools
    matrices: Floats
    fits: Bools


@cache
def _grid(side: int) -> Floats:
    """Return the places of the pixels, shape (3, side²): row, column, 1."""
    row, column = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].reshape(2, -1)
    return np.stack([row, column, np.ones_like(row)]).astype(np.float32)


def warped(grey: Floats, matrices: Floats) -> tuple[Floats, Bools]:
    """Return thumbnails under maps, and where they have values of their own, shape (N, S, S).

    Parameters
    ----------
    grey : ndarray of shape (N, S, S), float32
        Values.
    matrices : ndarray of shape (N, 2, 3), float32
        From places of the results to places of `grey`; between pixels it is linear.
    """
    count, side, _ = grey.shape
    place = (matrices @ _grid(side) + 1) * ((side - 1) / 2)
    inside = ((place >= -0.5) & (place <= side - 0.5)).all(axis=1)
    place = np.clip(place, 0, side - 1.001)
    corner = place.astype(np.int64)
    down, right = (place - corner).astype(np.float32).transpose(1, 0, 2)
    flat = grey.reshape(-1)
    at = corner[:, 0] * side + corner[:, 1] + np.arange(count)[:, None] * side**2
    upper = flat[at] * (1 - right) + flat[at + 1] * right
    lower = flat[at + side] * (1 - right) + flat[at + side + 1] * right
    return (upper * (1 - down) + lower * down).reshape(grey.shape), inside.reshape(grey.shape)


def laid_over(
    ones: Grey, others: Grey, starts: Floats, steps: int = STEPS, *, first: Floats | None = None
) -> LaidOver:
    """Lay thumbnails over others.

    Parameters
    ----------
    ones, others : ndarray of shape (N, S, S), uint8
        From `phash.fingerprint`, or smaller.
    starts : ndarray of shape (N, 2, 3), float32
        About where each of `others` lies in its one.
    steps : int
        At most so many.
    first : ndarray of shape (N, 2, 3), float32
        Maps to begin with, where nearer ones are known.
    """
    count = len(ones)
    source, target = ones.astype(np.float32), others.astype(np.float32).reshape(count, -1)
    back = np.linalg.inv(starts[:, :, :2])
    matrices = np.array(starts if first is None else first, np.float32)
    fits = np.ones(target.shape, bool)
    failed, ended = np.zeros(count, bool), np.zeros(count, bool)
    for number in range(steps):
        laid, inside = warped(source, matrices)
        shown = inside.reshape(count, -1)
        solved = _solved(laid, shown & fits, target)
        failed |= ~(solved[:, 6] > 0.2)  # a negative, or nothing in common; NaN too
        solved[failed] = (0, 0, 0, 0, 0, 0, 1, 0)
        gain, offset = solved[:, 6:7], solved[:, 7:]
        fits = _closest(np.abs(gain * laid.reshape(count, -1) + offset - target), shown)
        step = np.tile(_EYE, (count, 1, 1))
        step[:, :2] += (solved[:, :6] / gain).reshape(count, 2, 3)
        moving = ~(failed | ended)
        matrices[moving] = matrices[moving] @ step[moving]
        sizes = np.linalg.svd(back @ matrices[:, :, :2], compute_uv=False)
        failed |= (sizes[:, 1] < _SCALES[0]) | (sizes[:, 0] > _SCALES[1])
        if number > 2:
            ended |= np.abs(step - _EYE).max(axis=(1, 2)) < 1e-3
        if (failed | ended).all():
            break
    laid, inside = warped(source, matrices)
    shown = inside.reshape(count, -1)
    fits &= shown
    correlation = _correlation(laid.reshape(count, -1), target, fits)
    covered = shown.mean(axis=1, dtype=np.float32)
    return LaidOver(laid, covered, correlation, failed, matrices, fits.reshape(laid.shape))


def _solved(laid: Floats, used: Bools, target: Floats) -> Floats:
    """Return six parameters of a step, gain and offset that fit best, shape (N, 8)."""
    count, side, _ = laid.shape
    row, column, ones = _grid(side)
    down, right = (
        part.reshape(count, -1) * ((side - 1) / 2) for part in np.gradient(laid, axis=(1, 2))
    )
    columns = np.stack(
        [down * row, down * column, down, right * row, right * column, right,
         laid.reshape(count, -1), np.broadcast_to(ones, target.shape)], axis=1
    )  # fmt: skip
    weighed = columns * used[:, None]
    normal = weighed @ columns.transpose(0, 2, 1)
    # The smallest number keeps what nothing covers from being singular.
    more = 1e-7 * np.trace(normal, axis1=1, axis2=2) + 1e-6
    normal[:, range(8), range(8)] += more[:, None]
    solved: Floats = np.linalg.solve(normal, weighed @ target[:, :, None])[:, :, 0]
    return solved


def _closest(away: Floats, shown: Bools) -> Bools:
    """Return the share of the pixels shown that is the least away, shape (N, S²)."""
    ordered = np.sort(np.where(shown, away, _FAR), axis=1)
    place = np.maximum(shown.sum(axis=1) - 1, 0) * TRIMMED
    low = place.astype(np.int64)
    rows = np.arange(len(away))
    first, second = ordered[rows, low], ordered[rows, np.ceil(place).astype(np.int64)]
    limit = first + (second - first) * (place - low)
    closest: Bools = away <= limit[:, None]
    return closest


def _correlation(one: Floats, other: Floats, used: Bools) -> Floats:
    count = np.maximum(used.sum(axis=1, keepdims=True), 1)
    left, right = (
        (part - (part * used).sum(axis=1, keepdims=True) / count) * used for part in (one, other)
    )
    spread = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    found: Floats = ((left * right).sum(axis=1) / np.maximum(spread, 1e-3)).astype(np.float32)
    return found


def in_one_light(one: Grey, other: Grey, start: Floats) -> tuple[Grey, Grey]:
    """Give the picture that has more light left the grey values of the other, rank by rank.

    What was cut off has no edges where the other has them, so that aligning would walk away.
    """
    glaring = [float((grey >= _GLARE).mean()) for grey in (one, other)]
    if max(glaring) < _GLARING:
        return one, other
    near, inside = warped(one[None].astype(np.float32), start[None])
    ranks = np.linspace(0, 1, 257)
    values = [np.quantile(grey[inside[0]], ranks) for grey in (near[0], other)]
    if glaring[0] < glaring[1]:
        return _toned(one, *values), other
    return one, _toned(other, *values[::-1])


def _toned(grey: Grey, before: Floats, after: Floats) -> Grey:
    """Change grey values by a curve; one that is there more than once becomes the mean."""
    places, which = np.unique(before, return_inverse=True)
    curve = np.bincount(which, after) / np.bincount(which)
    return np.rint(np.interp(grey, places, curve)).astype(np.uint8)
