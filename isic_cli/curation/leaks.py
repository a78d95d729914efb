"""Whether an existing split leaks: groups with images in more than one split."""

from collections.abc import Mapping
from dataclasses import dataclass

from isic_cli.curation.groups import Groups


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
        ISIC ids that have no split; they are no leak.
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
    for isic_id, group in zip(groups.isic_ids, groups.index.tolist(), strict=True):
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
