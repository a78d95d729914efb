"""Near-duplicates, off-topic pictures and label errors by distances between embeddings.

The three indicators of Gröger et al., Intrinsic Self-Supervision for Data Quality Audits,
Advances in Neural Information Processing Systems 37, Datasets and Benchmarks (2024), section 3.
The distance is (1 - cosine) / 2, from 0 to 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Distances that are in memory at once: 64 MB.
_BLOCK = 1 << 24
#: What single precision may lose of a distance.
ROUNDING = 1e-6
#: Nearest neighbours of each picture that are kept for the tree.
_KEPT = 16


def distance_rows(vectors: Vectors) -> Iterator[tuple[slice, Vectors]]:
    """Yield some rows of the matrix of distances after others, with the slice of the rows.

    Parameters
    ----------
    vectors : ndarray of shape (N, D)
        Of length 1.

    Yields
    ------
    slice
    ndarray of shape (rows, N)
    """
    step = max(1, _BLOCK // len(vectors))
    for start in range(0, len(vectors), step):
        rows = slice(start, min(start + step, len(vectors)))
        yield rows, np.clip((1 - vectors[rows] @ vectors.T) / 2, 0, 1)


@dataclass(frozen=True, eq=False)
class NearestPictures:
    """The nearest other picture of each.

    Attributes
    ----------
    place : ndarray of shape (N,), int64
        Which one.
    distance : ndarray of shape (N,), float64
        How far.
    """

    place: Ints
    distance: Floats


def nearest_pictures(vectors: Vectors) -> NearestPictures:
    """Return the nearest other picture of each of at least two."""
    place, distance = np.zeros(len(vectors), np.int64), np.zeros(len(vectors))
    for rows, block in distance_rows(vectors):
        own = np.arange(rows.start, rows.stop)
        block[own - rows.start, own] = np.inf
        place[rows] = block.argmin(axis=1)
        distance[rows] = block[own - rows.start, place[rows]]
    return NearestPictures(place, distance)


def pairs_alike(vectors: Vectors, cosine: float) -> list[tuple[int, int, float]]:
    """Return the pairs whose vectors have at least this cosine, the most alike first.

    Exact: every pair is looked at, in blocks, so that time grows with the square.

    Parameters
    ----------
    vectors : ndarray of shape (N, D)
        Of length 1.
    cosine : float
        From 0 to 1.

    Returns
    -------
    list of (int, int, float)
        Two rows, the first before the second, and their cosine.
    """
    found: list[tuple[int, int, float]] = []
    for rows, block in distance_rows(vectors):
        left, right = np.nonzero(block <= (1 - cosine) / 2 + ROUNDING)
        later = right > left + rows.start
        left, right = left[later], right[later]
        alike = 1 - 2 * block[left, right].astype(np.float64)
        one, other = (left + rows.start).tolist(), right.tolist()
        found.extend(zip(one, other, alike.tolist(), strict=True))
    return sorted(found, key=lambda pair: (-pair[2], pair[0], pair[1]))


@dataclass(frozen=True, eq=False)
class LabelDistances:
    """How near the pictures of the own and of another class are.

    Attributes
    ----------
    score : ndarray of shape (N,), float64
        From 0 to 1: above a half, a picture of another class is nearer than any of its own. One
        less the score of the paper; nan where there is no other class.
    nearest_other : ndarray of shape (N,), int64
        The nearest picture of another class.
    """

    score: Floats
    nearest_other: Ints


def label_distances(vectors: Vectors, labels: Sequence[str]) -> LabelDistances:
    """Compare the nearest picture of the own class with the nearest of another.

    Parameters
    ----------
    vectors : ndarray of shape (N, D)
        Of length 1.
    labels : sequence of str, length N
        The class of each picture.

    Notes
    -----
    d_same² / (d_same² + d_other²). The only picture of a class takes its distance from the
    farthest picture for d_same.
    """
    names: dict[str, int] = {}
    codes = np.array([names.setdefault(label, len(names)) for label in labels], np.int64)
    score, nearest = np.full(len(labels), np.nan), np.zeros(len(labels), np.int64)
    if len(names) < 2:
        return LabelDistances(score, nearest)
    for rows, block in distance_rows(vectors):
        own = np.arange(rows.start, rows.stop)
        same = codes[rows, np.newaxis] == codes
        other = np.where(same, np.inf, block)
        farthest = np.where(same, -np.inf, block).max(axis=1)
        block[own - rows.start, own] = np.inf
        near = np.where(same, block, np.inf).min(axis=1)
        near = np.where(np.isinf(near), farthest, near).astype(np.float64)
        nearest[rows] = other.argmin(axis=1)
        away = other.min(axis=1).astype(np.float64)
        both = near**2 + away**2
        score[rows] = np.divide(near**2, both, out=np.full(len(own), 0.5), where=both > 0)
    return LabelDistances(score, nearest)


@dataclass(frozen=True, eq=False)
class OffTopic:
    """Pictures from the most to the least off-topic.

    Attributes
    ----------
    order : ndarray of shape (N,), int64
        Places of the pictures.
    joined : ndarray of shape (N,), float64
        Of each picture, in its own order: the largest distance at which it, or a small part that
        it is in, joins the rest.
    """

    order: Ints
    joined: Floats


def off_topic(vectors: Vectors, *, small: float = 0.05) -> OffTopic:
    """Rank pictures by how late, and in how small a part, they join the others.

    Parameters
    ----------
    vectors : ndarray of shape (N, D)
        Of length 1. The time grows with the square of N.
    small : float
        Of the pictures, the most that a part counts for `joined` with: a class that lies apart as
        a whole is on topic.

    Notes
    -----
    Single linkage; for the order of the paper the tree is walked from its root, the smaller part
    first at each joint.
    """
    count = len(vectors)
    left, right, height, size = _linkage(*_spanning_tree(vectors), count)
    order: list[int] = []
    joined = np.zeros(count)
    open_nodes = [(2 * count - 2, 0.0)]
    while open_nodes:
        node, distance = open_nodes.pop()
        if node < count:
            joined[node] = distance
            order.append(node)
            continue
        less, more = left[node], right[node]
        if size[less] > size[more]:
            less, more = more, less
        counts = size[less] <= max(1, small * count)
        open_nodes.append((more, distance))
        open_nodes.append((less, max(distance, height[node]) if counts else distance))
    return OffTopic(np.array(order, np.int64), joined)


def _spanning_tree(vectors: Vectors) -> tuple[Ints, Ints, Floats]:
    """Return the edges of the shortest tree that joins all pictures: ends, and lengths.

    Each round joins every part to its nearest other (Borůvka, 1926). Of each picture some nearest
    neighbours are kept; the matrix is looked at again only for pictures whose kept neighbours are
    all in their own part, and that may still have the nearest one outside of it.
    """
    count = len(vectors)
    kept, distance = _neighbours(vectors, min(_KEPT, count - 1))
    part = np.arange(count)
    ends: list[tuple[int, int]] = []
    lengths: list[float] = []
    while len(ends) < count - 1:
        outside = part[kept] != part[:, np.newaxis]
        first = outside.argmax(axis=1)[:, np.newaxis]
        target = np.take_along_axis(kept, first, axis=1)[:, 0]
        found = outside.any(axis=1)
        length = np.where(found, np.take_along_axis(distance, first, axis=1)[:, 0], np.inf)
        shortest = np.full(count, np.inf)
        np.minimum.at(shortest, part, length)
        unknown = np.flatnonzero(~found & (distance[:, -1] <= shortest[part]))
        for start in range(0, len(unknown), max(1, _BLOCK // count)):
            rows = unknown[start : start + max(1, _BLOCK // count)]
            block = np.clip((1 - vectors[rows] @ vectors.T) / 2, 0, 1)
            block[part[rows, np.newaxis] == part] = np.inf
            target[rows], length[rows] = block.argmin(axis=1), block.min(axis=1)
        by_length = np.argsort(length, kind="stable")
        _, nearest = np.unique(part[by_length], return_index=True)
        for row in by_length[np.sort(nearest)].tolist():
            one, other = int(part[row]), int(part[target[row]])
            if one != other:  # else two parts chose edges of the same length
                part[part == other] = one
                ends.append((row, int(target[row])))
                lengths.append(float(length[row]))
    pairs = np.array(ends, np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], np.array(lengths)


def _neighbours(vectors: Vectors, kept: int) -> tuple[Ints, Floats]:
    """Return the nearest other pictures of each, and their distances, the nearest first."""
    place = np.zeros((len(vectors), kept), np.int64)
    distance = np.zeros((len(vectors), kept))
    for rows, block in distance_rows(vectors):
        own = np.arange(rows.start, rows.stop)
        block[own - rows.start, own] = np.inf
        near = np.argpartition(block, kept - 1, axis=1)[:, :kept]
        found = np.take_along_axis(block, near, axis=1)
        order = np.argsort(found, axis=1, kind="stable")
        place[rows] = np.take_along_axis(near, order, axis=1)
        distance[rows] = np.take_along_axis(found, order, axis=1)
    return place, distance


def _linkage(
    first: Ints, second: Ints, lengths: Floats, count: int
) -> tuple[list[int], list[int], list[float], list[int]]:
    """Return the two parts of each joint, its height, and how many pictures are below it.

    Pictures are the nodes 0 … count - 1, joints those after, from the lowest to the highest.
    """
    top = list(range(2 * count - 1))
    left, right = [0] * len(top), [0] * len(top)
    height, size = [0.0] * len(top), [1] * len(top)

    def root(node: int) -> int:
        while top[node] != node:
            top[node] = top[top[node]]
            node = top[node]
        return node

    for joint, edge in enumerate(np.argsort(lengths, kind="stable").tolist(), start=count):
        one, other = sorted((root(int(first[edge])), root(int(second[edge]))))
        left[joint], right[joint] = one, other
        top[one] = top[other] = joint
        height[joint], size[joint] = float(lengths[edge]), size[one] + size[other]
    return left, right, height, size
