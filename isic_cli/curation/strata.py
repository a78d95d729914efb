"""Stratification of whole groups: the cuts between the splits, moved as little as possible."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from isic_cli.curation.groups import Groups, Ints
from isic_cli.tables.codes import CodedTexts

Places = npt.NDArray[np.unsignedinteger]

#: How far, as a share of its stratum, a split may be from its ratio before a cut moves.
TOLERANCE = 0.02


def coded(values: Iterable[str]) -> tuple[list[str], Places]:
    """Return the different values, sorted, and the place among them of each value."""
    column = CodedTexts(values)
    codes = np.asarray(column.codes)
    names = [*column.known, *([""] if (codes < 0).any() else [])]
    order = sorted(range(len(names)), key=names.__getitem__)
    places = np.empty(len(names) + 1, np.min_scalar_type(len(names)))
    places[order] = np.arange(len(names))
    places[-1] = 0  # of a blank one, which is the smallest
    return [names[code] for code in order], places[codes]


def strata_of(groups: Groups, names: Sequence[str], codes: Places) -> list[str]:
    """Return the stratum of each group: its value that is rarest in the table.

    Parameters
    ----------
    groups : Groups
        What stays together.
    names, codes : sequence of str, ndarray of shape (rows,)
        From `coded`.
    """
    frequency = np.bincount(codes, minlength=len(names))
    order = np.argsort(frequency, kind="stable")  # of equally rare ones the first by name
    ranks = np.empty(len(names), np.int32)
    ranks[order] = np.arange(len(names))
    rarest = np.full(len(groups.identities), len(names), np.int32)
    np.minimum.at(rarest, groups.index, ranks[codes])
    return [names[order[rank]] for rank in rarest.tolist()]


def place_by_stratum(
    split: Ints,
    free: Ints,
    at: npt.NDArray[np.float64],
    size: Ints,
    strata: Sequence[str],
    shares: Sequence[float],
) -> None:
    """Place the free groups anew, stratum by stratum.

    Parameters
    ----------
    split : ndarray of shape (groups,), int64
        The split of each group; changed in place where `free` names it.
    free : ndarray of int64
        The groups that may move.
    at : ndarray of shape (groups,), float64
        Their hashes, as fractions in [0, 1].
    size : ndarray of shape (groups,), int64
        Images in each group.
    strata : sequence of str
        From `strata_of`.
    shares : sequence of float
        Of each split; a split beyond them is a hold-out and counts for nothing.
    """
    fixed = np.ones(len(split), bool)
    fixed[free] = False
    order = {name: number for number, name in enumerate(sorted(set(strata)))}
    codes = np.array([order[name] for name in strata])
    sort = free[np.lexsort((at[free], codes[free]))]
    for part in np.split(sort, np.flatnonzero(np.diff(codes[sort])) + 1):
        if not len(part):
            continue
        there = fixed & (codes == codes[part[0]]) & (split < len(shares))
        present = np.bincount(split[there], weights=size[there], minlength=len(shares))
        wanted = np.array(shares) * (present.sum() + size[part].sum()) - present
        wanted = np.maximum(wanted, 0)
        cuts = _cuts(at[part], size[part], wanted / wanted.sum(), np.cumsum(shares)[:-1])
        split[part] = np.searchsorted(cuts, np.arange(len(part)), side="right")


def _cuts(
    at: npt.NDArray[np.float64],
    size: Ints,
    shares: npt.NDArray[np.float64],
    nominal: npt.NDArray[np.float64],
) -> Ints:
    """Return where the splits of one stratum end, as positions in its groups sorted by hash.

    Each cut is the one nearest to its nominal place that is within the tolerance, or as near to
    the share as the sizes of the groups allow; then every split gets a group where there are
    enough.
    """
    filled = np.concatenate([[0], np.cumsum(size)])
    cuts = np.searchsorted(at, nominal)
    for number, target in enumerate(np.cumsum(shares)[:-1] * filled[-1]):
        off = np.abs(filled - target)
        good = np.flatnonzero(off <= max(TOLERANCE * filled[-1] / 2, off.min()))
        cuts[number] = good[np.argmin(np.abs(good - cuts[number]))]
    wants = shares > 0
    if len(at) >= wants.sum():
        for number in range(len(cuts)):
            before = cuts[number - 1] if number else 0
            cuts[number] = max(cuts[number], before + wants[number])
        for number in range(len(cuts) - 1, -1, -1):
            after = cuts[number + 1] if number + 1 < len(cuts) else len(at)
            cuts[number] = min(cuts[number], after - wants[number + 1])
    return np.maximum.accumulate(cuts).astype(np.int64)
