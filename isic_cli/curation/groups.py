"""Groups of images that belong together: the connected components over ids and pairs.

Two images are in one group when they share a patient, a lesion, an RCM case, or are duplicates of
each other, directly or by way of other images. A split that keeps groups whole cannot leak.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from isic_cli.curation.connected import ConnectedComponents, Int32s, parts
from isic_cli.curation.group_names import GroupNames
from isic_cli.errors import UsageError
from isic_cli.models.ids import IdSequence
from isic_cli.tables.codes import CodedTexts
from isic_cli.tables.names import bare_text

Ints = npt.NDArray[np.int64]

#: The fields that tie images together, from the widest to the narrowest.
GROUP_FIELDS = {"patient": "patient_id", "lesion": "lesion_id", "rcm": "rcm_case_id"}


@dataclass(frozen=True, slots=True)
class IdConflict:
    """A narrow id that lies in two wide ones, such as one lesion of two patients.

    Attributes
    ----------
    field, value : str
        The narrow id.
    within : str
        The wide field.
    found : tuple of str
        The different wide ids, sorted; the groups of all of them are merged.
    """

    field: str
    value: str
    within: str
    found: tuple[str, ...]


@dataclass(frozen=True)
class Groups:
    """Images in groups.

    Attributes
    ----------
    isic_ids : sequence of str
        One for each row, in the order of the rows.
    index : ndarray of shape (rows,), int32
        The group of each row; groups are numbered by their first row.
    identities : sequence of str
        What names each group, such as `patient_id:IP_0000001`: the smallest id of the widest
        field that any of its images has, so that it does not change when images join that bring
        no smaller one.
    ungrouped : int
        Images without any group id and without a duplicate: each is a group of its own.
    conflicts : list of IdConflict
        Ids that contradict each other.
    columns : mapping of str to CodedTexts
        The fields that tie images together, and the values of the rows.
    """

    isic_ids: Sequence[str]
    index: Int32s
    identities: Sequence[str]
    ungrouped: int
    conflicts: list[IdConflict]
    columns: Mapping[str, CodedTexts]

    def placed(self) -> Iterator[tuple[str, int]]:
        """Yield the ISIC id and the group of each row."""
        return zip(self.isic_ids, self.index.data, strict=True)

    def members(self, group: int) -> list[str]:
        """Return the ISIC ids of a group, in the order of the rows."""
        return [self.isic_ids[row] for row in np.flatnonzero(self.index == group).tolist()]


def group_fields(names: Sequence[str]) -> tuple[str, ...]:
    """Return the fields of `--group`, widest first.

    Raises
    ------
    UsageError
        A name that is neither one of `GROUP_FIELDS` nor one of their fields.
    """
    known = {**GROUP_FIELDS, **{field: field for field in GROUP_FIELDS.values()}}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"cannot group by {', '.join(unknown)}", hint=f"any of {', '.join(GROUP_FIELDS)}"
        )
    wanted = {known[name] for name in names}
    return tuple(field for field in GROUP_FIELDS.values() if field in wanted)


def build_groups(
    rows: Sequence[Mapping[str, Any]],
    *,
    fields: Sequence[str] = tuple(GROUP_FIELDS.values()),
    pairs: Iterable[tuple[str, str]] = (),
) -> Groups:
    """Group images.

    Parameters
    ----------
    rows : sequence of Mapping
        Each with `isic_id` and any of `fields`. Rows of one image are tied when each has another
        `picture`, such as `ISIC_0000001_downsampled`; a row without is the picture of that id.
    fields : sequence of str
        The fields that tie images together, widest first.
    pairs : iterable of (str, str)
        ISIC ids of duplicates. An id that is not a row still ties its partners to each other.

    Raises
    ------
    UsageError
        A row without an ISIC id, or two rows with the same picture.
    """
    isic_ids, columns = _read(rows, fields)
    ties = _Ties(len(rows), columns.values())
    ties.add_same(isic_ids)
    ties.add_pairs(isic_ids, pairs)
    index = ties.components()
    return Groups(
        isic_ids=isic_ids,
        index=index,
        identities=GroupNames(isic_ids, index, columns),
        ungrouped=int((~ties.tied).sum()),
        conflicts=[
            conflict
            for wide, narrow in pairwise(columns.items())
            for conflict in _conflicts(*wide, *narrow)
        ],
        columns=columns,
    )


def _read(
    rows: Sequence[Mapping[str, Any]], fields: Sequence[str]
) -> tuple[IdSequence, dict[str, CodedTexts]]:
    isic_ids = IdSequence()
    columns = {field: CodedTexts() for field in fields}
    for number, row in enumerate(rows, 1):
        isic_id = str(row.get("isic_id") or "")
        if not isic_id:
            raise UsageError(f"row {number} has no isic_id")
        isic_ids.append(isic_id)
        for field, column in columns.items():
            column.append(bare_text(row.get(field)))
    for column in columns.values():
        column.known.finish()
    if _has_twice(isic_ids):
        pictures = Counter(str(row.get("picture") or row["isic_id"]) for row in rows)
        twice = next((name for name, count in pictures.items() if count > 1), None)
        if twice is not None:
            raise UsageError(f"{twice} is in the table twice")
    return isic_ids, columns


def _has_twice(isic_ids: IdSequence) -> bool:
    codes = np.sort(np.asarray(isic_ids.codes))
    return bool((codes[1:] == codes[:-1]).any())


class _Ties:
    """A graph whose nodes are ids, rows without any id, and duplicates that are not rows.

    A row with an id is not a node of its own: it stands where the first of its ids stands.
    """

    def __init__(self, rows: int, columns: Iterable[CodedTexts]) -> None:
        self._node = np.full(rows, -1, np.int32)
        edges: list[tuple[Int32s, int]] = []
        nodes = 0
        for column in columns:
            codes = np.asarray(column.codes)
            is_first = (self._node < 0) & (codes >= 0)
            self._node[is_first] = codes[is_first] + nodes
            edges.append((codes, nodes))
            nodes += len(column.known)
        #: Whether a row has any id or duplicate.
        self.tied = self._node >= 0
        loose = rows - int(self.tied.sum())
        self._node[~self.tied] = np.arange(nodes, nodes + loose, dtype=np.int32)
        self._components = ConnectedComponents(nodes + loose)
        for codes, base in edges[1:]:
            for part in parts(rows):
                has = codes[part] >= 0
                self._components.tie(self._node[part][has], codes[part][has] + np.int32(base))

    def add_same(self, isic_ids: IdSequence) -> None:
        """Tie each picture to the first one of its image."""
        if not _has_twice(isic_ids):
            return
        _, first, image = np.unique(
            np.asarray(isic_ids.codes), return_index=True, return_inverse=True
        )
        firsts = first[image]
        again = firsts != np.arange(len(firsts))
        self._components.tie(self._node[firsts[again]], self._node[again])
        self.tied[firsts[again]] = self.tied[again] = True

    def add_pairs(self, isic_ids: Sequence[str], pairs: Iterable[tuple[str, str]]) -> None:
        """Tie duplicates to each other; an ISIC id that is not a row becomes a node of its own."""
        numbers: dict[str, int] = {}
        ends = [[numbers.setdefault(name, len(numbers)) for name in pair] for pair in pairs]
        if not ends:
            return
        present = [(row, numbers[name]) for row, name in enumerate(isic_ids) if name in numbers]
        rows, found = np.array(present, np.int64).reshape(-1, 2).T
        nodes = len(self._components.roots) + np.arange(len(numbers), dtype=np.int32)
        nodes[found] = self._node[rows]
        self.tied[rows] = True
        self._components.extend(len(numbers))
        self._components.tie(*nodes[np.array(ends)].T)

    def components(self) -> Int32s:
        """Return the component of each row, numbered by its first row."""
        return self._components.numbers(self._node)


def _conflicts(
    wide_field: str, wide: CodedTexts, field: str, narrow: CodedTexts
) -> Iterator[IdConflict]:
    outer, inner = np.asarray(wide.codes), np.asarray(narrow.codes)
    within = np.full(len(narrow.known), -1, np.int32)
    is_apart = np.zeros(len(narrow.known), bool)
    for rows in _with_both(outer, inner):
        within[inner[rows]] = outer[rows]
    for rows in _with_both(outer, inner):
        is_apart[inner[rows][within[inner[rows]] != outer[rows]]] = True
    found: dict[int, set[int]] = {code: set() for code in np.flatnonzero(is_apart).tolist()}
    for rows in _with_both(outer, inner) if found else ():
        for row in rows[is_apart[inner[rows]]].tolist():
            found[int(inner[row])].add(int(outer[row]))
    conflicts = [
        IdConflict(
            field, narrow.known[code], wide_field, tuple(sorted(wide.known[one] for one in codes))
        )
        for code, codes in found.items()
    ]
    yield from sorted(conflicts, key=lambda conflict: conflict.value)


def _with_both(outer: Int32s, inner: Int32s) -> Iterator[Ints]:
    """Yield the rows that have both ids, some at a time."""
    for part in parts(len(inner)):
        yield part.start + np.flatnonzero((outer[part] >= 0) & (inner[part] >= 0))
