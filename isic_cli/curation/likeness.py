"""How alike two thumbnails are that lie on each other: as a whole, and in their fine detail."""

import numpy as np
import numpy.typing as npt

from isic_cli.curation.align import TRIMMED, Bools, Floats
from isic_cli.curation.phash import THUMBNAIL, Grey

Residual = npt.NDArray[np.float32]

#: How often the pixels that fit are chosen at most.
_ROUNDS = 8

#: Grey value from which on light may have been cut off, so that it tells nothing.
_WHITE = 254

#: Share of the pixels that must be darker than `_WHITE`, else the white ones count as well.
_DARKER = 0.1


def _smooth(side: int) -> Residual:
    """Return the quadratic surfaces over a square, shape (6, side²)."""
    row, column = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].reshape(2, -1)
    basis = np.stack([row**0, row, column, row * column, row**2, column**2])
    return basis.astype(np.float32)


_INNER = slice(THUMBNAIL // 4, THUMBNAIL - THUMBNAIL // 4)

#: The middle quarter of a thumbnail, which a common rim or vignette does not reach.
MIDDLE = (_INNER, _INNER)

_LOW, _HIGH = slice(THUMBNAIL // 2), slice(THUMBNAIL // 2, None)
_ALL = slice(None)

#: The whole of a thumbnail, and its halves.
_WHOLE = (_ALL, _ALL)
_HALVES = ((_LOW, _ALL), (_HIGH, _ALL), (_ALL, _LOW), (_ALL, _HIGH))

_SURFACES = {side: _smooth(side) for side in (THUMBNAIL, THUMBNAIL // 2)}


def agreement(one: Grey | Residual, other: Grey | Residual) -> tuple[float, float, Bools]:
    """Return the correlation of two squares, the lesser of their details, and what fits.

    Slow shading is taken away, and a tone curve: light that was cut off bends it, in one colour
    before the others. Of the pixels, the share that fits best counts, found anew until it stays,
    so that a hair or a ruler does not part two copies.
    """
    basis = _SURFACES[len(one)]
    left, right = (grey.reshape(-1).astype(np.float32) for grey in (one, other))
    shown = (left < _WHITE) & (right < _WHITE)
    if shown.mean() < _DARKER:
        shown[:] = True
    fits = shown
    rounds = 0
    while True:
        rounds += 1
        used = (fits / fits.sum()).astype(np.float32)
        centred = left - left @ used
        tone = centred / max(float(np.sqrt(centred**2 @ used)), 1e-3)
        curved = [centred, np.maximum(tone, 0) ** 2, np.minimum(tone, 0) ** 2, right]
        columns = np.concatenate([curved, basis])
        columns[:4] -= _slow_part(columns, used) @ basis
        curve, second = columns[:3], columns[3]
        normal = (curve * used) @ curve.T
        normal[np.diag_indices(3)] += max(1e-4 * float(np.trace(normal)), 1e-6)
        toned = np.linalg.solve(normal, curve @ (second * used)) @ curve
        away = np.abs(toned - second)
        closest = shown & (away <= np.quantile(away[shown], TRIMMED))
        if rounds == _ROUNDS or (rounds > 1 and (closest == fits).all()):
            break
        fits = closest
    plain, first, second = curve[0, fits], toned[fits], second[fits]
    spread = min(float(plain.std()), float(second.std()))
    if spread < 1e-3 or first.std() < 1e-3:
        return 0.0, 0.0, fits
    sign = np.sign(np.corrcoef(plain, second)[0, 1])  # a curve may turn a negative
    return float(sign * np.corrcoef(first, second)[0, 1]), spread, fits


def _slow_part(columns: Floats, used: Floats) -> Floats:
    """Return the surfaces that fit four columns best, of these and the surfaces, shape (4, 6)."""
    products = (columns[4:] * used) @ columns.T
    found: Floats = np.linalg.solve(products[:, 4:], products[:, :4]).T
    return found


def smoothed(grey: Grey | Residual) -> Residual:
    """Return a thumbnail blurred by [1, 2, 1] both ways."""
    rows = np.pad(grey.astype(np.float32), 1, mode="edge")
    rows = np.asarray((rows[:-2] + 2 * rows[1:-1] + rows[2:]) / 4, np.float32)
    return np.asarray((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4, np.float32)


def fine_detail(
    one: Grey | Residual, other: Grey | Residual, fits: Bools
) -> tuple[float, float, float]:
    """Return the correlation of what is smaller than five pixels, where two fit.

    Of the whole, of the middle, and the least of the four halves. For halves, what does not fit
    counts in no mean of five by five pixels: hairs in both would leave their shade around them.
    """
    fits = fits.reshape(one.shape)
    all_count = np.ones_like(fits)
    whole, middle = _fine(one, other, fits, all_count, (_WHOLE, MIDDLE))
    return whole, middle, min(_fine(one, other, fits, fits, _HALVES))


def whole_fine_detail(one: Grey | Residual, other: Grey | Residual, fits: Bools) -> float:
    """Return the first of `fine_detail` alone."""
    return _fine(one, other, fits, np.ones_like(fits), (_WHOLE,))[0]


def _fine(
    one: Grey | Residual,
    other: Grey | Residual,
    fits: Bools,
    counted: Bools,
    parts: tuple[tuple[slice, slice], ...],
) -> list[float]:
    """Return the correlations of parts after the mean of what counts around was taken away."""
    weights = np.maximum(_around(counted), 1e-6)
    left, right = (
        np.asarray(grey - _around(grey * counted) / weights, np.float32) for grey in (one, other)
    )
    return [correlation(left[part][fits[part]], right[part][fits[part]]) for part in parts]


def _around(values: Grey | Residual | Bools) -> Residual:
    """Return the sums of five by five values around each, shape (S, S)."""
    padded = np.pad(values.astype(np.float32), 2, mode="edge")
    rows = np.sum([padded[at : at + len(values)] for at in range(5)], axis=0)
    return np.sum([rows[:, at : at + len(values)] for at in range(5)], axis=0)  # type: ignore[no-any-return]


def correlation(left: Grey | Residual, right: Grey | Residual) -> float:
    """Return the correlation of two rows of values; 0 where one of them is all the same."""
    if not left.size or min(float(left.std()), float(right.std())) < 1e-3:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])
