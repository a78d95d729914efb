"""Every pair of masks: Dice, intersection over union, distances of boundaries in pixels."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from isic_cli.agreement.table import BoolArray, FloatArray, IntArray
from isic_cli.agreement.votes import VotePatterns

#: Jaccard indices below it count as failures: Codella et al., arXiv 1902.03368, section 2.
ACCEPTED = 0.65


@dataclass(frozen=True)
class Overlap:
    """How far two masks of one image coincide.

    Attributes
    ----------
    first, second : str
        Names of the masks.
    intersection, union : int
        Pixels in both, in either.
    dice : float or None
        Twice the intersection over the sum of the areas; None for two empty masks.
    iou : float or None
        Intersection over union; None for two empty masks.
    """

    first: str
    second: str
    intersection: int
    union: int
    dice: float | None
    iou: float | None

    @property
    def threshold_jaccard(self) -> float:
        """The score of the 2018 challenge: `iou`, 0 below 0.65, and 1 for two empty masks."""
        if self.iou is None:
            return 1.0
        return self.iou if self.iou >= ACCEPTED else 0.0


def pairwise_overlap(patterns: VotePatterns) -> tuple[Overlap, ...]:
    """Compare every pair of masks, in their order.

    Parameters
    ----------
    patterns : VotePatterns
        The masks.

    Notes
    -----
    Dice, Ecology 26 (1945), 297-302: 2 |A ∩ B| / (|A| + |B|). Jaccard, New Phytologist 11
    (1912), 37-50: |A ∩ B| / |A ∪ B|. Neither is defined for two empty masks.
    """
    marked = patterns.marked.astype(float)
    # Exact: the sums are whole numbers far below 2**53.
    common = (marked.T * patterns.counts) @ marked
    rows = []
    for i, j in combinations(range(len(patterns.readers)), 2):
        both = int(common[i, j])
        areas = int(common[i, i] + common[j, j])
        union = areas - both
        rows.append(
            Overlap(
                first=patterns.readers[i],
                second=patterns.readers[j],
                intersection=both,
                union=union,
                dice=2 * both / areas if areas else None,
                iou=both / union if union else None,
            )
        )
    return tuple(rows)


#: Farther than any two pixels of a picture.
_FAR = 1 << 24


@dataclass(frozen=True)
class BoundaryDistance:
    """How far apart the boundaries of two masks are, in pixels.

    Attributes
    ----------
    hausdorff : float
        The largest distance of a boundary pixel of one to the nearest of the other.
    hd95 : float
        The larger of the two 95th percentiles, one for each direction.
    mean : float
        The mean over all boundary pixels of both.
    """

    hausdorff: float
    hd95: float
    mean: float


def boundary_distances(patterns: VotePatterns) -> tuple[BoundaryDistance | None, ...]:
    """Compare the boundaries of every pair of masks, in their order; None where one is empty.

    Parameters
    ----------
    patterns : VotePatterns
        The masks.

    Notes
    -----
    A boundary pixel is marked and has a neighbour, up, down, left or right, that is not; beyond
    the picture nothing is marked. Distances are Euclidean, from centre to centre. The mean is the
    average symmetric surface distance of Heimann et al., IEEE Transactions on Medical Imaging 28
    (2009), 1251-1265; percentiles are interpolated linearly.
    """
    readers = range(len(patterns.readers))
    edges = [boundary(patterns.mask(reader)) for reader in readers]
    points = [np.argwhere(edge) for edge in edges]
    directed: dict[tuple[int, int], FloatArray] = {}
    # One map of distances at a time is in memory, that of the mask that is measured to.
    for target in readers:
        if points[target].size:
            in_column = _column_distance(edges[target])
            for reader in readers:
                if reader != target and points[reader].size:
                    directed[reader, target] = _nearest(points[reader], in_column)
    return tuple(
        _combined(directed[pair], directed[pair[::-1]]) if pair in directed else None
        for pair in combinations(readers, 2)
    )


def _combined(there: FloatArray, back: FloatArray) -> BoundaryDistance:
    return BoundaryDistance(
        hausdorff=float(max(there.max(), back.max())),
        hd95=float(max(np.percentile(there, 95), np.percentile(back, 95))),
        mean=float((there.sum() + back.sum()) / (len(there) + len(back))),
    )


def boundary(mask: BoolArray) -> BoolArray:
    """Return the marked pixels with an unmarked neighbour or at the edge; shape (H, W)."""
    around = np.pad(mask, 1)
    inside = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    return np.asarray(mask & ~inside)


def _column_distance(targets: BoolArray) -> NDArray[np.int32]:
    """Return the distance of each pixel to the nearest target of its column; shape (H, W)."""
    rows = np.arange(len(targets), dtype=np.int32)[:, np.newaxis]
    far = np.int32(_FAR)
    above = np.maximum.accumulate(np.where(targets, rows, -far), axis=0)
    below = np.minimum.accumulate(np.where(targets, rows, far)[::-1], axis=0)[::-1]
    return np.minimum(rows - above, below - rows)


def _nearest(points: IntArray, in_column: NDArray[np.int32]) -> FloatArray:
    """Return the distance of each point to the nearest target, exactly.

    From a point's own column the search goes left and right until no farther column can hold a
    nearer target: the work is the number of points times their distance, whatever the size of
    the picture.

    Parameters
    ----------
    points : ndarray of shape (N, 2)
        Row and column.
    in_column : ndarray of shape (H, W)
        What `_column_distance` returns of the targets, of which there is one at least.
    """
    width = in_column.shape[1]
    best = np.full(len(points), _FAR**2, np.int64)
    searched, offset = np.arange(len(points)), 0
    while searched.size and offset < width:
        row, column = points[searched].T
        for place in (column - offset, column + offset):
            inside = (place >= 0) & (place < width)
            found = in_column[row[inside], place[inside]].astype(np.int64) ** 2 + offset**2
            index = searched[inside]
            best[index] = np.minimum(best[index], found)
        offset += 1
        searched = searched[best[searched] > offset**2]
    return np.sqrt(best)
