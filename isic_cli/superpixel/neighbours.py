"""Which regions touch: contacts, the adjacency matrix, neighbours of a degree, boundaries.

Every stretch along which two rows touch begins where a run of one of the two rows begins, so
that looking above and below each run's start, and past its corners, finds every contact.
"""

import numpy as np
import numpy.typing as npt

from isic_cli.errors import UsageError
from isic_cli.superpixel.runs import Int64, RowRuns

#: Above this many regions contacts are collected as pairs; a matrix would be too large.
MATRIX_LIMIT = 8192

Pairs = tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]


def _samples(runs: RowRuns, *, corners: bool) -> list[Pairs]:
    """Return region pairs that touch, each contact at least once, in no order."""
    width = runs.shape[1]
    image = runs.image.reshape(-1)
    index, starts = runs.index, runs.starts
    beside = runs.rows[1:] == runs.rows[:-1]
    found: list[Pairs] = [(index[:-1][beside], index[1:][beside])]
    first_row = int(np.searchsorted(starts, width))
    last_row = int(np.searchsorted(starts, image.size - width))
    found.append((index[first_row:], image[starts[first_row:] - width]))
    found.append((index[:last_row], image[starts[:last_row] + width]))
    if corners:
        # A corner contact that is not also a contact of edges lies below a run's two ends.
        start, own = starts[:last_row], index[:last_row]
        inner = runs.columns[:last_row] > 0
        found.append((own[inner], image[start[inner] + (width - 1)]))
        stop = start + runs.lengths[:last_row]
        inner = runs.columns[:last_row] + runs.lengths[:last_row] < width
        found.append((own[inner], image[stop[inner] + width]))
    return found


def adjacency(runs: RowRuns, *, corners: bool = True) -> npt.NDArray[np.bool_]:
    """Return which regions touch.

    Parameters
    ----------
    runs : RowRuns
        The map.
    corners : bool
        Whether touching at a corner is enough (8 instead of 4 neighbours of a pixel).

    Returns
    -------
    adjacency : ndarray of shape (N, N), bool
        Symmetric; the diagonal is False.

    Raises
    ------
    UsageError
        More regions than a matrix can hold; `contacts` has no such limit.
    """
    if runs.count > MATRIX_LIMIT:
        raise UsageError(
            f"{runs.count:,} regions are too many for an adjacency matrix",
            hint="take the list of contacts",
        )
    matrix = np.zeros((runs.count, runs.count), bool)
    for one, two in _samples(runs, corners=corners):
        matrix[one, two] = True
    matrix |= matrix.T
    np.fill_diagonal(matrix, val=False)
    return matrix


def contacts(runs: RowRuns, *, corners: bool = True) -> Int64:
    """Return the pairs of regions that touch.

    Returns
    -------
    contacts : ndarray of shape (E, 2), int64
        Both directions of each contact, sorted by the first region, then the second.
    """
    if runs.count <= MATRIX_LIMIT:
        return np.argwhere(adjacency(runs, corners=corners))
    found = _samples(runs, corners=corners)
    one = np.concatenate([pair[0] for pair in found]).astype(np.int64)
    two = np.concatenate([pair[1] for pair in found]).astype(np.int64)
    keys = np.concatenate([one * runs.count + two, two * runs.count + one])
    keys = np.unique(keys[np.tile(one != two, 2)])
    return np.stack(np.divmod(keys, runs.count), axis=1)


def neighbours_within(contact_pairs: Int64, count: int, region: int, degree: int) -> Int64:
    """Return the regions at most `degree` contacts away from one region, itself left out.

    Parameters
    ----------
    contact_pairs : ndarray of shape (E, 2), int64
        As `contacts` returns them.
    count : int
        Regions of the map.
    region : int
        0..count-1.
    degree : int
        1 for those that touch it.

    Returns
    -------
    regions : ndarray of shape (K,), int64
        Ascending.
    """
    if degree < 1:
        raise UsageError(f"a degree of neighbourhood is 1 or more, not {degree}")
    reached = np.zeros(count, bool)
    reached[region] = True
    for _ in range(degree):
        before = int(reached.sum())
        reached[contact_pairs[reached[contact_pairs[:, 0]], 1]] = True
        if int(reached.sum()) == before:
            break
    reached[region] = False
    return np.flatnonzero(reached)


def boundaries(runs: RowRuns) -> npt.NDArray[np.bool_]:
    """Return the pixels that have one of their 4 neighbours outside their own region.

    Returns
    -------
    boundaries : ndarray of shape (H, W), bool
        Pixels at the edge of the picture count, as isicarchive counts them.
    """
    image = runs.image
    out = np.zeros(runs.shape, bool)
    out[0] = True
    out[-1] = True
    change = np.not_equal(image[1:], image[:-1])
    out[1:] |= change
    out[:-1] |= change
    flat = out.reshape(-1)
    flat[runs.starts] = True
    flat[runs.starts + (runs.lengths - 1)] = True
    return out
