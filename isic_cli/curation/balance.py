"""Whole groups placed so that each split has its share of the images of every stratum.

The deviation of a split is, for all images and for each stratum, the squared difference between
its images and its share of them, in units of the stratum and weighted by one over the share.
Groups with the same images of each stratum are interchangeable: most of them are dealt out in
proportion, in the order of their hashes, and what is left over follows, larger groups first, each
where it lowers the deviation most. That is the order and the aim of StratifiedGroupKFold of
scikit-learn, for any ratio, and dealt out in bulk so that 400,000 images take a second.
"""

from array import array
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from isic_cli.curation.groups import Groups, Ints
from isic_cli.curation.strata import Places

Floats = npt.NDArray[np.float64]

#: Passes of moves after the groups are placed; few data sets need a second.
_PASSES = 4

#: Groups beyond which moves are not tried: with so many, nothing is left to move.
_MOVABLE = 20_000


def place_balanced(
    split: Ints,
    free: Ints,
    at: Floats,
    groups: Groups,
    strata: Places,
    shares: Sequence[float],
) -> None:
    """Place the free groups.

    Parameters
    ----------
    split : ndarray of shape (groups,), int64
        The split of each group; changed in place where `free` names it.
    free : ndarray of int64
        The groups that may be placed.
    at : ndarray of shape (groups,), float64
        Their hashes, as fractions in [0, 1]: the order among interchangeable groups.
    groups : Groups
        What stays together.
    strata : ndarray of shape (rows,), unsigned integer
        The number of the stratum of each row.
    shares : sequence of float
        Of each split; a split beyond them is a hold-out and counts for nothing.
    """
    if not len(free):
        return
    cells = _Cells(groups, strata)
    fixed = np.ones(len(split), bool)
    fixed[free] = False
    placement = _Placement(cells, np.array(shares), fixed & (split < len(shares)), free, split)
    split[free] = -1
    for group in _dealt(placement, free, at):
        placement.put(group, int(np.argmin(placement.costs(group))))
    placement.fill_gaps(free, at)
    if len(free) <= _MOVABLE:
        for _ in range(_PASSES):
            if not placement.improve(free, at):
                break


class _Cells:
    """The images of each group in each stratum: only the strata that it has."""

    def __init__(self, groups: Groups, strata: Places) -> None:
        count = len(groups.identities)
        self.strata = int(strata.max()) + 1
        wide = groups.index if count * self.strata < 2**31 else groups.index.astype(np.int64)
        packed = wide * self.strata + strata
        packed.sort()
        starts = np.flatnonzero(np.append(True, packed[1:] != packed[:-1]))
        self.owner, self.stratum = np.divmod(packed[starts], self.strata)
        self.images = np.diff(starts, append=len(packed)).astype(np.float64)
        self.start = np.searchsorted(self.owner, np.arange(count + 1))
        self.size = np.bincount(self.owner, self.images, minlength=count)

    def of(self, group: int) -> tuple[Ints, Floats]:
        """Return the strata of a group, the column of all images last, and its images there."""
        part = slice(self.start[group], self.start[group + 1])
        return (
            np.append(self.stratum[part], self.strata),
            np.append(self.images[part], self.size[group]),
        )


