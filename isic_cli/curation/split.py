"""Splits that neither leak a group nor move an image when the data set grows.

What is guaranteed
------------------
1. A group is never divided, so that no patient, lesion, RCM case or duplicate is in two splits.
2. **Given the previous split**, no group that it names moves. Only two things can force a move, and
   each is reported as a `Clash`: new ids tie together groups of different splits (that with
   more of the previous images wins), and a hold-out that claims a group.
3. **By default** each split has its share of the images, and of the images of each stratum, as
   closely as whole groups allow: see `balance`. A group may move as the data set grows, unless the
   previous split is handed in. It is the default because a split that is out of balance spoils
   every figure computed from it, and 2 keeps the images where they are.
4. **With `stable` and without `stratify`**, the split of a group is a function of the seed, the
   ratios and the group's identity and of nothing else: a keyed hash of the identity, read as a
   fraction, falls into the interval of one split. Whatever images are added, no group moves
   unless its own identity changes: ids merge it with another group, or it gets an image with a
   wider or smaller id.
5. **With `stable` and `stratify`**, the cuts between the intervals are moved in each stratum, as
   little as possible, until each split is within `strata.TOLERANCE` of its share and no split
   lacks a stratum that has enough groups. A group moves only when its hash is between the cut of
   today and the cut of then; `Split.corrected` counts the groups that a cut moved over.

More than 4 cannot be had without memory: a split that never changes whatever is added must be a
function of the group alone, and such a function cannot know how full the splits are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from isic_cli.curation.balance import place_balanced
from isic_cli.curation.connected import parts
from isic_cli.curation.groups import Groups, Ints
from isic_cli.curation.keyed import ranks, unit
from isic_cli.curation.placed import PlacedImages
from isic_cli.curation.shares import SplitShares
from isic_cli.curation.strata import Places, coded, place_by_stratum, strata_of
from isic_cli.errors import UsageError
from isic_cli.models.names import counted

#: The split of what `--hold-out` keeps apart.
HOLDOUT = "holdout"


@dataclass(frozen=True, slots=True)
class Clash:
    """A group that could not stay where the previous split has it.

    Attributes
    ----------
    group : str
        Its identity.
    split : str
        Where it is now.
    moved : tuple of str
        The ISIC ids that lay in another split.
    reason : str
        `merged` or `held out`.
    """

    group: str
    split: str
    moved: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Split:
    """A split for each image.

    Attributes
    ----------
    splits : tuple of str
        All splits, the hold-out last where there is one.
    of : PlacedImages
        ISIC id → split, in the order of the rows.
    groups : dict of str to int
        Groups in each split.
    strata : dict of str to dict
        Stratum → split → images; the stratum of an image is its own value.
    kept : int
        Images whose split the previous split gave.
    corrected : int
        Groups that balance put in another split than their hash alone.
    clashes : list of Clash
        Groups that left their previous split.
    """

    splits: tuple[str, ...]
    of: PlacedImages
    groups: dict[str, int]
    strata: dict[str, dict[str, int]]
    kept: int
    corrected: int
    clashes: list[Clash] = field(default_factory=list)

    @property
    def images(self) -> dict[str, int]:
        """Rows in each split."""
        return {
            split: sum(counts[split] for counts in self.strata.values()) for split in self.splits
        }

    @property
    def empty(self) -> tuple[str, ...]:
        """The splits without an image, which a caller should warn about."""
        return tuple(split for split, count in self.images.items() if not count)


def split(
    rows: Sequence[Mapping[str, Any]],
    groups: Groups,
    splits: SplitShares,
    *,
    seed: int = 0,
    stratify: str | None = None,
    hold_out: Sequence[tuple[str, str]] = (),
    previous: Mapping[str, str] | None = None,
    stable: bool = False,
) -> Split:
    """Give each image a split.

    Parameters
    ----------
    rows : sequence of Mapping
        The rows that `groups` was built from.
    groups : Groups
        What stays together.
    splits : SplitShares
        From `shares.parse_ratio` or `shares.folds`.
    seed : int
        Another seed, another split.
    stratify : str, optional
        A field whose values each split should have its share of; images without a value are a
        stratum of their own. With `stable`, a group with several values counts for the one that is
        rarest in the table.
    hold_out : sequence of (field, value)
        A group with an image that has any of these values goes to `HOLDOUT`, whole.
    previous : mapping, optional
        ISIC id → split of an earlier split; ids that are no longer there are passed over.
    stable : bool
        Place groups by their hashes, so that they stay as the data set grows, rather than for
        the best balance.

    Raises
    ------
    UsageError
        No rows, fewer groups than splits, a field that no row has, a hold-out that no row has, or
        a previous split that is none of these splits.
    """
    names = (*splits.names, HOLDOUT) if hold_out else splits.names
    for wanted in [*([stratify] if stratify else []), *(name for name, _ in hold_out)]:
        if not any(wanted in row for row in rows):
            raise UsageError(f"no row has the field {wanted}")
    kept, clashes = _previous(groups, names, previous or {})
    held = _held(rows, groups, hold_out)
    clashes = [clash for clash in clashes if not held[clash[0]]]
    if previous:
        clashes += _forced(groups, names, kept, held, previous)
    split = np.where(held, len(splits.names), kept)
    free = np.flatnonzero(split < 0)
    if (count := len(split) - int(held.sum())) < len(splits.names):
        raise UsageError(
            f"{counted(count, 'group')} cannot fill {len(splits.names)} splits",
            hint="images of one patient or lesion stay together: ask for fewer splits or folds",
        )
    at = np.fromiter(map(unit, ranks(seed, groups.identities)), np.float64, len(split))
    strata, values = _strata(rows, stratify)
    plain = _by_hash(at, splits.shares)
    split[free] = plain[free]
    if not stable:
        place_balanced(split, free, at, groups, values, splits.shares)
    elif stratify:
        size = np.bincount(groups.index, minlength=len(groups.identities))
        place_by_stratum(split, free, at, size, strata_of(groups, strata, values), splits.shares)
    sides = split.astype(np.min_scalar_type(len(names)))[groups.index]
    of = PlacedImages(groups.isic_ids, sides, names)
    return Split(
        splits=names,
        of=of,
        groups={name: int((split == at).sum()) for at, name in enumerate(names)},
        strata=_counts(strata, values, sides, names),
        kept=_kept(of, previous or {}),
        corrected=int((split[free] != plain[free]).sum()),
        clashes=[
            Clash(groups.identities[group], names[split[group]], moved, reason)
            for group, moved, reason in sorted(clashes)
        ],
    )


_Found = tuple[int, tuple[str, ...], str]


def _kept(of: Mapping[str, str], previous: Mapping[str, str]) -> int:
    return sum(previous.get(isic_id) == split for isic_id, split in of.items()) if previous else 0


def _previous(
    groups: Groups, names: Sequence[str], previous: Mapping[str, str]
) -> tuple[Ints, list[_Found]]:
    """Return each group's previous split, -1 for a new one, and the groups that had several."""
    number = {name: at for at, name in enumerate(names)}
    strange = sorted({split for split in previous.values() if split not in number})
    if strange:
        raise UsageError(
            f"the previous split has {strange[0]}, and this one has {', '.join(names)}",
            hint="split with the same ratio or folds, or do not hand the previous one in",
        )
    votes: dict[int, Counter[int]] = {}
    ids: dict[int, list[str]] = {}
    for isic_id, group in groups.placed() if previous else ():
        split = previous.get(isic_id)
        if split is not None:
            votes.setdefault(group, Counter())[number[split]] += 1
            ids.setdefault(group, []).append(isic_id)
    kept = np.full(len(groups.identities), -1, np.int64)
    clashes: list[_Found] = []
    for group, found in votes.items():
        winner = min(found, key=lambda split: (-found[split], split))
        kept[group] = winner
        if len(found) > 1:
            moved = tuple(name for name in ids[group] if number[previous[name]] != winner)
            clashes.append((group, moved, "merged"))
    return kept, clashes


