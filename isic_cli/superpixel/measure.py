"""Sizes, places, colours and connectedness of regions, all from row runs.

Every function takes the `RowRuns` of a map and answers in region order.
"""

import numpy as np
import numpy.typing as npt

from isic_cli.errors import UsageError
from isic_cli.superpixel.runs import Int64, RowRuns

Float64 = npt.NDArray[np.float64]

#: Pixels of a channel that are laid side by side at a time, within the processor's cache.
_BAND = 1 << 17


def areas(runs: RowRuns) -> Int64:
    """Return the pixels of each region: ndarray of shape (N,), int64."""
    return np.bincount(runs.index, weights=runs.lengths, minlength=runs.count).astype(np.int64)


def centroids(runs: RowRuns) -> Float64:
    """Return the mean pixel position of each region.

    Returns
    -------
    centroids : ndarray of shape (N, 2), float64
        (row, column), in pixels, the centre of the first pixel being (0, 0). The sums are
        integers, or halves, below 2**53, so that only the division rounds.
    """
    size = areas(runs)
    lengths = runs.lengths.astype(np.float64)
    down = np.bincount(runs.index, weights=lengths * runs.rows, minlength=runs.count)
    middle = runs.columns + (lengths - 1) / 2
    right = np.bincount(runs.index, weights=lengths * middle, minlength=runs.count)
    return np.stack([down / size, right / size], axis=1)


def bounding_boxes(runs: RowRuns) -> Int64:
    """Return the smallest rectangle around each region.

    Returns
    -------
    boxes : ndarray of shape (N, 4), int64
        (top, left, bottom, right); bottom and right lie outside, so that
        `image[top:bottom, left:right]` holds the region.
    """
    first, last = runs.offsets[:-1], runs.offsets[1:] - 1
    rows, columns = runs.rows[runs.order], runs.columns[runs.order]
    left = np.minimum.reduceat(columns, first)
    right = np.maximum.reduceat(columns + runs.lengths[runs.order], first)
    return np.stack([rows[first], left, rows[last] + 1, right], axis=1).astype(np.int64)


def components(runs: RowRuns, *, corners: bool = False) -> Int64:
    """Find the connected pieces of all regions.

    Parameters
    ----------
    runs : RowRuns
        The map.
    corners : bool
        Whether pixels that touch only at a corner are connected (8 instead of 4 neighbours).

    Returns
    -------
    piece : ndarray of shape (R,), int64
        For each run the smallest run of its piece.
    """
    upper, lower = _touching_rows(runs, corners=corners)
    same = runs.index[upper] == runs.index[lower]
    upper, lower = upper[same], lower[same]
    parent = np.arange(runs.starts.size)
    while True:
        # Hooking the larger root to the smaller, then halving all paths, ends after about
        # log(R) rounds; roots only ever decrease, so that it ends.
        one, two = parent[upper], parent[lower]
        apart = one != two
        if not apart.any():
            return parent
        upper, lower, one, two = upper[apart], lower[apart], one[apart], two[apart]
        np.minimum.at(parent, np.maximum(one, two), np.minimum(one, two))
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]


def _touching_rows(runs: RowRuns, *, corners: bool) -> tuple[Int64, Int64]:
    """Return all pairs of runs of neighbouring rows that touch: (upper, lower), each (P,)."""
    width = runs.shape[1]
    reach = 1 if corners else 0
    columns = runs.columns.astype(np.int64)
    ends = columns + runs.lengths - 1
    below = (runs.rows.astype(np.int64) + 1) * width
    inner = runs.rows < runs.shape[0] - 1
    low = np.maximum(columns - reach, 0) + below
    high = np.minimum(ends + reach, width - 1) + below
    first = np.searchsorted(runs.starts, low[inner], "right") - 1
    last = np.searchsorted(runs.starts, high[inner], "right") - 1
    number = last - first + 1
    upper = np.repeat(np.flatnonzero(inner), number)
    ends_at = np.cumsum(number)
    lower = np.arange(upper.size) - np.repeat(ends_at - number - first, number)
    return upper, lower


