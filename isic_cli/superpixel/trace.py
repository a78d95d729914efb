"""Walk around regions: which edge of which run follows which.

Each run has a left edge, walked north, and a right edge, walked south, the region on the right
hand. After each edge exactly one other edge follows, found by one look at the neighbouring row,
so that the edges form closed rings: one around each piece, one around each hole. Where two pixels
of a region touch only at a corner the walk passes through, as pixels that touch at a corner are
connected (8 neighbours) in isicarchive's outlines, which these equal.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isic_cli.superpixel.runs import Int64, RowRuns

#: Steps after which the few rings that are still open are finished one by one.
_TOGETHER = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """The vertical edges of all runs, the runs sorted by region.

    Attributes
    ----------
    following : ndarray of shape (2 R,), int64
        The edge after each edge: k < R is the left edge of sorted run k, R + k its right edge.
    x : ndarray of shape (2 R,), int64
        Column of each edge, in corner coordinates: pixel (r, c) spans c..c+1.
    tail, head : ndarray of shape (2 R,), int64
        Row where the walk enters and leaves the edge, in corner coordinates.
    """

    following: Int64
    x: Int64
    tail: Int64
    head: Int64


def link_edges(runs: RowRuns) -> Edges:
    """Find what follows each vertical edge of each run."""
    order = runs.order
    row = runs.rows[order].astype(np.int64)
    start = runs.columns[order].astype(np.int64)
    end = start + runs.lengths[order]
    region = runs.index[order].astype(np.int64)
    number = order.size
    # A key that grows with region, row and column; rows are two wider than the picture, so that
    # one past the end of a row is still that row.
    stride = runs.shape[1] + 2
    block = (runs.shape[0] + 2) * stride
    line = region * block + (row + 1) * stride
    key = line + start
    north = _after_left(key, line - stride, start, end, number)
    south = _after_right(key, line + stride, start, end, number)
    return Edges(
        following=np.concatenate([north, south]),
        x=np.concatenate([start, end]),
        tail=np.concatenate([row + 1, row]),
        head=np.concatenate([row, row + 1]),
    )


def _after_left(key: Int64, above: Int64, start: Int64, end: Int64, number: int) -> Int64:
    """Return the edge after each left edge; `above` is the key of column 0 of the row above."""
    edge = np.arange(number)
    # The last run above that starts at or before this corner, if it is of the same row.
    found = np.searchsorted(key, above + start, "right") - 1
    covers = (found >= 0) & (key[found] >= above) & (end[found] >= start)
    # West along the run above that covers the corner, until it or the gap below it ends.
    before = np.maximum(edge - 1, 0)
    blocked = (key[before] == key - start + start[before]) & (edge > 0)
    blocked &= end[before] >= start[found]
    west = np.where(blocked, number + before, found)
    west = np.where(start[found] == start, found, west)
    # East along the top of this run, until it ends or a run above begins.
    after = np.minimum(found + 1, number - 1)
    meets = (found + 1 < number) & (key[after] <= above + end)
    east = np.where(meets, after, number + edge)
    return np.where(covers, west, east)


def _after_right(key: Int64, below: Int64, start: Int64, end: Int64, number: int) -> Int64:
    """Return the edge after each right edge; `below` is the key of column 0 of the row below."""
    edge = np.arange(number)
    # The last run below that starts at or before this corner, if it is of the same row.
    found = np.searchsorted(key, below + end, "right") - 1
    same_row = (found >= 0) & (key[found] >= below)
    covers = same_row & (end[found] >= end)
    # East along the top of the run below, until it ends or the next run of this row begins.
    after = np.minimum(edge + 1, number - 1)
    blocked = (edge + 1 < number) & (key[after] == key - start + start[after])
    blocked &= (start[after] <= end[found]) & (end[found] > end)
    east = np.where(blocked, after, number + found)
    # West along the bottom of this run, until it ends or a run below ends.
    west = np.where(same_row & (end[found] >= start), number + found, edge)
    return np.where(covers, east, west)


def ring_starts(following: Int64) -> Int64:
    """Return the smallest edge of each closed ring: ndarray of shape (K,), int64, ascending."""
    least = np.arange(following.size)
    jump = following
    while True:
        lower = np.minimum(least, least[jump])
        if np.array_equal(lower, least):
            return np.flatnonzero(least == np.arange(least.size))
        least, jump = lower, jump[jump]


def walk(following: Int64, first: Int64) -> tuple[Int64, Int64]:
    """Walk rings, all side by side.

    Parameters
    ----------
    following : ndarray of shape (E,), int64
        The edge after each edge.
    first : ndarray of shape (K,), int64
        One edge of each ring.

    Returns
    -------
    offsets : ndarray of shape (K + 1,), int64
        Ring k is `edges[offsets[k]:offsets[k + 1]]`.
    edges : ndarray of shape (sum of lengths,), int64
        The edges of each ring in walking order, from its first.
    """
    steps: list[tuple[Int64, Int64]] = []
    ring, edge = np.arange(first.size), first
    while ring.size and len(steps) < _TOGETHER:
        steps.append((ring, edge))
        edge = following[edge]
        open_ = edge != first[ring]
        ring, edge = ring[open_], edge[open_]
    if ring.size:
        steps.extend(_walk_alone(following, first, ring, edge))
    rings = np.concatenate([step[0] for step in steps])
    edges = np.concatenate([step[1] for step in steps])
    offsets = np.zeros(first.size + 1, np.int64)
    np.cumsum(np.bincount(rings, minlength=first.size), out=offsets[1:])
    dtype = np.uint16 if first.size <= 1 << 16 else np.int64
    return offsets, edges[np.argsort(rings.astype(dtype), kind="stable")]


def _walk_alone(
    following: Int64, first: Int64, ring: Int64, edge: Int64
) -> list[tuple[Int64, Int64]]:
    """Finish rings that are longer than most: a step for all costs more than it saves."""
    after = following.tolist()
    out = []
    for number, reached in zip(ring.tolist(), edge.tolist(), strict=True):
        stop = int(first[number])
        tail: list[int] = []
        position = reached
        while position != stop:
            tail.append(position)
            position = after[position]
        out.append((np.full(len(tail), number), np.array(tail, np.int64)))
    return out


def boolean_blocks(offsets: Int64, keep: npt.NDArray[np.bool_]) -> Int64:
    """Return the offsets of blocks after dropping the elements that are not kept."""
    total = np.zeros(keep.size + 1, np.int64)
    np.cumsum(keep, out=total[1:])
    return total[offsets]