def _held(
    rows: Sequence[Mapping[str, Any]], groups: Groups, hold_out: Sequence[tuple[str, str]]
) -> npt.NDArray[np.bool_]:
    held = np.zeros(len(groups.identities), bool)
    for name, value in hold_out:
        found = [at for at, row in enumerate(rows) if str(row.get(name, "")) == value]
        if not found:
            raise UsageError(f"no image has {name}={value} to hold out")
        held[groups.index[found]] = True
    return held


def _forced(
    groups: Groups,
    names: Sequence[str],
    kept: Ints,
    held: npt.NDArray[np.bool_],
    previous: Mapping[str, str],
) -> list[_Found]:
    """Return the groups that a hold-out takes from another split."""
    clashes: list[_Found] = []
    taken = held & (kept >= 0)
    members: dict[int, list[str]] = {}
    for isic_id, group in groups.placed():
        if taken[group] and previous.get(isic_id, names[-1]) != names[-1]:
            members.setdefault(group, []).append(isic_id)
    clashes += [(group, tuple(moved), "held out") for group, moved in members.items()]
    return clashes


def _by_hash(at: npt.NDArray[np.float64], shares: Sequence[float]) -> Ints:
    """Return the interval of the shares that each fraction falls into."""
    return np.searchsorted(np.cumsum(shares)[:-1], at, side="right").astype(np.int64)


def _strata(rows: Sequence[Mapping[str, Any]], field: str | None) -> tuple[list[str], Places]:
    """Return the values of a field and which of them each row has; without one all have `""`."""
    if field is None:
        return [""], np.zeros(len(rows), np.uint8)
    return coded(str(row.get(field) or "") for row in rows)


def _counts(
    strata: Sequence[str], values: Places, sides: npt.NDArray[np.integer], names: Sequence[str]
) -> dict[str, dict[str, int]]:
    counts = np.zeros((len(strata), len(names)), np.int64)
    for part in parts(len(sides)):
        np.add.at(counts, (values[part], sides[part]), 1)
    return {
        value: dict(zip(names, found, strict=True))
        for value, found in zip(strata, counts.tolist(), strict=True)
    }
