"""Superpixel maps of drawn pictures: a jittered grid that gives way to brightness.

These are no archive maps: the archive's are made by SLIC, and these only share their form.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Labels = NDArray[np.uint16]

#: About as many labels as the archive's maps have.
WANTED = 1000
_JITTER = 0.3
_BRIGHTNESS = 0.08  # a difference of 12 levels counts as much as one grid step


def superpixels(picture: NDArray[np.uint8], seed: int) -> Labels:
    """Divide a picture into connected patches.

    Each pixel goes to the best of the nine seeds around it, by distance and brightness; then
    whatever does not hang together with its seed goes to a neighbour. Worked out on every second
    pixel.

    Parameters
    ----------
    picture : ndarray of shape (H, W, 3), uint8
        Both sides even.
    seed : int
        Moves the grid.

    Returns
    -------
    ndarray of shape (H, W), uint16
        Labels 0 to N-1, in the order of the grid, each one connected (by edges) and none empty.
    """
    height, width = picture.shape[:2]
    half = np.asarray(Image.fromarray(picture).convert("L").reduce(2), np.float32)
    step = np.sqrt(half.shape[0] * half.shape[1] / WANTED)
    cells = round(half.shape[0] / step), round(half.shape[1] / step)
    ys, xs = _seeds(np.random.default_rng([14, seed]), cells, half.shape)
    labels = _nearest(half, ys, xs, float(step)).astype(np.uint16)
    labels[ys, xs] = np.arange(cells[0] * cells[1], dtype=np.uint16).reshape(cells)
    _connect(labels, ys, xs)
    return labels.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]


def to_rgb(labels: Labels) -> NDArray[np.uint8]:
    """Encode labels as the archive does: R + 256 G + 65536 B; blue is never needed here."""
    rgb = np.zeros((*labels.shape, 3), np.uint8)
    rgb[..., 0] = labels & 255
    rgb[..., 1] = labels >> 8
    return rgb


def within(labels: Labels, mask: NDArray[np.bool_], part: float = 0.5) -> NDArray[np.intp]:
    """Return the labels of which more than `part` lies in a mask of the same shape."""
    flat = labels.ravel()
    share = np.bincount(flat, weights=mask.ravel()) / np.bincount(flat)
    return np.flatnonzero(share > part)


def _seeds(
    rng: np.random.Generator, cells: tuple[int, int], shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return row and column of a seed in each cell of a grid, arrays of the grid's shape."""
    places = []
    for axis in range(2):
        index = np.arange(cells[axis]).reshape((-1, 1) if axis == 0 else (1, -1))
        moved = index + 0.5 + rng.uniform(-_JITTER, _JITTER, cells)
        places.append((moved * shape[axis] / cells[axis]).astype(np.intp))
    return places[0], places[1]


def _nearest(
    gray: NDArray[np.float32], ys: NDArray[np.intp], xs: NDArray[np.intp], step: float
) -> NDArray[np.int32]:
    height, width = gray.shape
    cell_rows = np.arange(height) * ys.shape[0] // height
    cell_columns = np.arange(width) * ys.shape[1] // width
    rows, columns = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    far = [rows[:, None] / np.float32(step), columns[None, :] / np.float32(step)]
    seeds = [(place / step).astype(np.float32) for place in (ys, xs)]
    levels = gray * np.float32(_BRIGHTNESS)
    level_of = levels[ys, xs]
    best = np.full((height, width), np.inf, np.float32)
    labels = np.zeros((height, width), np.int32)
    for up in (-1, 0, 1):
        near_rows = np.clip(cell_rows + up, 0, ys.shape[0] - 1)[:, None]
        for left in (-1, 0, 1):
            near = near_rows, np.clip(cell_columns + left, 0, ys.shape[1] - 1)[None, :]
            own = (near[0] * ys.shape[1] + near[1]).astype(np.int32)
            cost = np.square(far[0] - seeds[0].take(own))
            cost += np.square(far[1] - seeds[1].take(own))
            cost += np.square(levels - level_of.take(own))
            np.copyto(labels, own, where=cost < best)
            np.minimum(best, cost, out=best)
    return labels


def _connect(labels: Labels, ys: NDArray[np.intp], xs: NDArray[np.intp]) -> None:
    """Give what does not hang together with its seed to a neighbour, in place."""
    rooted = np.zeros(labels.shape, bool)
    rooted[ys, xs] = True
    _grow(labels, rooted, take_over=False)
    while not rooted.all():
        _grow(labels, rooted, take_over=True)


def _grow(labels: Labels, rooted: NDArray[np.bool_], *, take_over: bool) -> None:
    """Spread `rooted` to the four neighbours of each pixel.

    Either to those of the same label, until nothing changes; or one step into any that is not
    rooted, which then takes the label of its neighbour.
    """
    ahead, behind, everything = slice(1, None), slice(None, -1), slice(None)
    steps = [
        ((ahead, everything), (behind, everything)),
        ((behind, everything), (ahead, everything)),
        ((everything, ahead), (everything, behind)),
        ((everything, behind), (everything, ahead)),
    ]
    before, count = -1, int(rooted.sum())
    while before != count:
        for there, here in steps:
            new = ~rooted[there] & rooted[here]
            if take_over:
                labels[there][new] = labels[here][new]
            else:
                new &= labels[there] == labels[here]
            rooted[there] |= new
        if take_over:
            return
        before, count = count, int(rooted.sum())
