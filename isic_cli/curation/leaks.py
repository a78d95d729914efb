"""Leaks: groups with images in several splits, and what several data sets have in common."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from isic_cli.curation.connected import connected
from isic_cli.curation.groups import GROUP_FIELDS, Groups
from isic_cli.curation.tied_images import TiedImages
from isic_cli.models.ids import IdSet
from isic_cli.tables.codes import TextCodes

#: What images of two data sets may have in common by their ids, from the narrowest.
SHARED_FIELDS = ("isic_id", *reversed(GROUP_FIELDS.values()), "duplicate")


@dataclass(frozen=True, slots=True)
class Leak:
    """A group in several splits.

    Attributes
    ----------
    group : str
        Its identity, such as `patient_id:IP_0000001`.
    splits : dict of str to tuple of str
        Split → ISIC ids there, splits sorted.
    """

    group: str
    splits: dict[str, tuple[str, ...]]

    def __str__(self) -> str:
        parts = (f"{split} ({', '.join(ids)})" for split, ids in self.splits.items())
        return f"{self.group} is in {' and '.join(parts)}"


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """What a check found.

    Attributes
    ----------
    leaks : list of Leak
        Leaking groups, in the order of their first image.
    images : int
        Images that lie on leaking groups.
    without_split : list of str
        ISIC ids that have no split; they are not leaks.
    """

    leaks: list[Leak]
    images: int
    without_split: list[str]


def check_split(groups: Groups, splits: Mapping[str, str]) -> SplitCheck:
    """Look for groups in more than one split.

    Parameters
    ----------
    groups : Groups
        What belongs together.
    splits : mapping of str to str
        ISIC id → split; `""` and absence mean none.
    """
    found: dict[int, dict[str, list[str]]] = {}
    without = []
    for isic_id, group in groups.placed():
        split = splits.get(isic_id, "")
        if split:
            found.setdefault(group, {}).setdefault(split, []).append(isic_id)
        else:
            without.append(isic_id)
    leaks = [
        Leak(groups.identities[group], {split: tuple(by[split]) for split in sorted(by)})
        for group, by in sorted(found.items())
        if len(by) > 1
    ]
    images = sum(len(ids) for leak in leaks for ids in leak.splits.values())
    return SplitCheck(leaks, images, without)


@dataclass(frozen=True, slots=True)
class SharedItem:
    """What images of several data sets have in common.

    Attributes
    ----------
    kind : str
        One of `SHARED_FIELDS`, or of `duplicates.EVIDENCE`: the weakest evidence that was needed.
    value : str
        The id, or the pictures.
    images : dict of str to tuple of str
        Data set → ISIC ids there; the path of a picture whose name holds none.
    paths : dict of str to tuple of str
        Data set → pictures, as far as they are known.
    distance : int or None
        Bits between the hashes of near-duplicates, the largest.
    correlation : float or None
        Of near-duplicates, the smallest.
    """

    kind: str
    value: str
    images: dict[str, tuple[str, ...]]
    paths: dict[str, tuple[str, ...]]
    distance: int | None = None
    correlation: float | None = None

    def row(self) -> dict[str, Any]:
        """Return it as a row: a contract."""
        return {
            "kind": self.kind,
            "value": self.value,
            "images": sum(map(len, self.images.values())),
            "sets": self.images,
            "paths": self.paths,
            "distance": self.distance,
            "correlation": self.correlation,
        }


def shared_images(sets: Mapping[str, TiedImages]) -> Iterator[SharedItem]:
    """Yield the images of more than one data set."""
    several = IdSet()
    for one, other in combinations(sets.values(), 2):
        few, many = sorted((one, other), key=len)
        for isic_id in few:
            if isic_id in many:
                several.add(isic_id)
    seen = IdSet()
    for images in sets.values():
        for isic_id in images.among(several):
            if seen.add(isic_id):
                within: dict[str, tuple[str, ...]] = {
                    name: (isic_id,) for name, one in sets.items() if isic_id in one
                }
                yield SharedItem("isic_id", isic_id, within, {})


def shared_values(
    sets: Mapping[str, TiedImages], names: Mapping[str, TextCodes], field: str
) -> Iterator[SharedItem]:
    """Yield the ids of a field that images of more than one data set have.

    A chain of ids from one data set to another has a link whose ends are in two of them, so that
    nothing shared is missed by looking at one value after the other.

    Parameters
    ----------
    sets : mapping of str to TiedImages
        The data sets.
    names : mapping of str to TextCodes
        Field → the ids of all data sets.
    field : str
        One of `SHARED_FIELDS` but for `isic_id`.
    """
    known = names.get(field)
    if known is None:
        return
    holders = np.zeros(len(known), np.int32)
    for images in sets.values():
        holders += images.is_used(field)
    shared: dict[int, dict[str, list[str]]] = {}
    for name, images in sets.items() if (holders > 1).any() else ():
        for isic_id, code in images.having(field, holders > 1):
            shared.setdefault(code, {}).setdefault(name, []).append(isic_id)
    for code, by in shared.items():
        yield SharedItem(field, known[code], {name: tuple(ids) for name, ids in by.items()}, {})


def name_duplicates(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return, for each id of the pairs, the smallest id that it is a duplicate of, or its own."""
    numbers: dict[str, int] = {}
    ends = [[numbers.setdefault(name, len(numbers)) for name in pair] for pair in pairs]
    left, right = np.array(ends, np.int64).reshape(-1, 2).T
    groups = connected(len(numbers), left, right).tolist()
    smallest: dict[int, str] = {}
    for name, group in sorted(zip(numbers, groups, strict=True)):
        smallest.setdefault(group, name)
    return {name: smallest[group] for name, group in zip(numbers, groups, strict=True)}