def piece_counts(runs: RowRuns, *, corners: bool = False) -> Int64:
    """Return how many connected pieces each region has: ndarray of shape (N,), int64."""
    piece = components(runs, corners=corners)
    roots = np.flatnonzero(piece == np.arange(piece.size))
    return np.bincount(runs.index[roots], minlength=runs.count)


def check_size(runs: RowRuns, shape: tuple[int, ...], what: str) -> None:
    """Refuse a picture or mask that is not as large as the map.

    Raises
    ------
    UsageError
        With a hint when height and width are swapped, as a viewer that obeys EXIF makes them.
    """
    if tuple(shape[:2]) == runs.shape:
        return
    if len(shape) < 2:
        raise UsageError(f"a picture is (H, W) or (H, W, C), not {shape}")
    size, own = f"{shape[1]}x{shape[0]}", f"{runs.shape[1]}x{runs.shape[0]}"
    swapped = tuple(shape[1::-1]) == runs.shape
    raise UsageError(
        f"the {what} is {size}, the superpixel map {own}",
        hint="it was rotated, perhaps by a program that applies EXIF orientation; "
        "use the stored pixels"
        if swapped
        else "each map belongs to one image at its full size",
    )


def sums(runs: RowRuns, image: npt.NDArray[np.generic]) -> Float64:
    """Return the sum of each region's pixels.

    Parameters
    ----------
    runs : RowRuns
        The map.
    image : ndarray of shape (H, W), bool or uint8, or any real dtype
        One channel.

    Returns
    -------
    sums : ndarray of shape (N,), float64
        Exact for bool and uint8.
    """
    small = image.dtype.kind == "b" or image.dtype == np.uint8
    per_run = np.empty(runs.starts.size, np.uint32 if small else np.float64)
    for top, bottom, these in runs.bands(image.size if image.flags.c_contiguous else _BAND):
        band = np.ascontiguousarray(image[top:bottom]).reshape(-1)
        begins = runs.starts[these] - np.int32(top * runs.shape[1])
        np.add.reduceat(band, begins, dtype=per_run.dtype, out=per_run[these])
    weights: Float64 = np.asarray(per_run, np.float64)
    out: Float64 = np.asarray(np.bincount(runs.index, weights, runs.count), np.float64)
    return out


def means(runs: RowRuns, image: npt.NDArray[np.generic]) -> Float64:
    """Return the mean of each region's pixels, by channel.

    Parameters
    ----------
    runs : RowRuns
        The map.
    image : ndarray of shape (H, W) or (H, W, C)
        A picture; EXIF orientation not applied.

    Returns
    -------
    means : ndarray of shape (N, C), float64; (N,) for a picture without channels
    """
    check_size(runs, image.shape, "image")
    if image.ndim > 3:
        raise UsageError(f"a picture is (H, W) or (H, W, C), not {image.shape}")
    size = areas(runs)
    if image.ndim == 2:
        return sums(runs, image) / size
    channels = [sums(runs, image[..., c]) / size for c in range(image.shape[2])]
    return np.stack(channels, axis=1)


def coverage(runs: RowRuns, mask: npt.NDArray[np.generic]) -> Float64:
    """Return the share of each region that lies in a mask.

    Parameters
    ----------
    runs : RowRuns
        The map.
    mask : ndarray of shape (H, W), bool
        Other dtypes: everything but 0 is inside.

    Returns
    -------
    coverage : ndarray of shape (N,), float64
        0.0 to 1.0.
    """
    check_size(runs, mask.shape, "mask")
    if mask.ndim != 2:
        raise UsageError(f"a mask is two-dimensional, not {mask.shape}", hint="take one channel")
    inside = mask.view(np.uint8) if mask.dtype.kind == "b" else mask.astype(bool).view(np.uint8)
    return sums(runs, inside) / areas(runs)
