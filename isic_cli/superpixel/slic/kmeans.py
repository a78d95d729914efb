"""Zero-parameter SLIC (SLICO): assign each pixel to the nearest of a thousand centres.

Achanta et al., "SLIC Superpixels Compared to State-of-the-art Superpixel Methods", TPAMI 34(11),
2012, and the zero-parameter variant of its authors: the colour distance of each cluster is divided
by the largest that was seen in it. Every operation is done in the order of scikit-image's kernel,
so that the result is the same to the last bit; only work that cannot change the result is left out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isic_cli.superpixel.runs import split_runs

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

ITERATIONS = 10
#: Pixels of a window worked on together: the scratch planes then stay in the processor's cache.
_BLOCK = 1 << 14


@dataclass(slots=True)
class Centres:
    """The state of the clustering.

    Attributes
    ----------
    y, x : ndarray of shape (K,), float64
        Pixels; NaN for a cluster that lost all its pixels.
    colour : ndarray of shape (K, 3), float64
        Scaled Lab.
    spread : ndarray of shape (K,), float64
        The largest squared colour distance seen in each cluster, at least 1.
    """

    y: Float64
    x: Float64
    colour: Float64
    spread: Float64


def grid_steps(height: int, width: int, number: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return first position and step, in rows and in columns, of a regular grid of seeds.

    Returns
    -------
    rows, columns : tuple of int
        (first, step) each.
    """
    ideal = (height * width / number) ** 0.5
    steps = [ideal, ideal]
    short = 0 if height <= width else 1
    sizes = (height, width)
    if sizes[short] < ideal:
        steps[short] = sizes[short]
        steps[1 - short] = sizes[1 - short] / number
    (rows, columns) = [(int(step // 2), int(np.round(step))) for step in steps]
    return rows, columns


def cluster(planes: Float64, number: int) -> Int64:
    """Cluster the pixels.

    Parameters
    ----------
    planes : ndarray of shape (3, H, W), float64
        Lab, scaled by 1 / compactness.
    number : int
        Clusters wanted; the grid gives about as many.

    Returns
    -------
    nearest : ndarray of shape (H, W), int64
        The cluster of each pixel; clusters need not be connected.
    """
    _, height, width = planes.shape
    (top, down), (left, right) = grid_steps(height, width, number)
    y, x = np.meshgrid(np.arange(top, height, down), np.arange(left, width, right), indexing="ij")
    # The step of the distances comes from the wanted number, the reach of the windows from the
    # number of seeds that the grid gave.
    weight = 1.0 / float(np.float32(max(down, right)) ** 2)
    count = y.size
    (_, reach_y), (_, reach_x) = grid_steps(height, width, count)
    reach = (2 * reach_y, 2 * reach_x)
    centres = Centres(
        y.ravel().astype(float), x.ravel().astype(float), np.zeros((count, 3)), np.ones(count)
    )
    nearest = np.full((height, width), -1)
    bound = _first_bound(centres, (height, width), weight)
    for iteration in range(ITERATIONS):
        nearest = _assign(planes, centres, weight, reach, bound)
        if iteration < ITERATIONS - 1:
            bound = _update(planes, centres, nearest, weight, reach)
    return nearest


def _first_bound(centres: Centres, shape: tuple[int, int], weight: float) -> Float64:
    """Return each pixel's distance in space to the nearest seed: ndarray of shape (H, W), float64.

    Before the first update all centres have one colour, so that only space decides. The windows
    are a pixel wider than this bound, which is far more than the rounding of a large colour
    distance can hide.
    """
    nearest = []
    for seeds, size in zip((np.unique(centres.y), np.unique(centres.x)), shape, strict=True):
        away = np.abs(np.arange(size)[:, None] - seeds).min(axis=1)
        nearest.append(away * away)
    bound: Float64 = (nearest[0][:, None] + nearest[1]) * weight
    return bound


def _window(centre: float, reach: int, size: int, radius: float) -> tuple[int, int]:
    """Return the first and the end position that a cluster's window covers along one axis."""
    low, high = int(max(centre - reach, 0)), int(min(centre + reach + 1, size))
    if radius < reach:
        low = max(low, int(np.ceil(centre - radius)))
        high = min(high, int(centre + radius) + 1)
    return low, high


def _assign(
    planes: Float64,
    centres: Centres,
    weight: float,
    reach: tuple[int, int],
    bound: Float64,
) -> Int64:
    """Assign each pixel to the nearest centre whose window holds it; the first of equals.

    `bound`, of shape (H, W), is a distance that each pixel can have for sure: a centre whose
    distance in space alone is larger than all bounds near it cannot win there.
    """
    _, height, width = planes.shape
    distance = np.full((height, width), np.finfo(np.float64).max)
    nearest = np.full((height, width), -1, np.int32)
    rows_of, columns_of = np.arange(height, dtype=float), np.arange(width, dtype=float)
    scratch = np.empty((2, _BLOCK + width))
    closer = np.empty(_BLOCK + width, bool)
    for k in np.flatnonzero(np.isfinite(centres.y)).tolist():
        cy, cx = float(centres.y[k]), float(centres.x[k])
        top, bottom = _window(cy, reach[0], height, np.inf)
        left, right = _window(cx, reach[1], width, np.inf)
        most = float(bound[top:bottom, left:right].max())
        # A pixel more than is needed on each side covers the rounding of the root.
        radius = (most / weight) ** 0.5 + 1
        top, bottom = _window(cy, reach[0], height, radius)
        left, right = _window(cx, reach[1], width, radius)
        dy = cy - rows_of[top:bottom]
        dy *= dy
        rows = max(1, _BLOCK // max(1, right - left))
        for begin in range(top, bottom, rows):
            end = min(begin + rows, bottom)
            part = dy[begin - top : end - top]
            apart = max(begin - cy, cy - (end - 1), 0.0)
            rest = max(0.0, radius * radius - apart * apart)
            first, last = _window(cx, reach[1], width, rest**0.5 + 1)
            first, last = max(first, left), min(last, right)
            dx = cx - columns_of[first:last]
            dx *= dx
            shape = (end - begin, last - first)
            size = shape[0] * shape[1]
            total = scratch[0, :size].reshape(shape)
            term = scratch[1, :size].reshape(shape)
            better = closer[:size].reshape(shape)
            area = (slice(begin, end), slice(first, last))
            _colour_distance(planes, centres.colour[k], area, total, term)
            total /= centres.spread[k]
            np.add(part[:, None], dx, out=term)
            term *= weight
            total += term
            target = distance[area]
            np.less(total, target, out=better)
            np.minimum(total, target, out=target)
            np.copyto(nearest[area], k, where=better)
    return nearest.astype(np.int64)


def _colour_distance(
    planes: Float64,
    colour: Float64,
    area: tuple[slice, slice],
    total: Float64,
    term: Float64,
) -> None:
    """Write the squared colour distance of an area to `total`."""
    np.subtract(planes[0][area], colour[0], out=total)
    total *= total
    for channel in (1, 2):
        np.subtract(planes[channel][area], colour[channel], out=term)
        term *= term
        total += term


def _update(
    planes: Float64, centres: Centres, nearest: Int64, weight: float, reach: tuple[int, int]
) -> Float64:
    """Move the centres to the means of their pixels; return each pixel's distance to its own.

    The sums are taken pixel by pixel in row-major order, as rounding depends on it.
    """
    _, height, width = planes.shape
    count = centres.y.size
    flat = nearest.reshape(-1)
    starts, lengths, index = split_runs(nearest)
    rows = (starts // width).astype(np.float64)
    columns = (starts % width) + (lengths - 1) / 2
    with np.errstate(invalid="ignore"):
        size = np.bincount(index, weights=lengths, minlength=count)
        centres.y = np.bincount(index, weights=rows * lengths, minlength=count) / size
        centres.x = np.bincount(index, weights=columns * lengths, minlength=count) / size
        for channel in range(3):
            sums = np.bincount(flat, weights=planes[channel].reshape(-1), minlength=count)
            centres.colour[:, channel] = sums / size
    own = np.empty((height, width))
    total = own.reshape(-1)
    total[:] = 0
    for channel in range(3):
        term = np.repeat(centres.colour[index, channel], lengths)
        np.subtract(planes[channel].reshape(-1), term, out=term)
        term *= term
        total += term
    np.maximum.at(centres.spread, index, np.maximum.reduceat(total, starts))
    total /= np.repeat(centres.spread[index], lengths)
    dy = np.repeat(rows - centres.y[index], lengths)
    dx = np.tile(np.arange(width, dtype=np.float64), height)
    dx -= np.repeat(centres.x[index], lengths)
    dy *= dy
    dx *= dx
    # A centre that moved away may no longer see a pixel: that pixel has no bound.
    lost = (dy >= (reach[0] - 1) ** 2) | (dx >= (reach[1] - 1) ** 2)
    dy += dx
    dy *= weight
    total += dy
    if lost.any():
        total[lost] = np.inf
    return own
