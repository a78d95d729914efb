"""Make clusters connected: pieces that are too small join a neighbour, huge ones are cut.

Pieces are numbered in the order of their first pixels. A piece smaller than half the ideal size
takes the number of a piece beside it: of the last one that a breadth-first walk through it meets.
A piece that reaches three times the ideal size is cut where that walk stands then. Only those two
kinds are walked pixel by pixel; the rest is numbered from row runs.
"""

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isic_cli.superpixel.measure import components
from isic_cli.superpixel.runs import Int64, RowRuns, compact, split_runs


@dataclass(slots=True)
class _Pieces:
    """Pieces found so far; cutting one adds more.

    Attributes
    ----------
    of_pixel : ndarray of shape (H * W,), int64
        The piece of each pixel.
    sizes : list of int
        Pixels of each piece.
    labels : list of int
        The final label of each piece; -1 until it is known.
    """

    of_pixel: Int64
    sizes: list[int]
    labels: list[int]


def connected(nearest: Int64, min_size: int, max_size: int) -> npt.NDArray[np.uint32]:
    """Return connected superpixels from clusters.

    Parameters
    ----------
    nearest : ndarray of shape (H, W), int64
        The cluster of each pixel.
    min_size : int
        Pieces of fewer pixels join a neighbour.
    max_size : int
        Pieces never have more pixels.

    Returns
    -------
    labels : ndarray of shape (H, W), uint32
        0..N-1, numbered by first pixel, row-major.
    """
    shape = (nearest.shape[0], nearest.shape[1])
    starts, lengths, values = split_runs(nearest)
    ids, index = compact(values)
    runs = RowRuns(shape, starts, lengths, index, ids.size)
    roots, piece = np.unique(components(runs), return_inverse=True)
    sizes = np.bincount(piece, weights=lengths).astype(np.int64).tolist()
    pieces = _Pieces(np.repeat(piece, lengths), sizes, [-1] * roots.size)
    waiting = [(int(starts[root]), number) for number, root in enumerate(roots.tolist())]
    current = 0
    while waiting:
        first, number = heapq.heappop(waiting)
        if pieces.sizes[number] > max_size:
            for cut in _cut(pieces, number, first, max_size, shape):
                heapq.heappush(waiting, cut)
        if pieces.sizes[number] >= min_size:
            pieces.labels[number] = current
            current += 1
        else:
            pieces.labels[number] = _last_met(pieces, number, first, current, shape)
    return np.array(pieces.labels, np.uint32)[pieces.of_pixel].reshape(shape)


def _beside(position: int, shape: tuple[int, int]) -> list[int]:
    """Return the pixels right, left, below and above of one, those inside the picture."""
    height, width = shape
    row, column = divmod(position, width)
    found = []
    if column + 1 < width:
        found.append(position + 1)
    if column > 0:
        found.append(position - 1)
    if row + 1 < height:
        found.append(position + width)
    if row > 0:
        found.append(position - width)
    return found


def _last_met(
    pieces: _Pieces, number: int, first: int, current: int, shape: tuple[int, int]
) -> int:
    """Return the label of the last finished piece that a breadth-first walk meets; or 0."""
    of_pixel, labels = pieces.of_pixel, pieces.labels
    seen, queue, met = {first}, [first], 0
    for position in queue:
        for other in _beside(position, shape):
            beside = int(of_pixel[other])
            if beside == number:
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
            elif labels[beside] >= 0 and labels[beside] != current:
                met = labels[beside]
    return met


def _cut(
    pieces: _Pieces, number: int, first: int, max_size: int, shape: tuple[int, int]
) -> list[tuple[int, int]]:
    """Keep the first `max_size` pixels of a breadth-first walk; return the pieces that remain."""
    of_pixel = pieces.of_pixel
    queue, seen = [first], {first}
    for position in queue:
        for other in _beside(position, shape):
            if len(queue) < max_size and other not in seen and of_pixel[other] == number:
                seen.add(other)
                queue.append(other)
        if len(queue) >= max_size:
            break
    inside = of_pixel.reshape(shape) == number
    inside.reshape(-1)[queue] = False
    pieces.sizes[number] = max_size
    starts, lengths, values = split_runs(inside.view(np.uint8))
    runs = RowRuns(shape, starts, lengths, values.astype(np.uint16), 2)
    piece = components(runs)
    remaining = []
    for root in np.unique(piece[values == 1]).tolist():
        new = len(pieces.sizes)
        chosen = np.flatnonzero(piece == root)
        pixels = runs.expand(chosen)
        of_pixel[pixels] = new
        pieces.sizes.append(int(pixels.size))
        pieces.labels.append(-1)
        remaining.append((int(pixels[0]), new))
    return remaining