class _Placement:
    """How many images of each stratum each split has and should have, and in how many groups.

    Its arrays have the shape (splits, strata + 1), all images in the last column.
    """

    def __init__(
        self, cells: _Cells, shares: Floats, there: npt.NDArray[np.bool_], free: Ints, split: Ints
    ) -> None:
        self.cells, self.shares, self.split = cells, shares, split
        self.there = np.zeros((len(shares), cells.strata + 1))
        self.holders = np.zeros((len(shares), cells.strata + 1), np.int64)
        for group in np.flatnonzero(there).tolist():
            self._add(group, int(split[group]), 1)
        placed = there.copy()
        placed[free] = True
        mine = placed[cells.owner]
        total = np.bincount(cells.stratum[mine], cells.images[mine], minlength=cells.strata + 1)
        total[-1] = cells.size[placed].sum()
        self.wanted = shares[:, None] * total
        # The column of all images weighs as much as the strata together.
        weight = np.ones(len(total))
        weight[-1] = cells.strata
        self.scale = weight / (shares[:, None] * np.maximum(total, 1) ** 2)

    def put(self, group: int, split: int) -> None:
        """Place a group, or move it."""
        if self.split[group] >= 0:
            self._add(group, int(self.split[group]), -1)
        self._add(group, split, 1)
        self.split[group] = split

    def deal(self, members: "array[int]", split: int) -> None:
        """Place groups that have the same images of each stratum."""
        if members:
            self._add(members[0], split, len(members))
            self.split[np.asarray(members)] = split

    def _add(self, group: int, split: int, times: int) -> None:
        columns, images = self.cells.of(group)
        self.there[split, columns] += times * images
        self.holders[split, columns] += times

    def costs(self, group: int) -> Floats:
        """Return by how much the deviation grows with a group on each split."""
        columns, images = self.cells.of(group)
        over = self.there[:, columns] - self.wanted[:, columns]
        return np.asarray(((2 * over + images) * images * self.scale[:, columns]).sum(axis=1))

    def improve(self, free: Ints, at: Floats) -> bool:
        """Move each group to a split that lowers the deviation; whether one was moved.

        No split loses its last group, nor its last group of a stratum.
        """
        moved = False
        for group in free[np.lexsort((at[free], -self.cells.size[free]))].tolist():
            old = int(self.split[group])
            columns, images = self.cells.of(group)
            if (self.holders[old, columns] <= 1).any():
                continue
            self.there[old, columns] -= images
            costs = self.costs(group)
            self.there[old, columns] += images
            best = int(np.argmin(costs))
            if costs[best] < costs[old] * (1 - 1e-9) - 1e-12:
                self.put(group, best)
                moved = True
        return moved

    def fill_gaps(self, free: Ints, at: Floats) -> None:
        """Give each split a group of every stratum that has enough of them, the first by hash."""
        holders = self.holders
        for column in np.flatnonzero((holders == 0).any(axis=0)).tolist():
            if holders[:, column].sum() < len(self.shares):
                continue
            members = [
                group
                for group in free[np.lexsort((at[free], self.cells.size[free]))].tolist()
                if column in self.cells.of(group)[0]
            ]
            for split in np.flatnonzero(holders[:, column] == 0).tolist():
                rich = [one for one in members if holders[self.split[one], column] > 1]
                if not rich:
                    break
                group = max(rich, key=lambda one: holders[self.split[one], column])
                self.put(group, split)


def _dealt(placement: _Placement, free: Ints, at: Floats) -> list[int]:
    """Deal out interchangeable groups in proportion; return the rest, in the order to place it."""
    cells = placement.cells
    alike: dict[bytes, array[int]] = {}
    for group in free[np.argsort(at[free], kind="stable")].data:
        part = slice(cells.start[group], cells.start[group + 1])
        key = cells.stratum[part].tobytes() + cells.images[part].tobytes()
        alike.setdefault(key, array("i")).append(group)
    rest: list[int] = []
    for members in alike.values():
        columns, _ = cells.of(members[0])
        lack = np.maximum(placement.wanted - placement.there, 0)[:, columns[:-1]].sum(axis=1)
        shares = lack / lack.sum() if lack.sum() > 0 else placement.shares
        counts = np.floor(shares * len(members)).astype(int)
        ends = [0, *np.cumsum(counts).tolist()]
        for number, (start, end) in enumerate(pairwise(ends)):
            placement.deal(members[start:end], number)
        rest += members[ends[-1] :]
    size = {group: cells.size[group] for group in rest}
    return sorted(rest, key=lambda group: (-size[group], at[group]))
