"""Stratification of whole groups: the cuts between the splits, moved as little as possible."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from isic_cli.curation.groups import Groups, Ints

#: How far, as a share of its stratum, a split may be from its ratio before a cut moves.
TOLERANCE = 0.02


def strata_of(groups: Groups, values: Sequence[str]) -> list[str]:
    """Return the stratum of each group: its value that is rarest in the table."""
    frequency = Counter(values)
    stratum: list[tuple[int, str] | None] = [None] * len(groups.identities)
    for group, value in zip(groups.index.tolist(), values, strict=True):
        candidate = (frequency[value], value)
        known = stratum[group]
        if known is None or candidate < known:
            stratum[group] = candidate
    return [found[1] for found in stratum if found is not None]


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
