"""Zero-parameter SLIC (SLICO): assign each pixel to the nearest of a thousand centres.

Achanta et al., "SLIC Superpixels Compared to State-of-the-art Superpixel Methods", TPAMI 34(11),
2012, and the zero-parameter variant of its authors: the colour distance of each cluster is divided
by the largest that was seen in it. Every operation is done in the order of scikit-image's kernel,
so that the result is the same to the last bit; only work that cannot change the result is left out.
"""

import numpy as np
import numpy.typing as npt

from isic_cli.superpixel.runs import split_runs
from isic_cli.superpixel.slic.assign import Assigner, Centres

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

ITERATIONS = 10


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
    assigner = Assigner(planes, weight, reach)
    bound = _first_bound(centres, (height, width), weight)
    nearest = assigner.assign(centres, bound, in_space=True)
    for _ in range(ITERATIONS - 1):
        bound = _update(planes, centres, nearest, weight, reach)
        nearest = assigner.assign(centres, bound)
    return nearest


def _first_bound(centres: Centres, shape: tuple[int, int], weight: float) -> Float64:
    """Return each pixel's distance in space to the nearest seed: ndarray of shape (H, W), float64.

    Before the first update all centres have one colour, so that only space decides.
    """
    nearest = []
    for seeds, size in zip((np.unique(centres.y), np.unique(centres.x)), shape, strict=True):
        away = np.abs(np.arange(size)[:, None] - seeds).min(axis=1)
        nearest.append(away * away)
    bound: Float64 = (nearest[0][:, None] + nearest[1]) * weight
    return bound


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
