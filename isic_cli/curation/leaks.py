"""Whether an existing split leaks: groups with images on more than one side."""

from collections.abc import Mapping
from dataclasses import dataclass

from isic_cli.curation.groups import Groups


@dataclass(frozen=True, slots=True)
class Leak:
    """A group on several sides.

    Attributes
    ----------
    group : str
        Its identity, such as `patient_id:IP_0000001`.
    sides : dict of str to tuple of str
        Side → ISIC ids there, sides sorted.
    """

    group: str
    sides: dict[str, tuple[str, ...]]

    def __str__(self) -> str:
        parts = (f"{side} ({', '.join(ids)})" for side, ids in self.sides.items())
        return f"{self.group} is on {' and '.join(parts)}"


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """What a check found.

    Attributes
    ----------
    leaks : list of Leak
        Leaking groups, in the order of their first image.
    images : int
        Images that lie on leaking groups.
    without_side : list of str
        ISIC ids that have no side; they are no leak.
    """

    leaks: list[Leak]
    images: int
    without_side: list[str]


def check_split(groups: Groups, sides: Mapping[str, str]) -> SplitCheck:
    """Look for groups on more than one side.

    Parameters
    ----------
    groups : Groups
        What belongs together.
    sides : mapping of str to str
        ISIC id → side; `""` and absence mean none.
    """
    found: dict[int, dict[str, list[str]]] = {}
    without = []
    for isic_id, group in zip(groups.isic_ids, groups.index.tolist(), strict=True):
        side = sides.get(isic_id, "")
        if side:
            found.setdefault(group, {}).setdefault(side, []).append(isic_id)
        else:
            without.append(isic_id)
    leaks = [
        Leak(groups.identities[group], {side: tuple(by[side]) for side in sorted(by)})
        for group, by in sorted(found.items())
        if len(by) > 1
    ]
    images = sum(len(ids) for leak in leaks for ids in leak.sides.values())
    return SplitCheck(leaks, images, without)
