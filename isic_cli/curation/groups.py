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

from isic_cli.errors import UsageError
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
    isic_ids : list of str
        One for each row, in the order of the rows.
    index : ndarray of shape (rows,), int64
        The group of each row; groups are numbered by their first row.
    identities : list of str
        What names each group, such as `patient_id:IP_0000001`: the smallest id of the widest
        field that any of its images has, so that it does not change when images join that bring
        no smaller one.
    ungrouped : int
        Images without any group id and without a duplicate: each is a group of its own.
    conflicts : list of IdConflict
        Ids that contradict each other.
    """

    isic_ids: list[str]
    index: Ints
    identities: list[str]
    ungrouped: int
    conflicts: list[IdConflict]

    def members(self, group: int) -> list[str]:
        """Return the ISIC ids of a group, in the order of the rows."""
        return [self.isic_ids[row] for row in np.flatnonzero(self.index == group)]


def connected(count: int, left: Ints, right: Ints) -> Ints:
    """Return the connected components of a graph.

    Each round hooks every root onto the smallest root it touches and then flattens the trees, so
    that the rounds grow with the logarithm of the graph rather than with its longest path
    (Shiloach and Vishkin, J. Algorithms 3, 1982, without their shortcuts for parallel machines).

    Parameters
    ----------
    count : int
        Nodes, numbered from 0.
    left, right : ndarray of shape (edges,), int64
        The ends of the edges.

    Returns
    -------
    ndarray of shape (count,), int64
        The component of each node, numbered from 0 by its first node.
    """
    parent = np.arange(count, dtype=np.int64)
    while True:
        low, high = parent[left], parent[right]
        open_edges = low != high
        if not open_edges.any():
            break
        left, right = left[open_edges], right[open_edges]
        low, high = low[open_edges], high[open_edges]
        np.minimum.at(parent, np.maximum(low, high), np.minimum(low, high))
        while True:
            grand = parent[parent]
            if np.array_equal(grand, parent):
                break
            parent = grand
    # A root is the smallest node of its component, so that sorted roots follow the first nodes.
    _, numbers = np.unique(parent, return_inverse=True)
    return numbers.astype(np.int64)


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
    isic_ids = _isic_ids(rows)
    columns = [_column(rows, field) for field in fields]
    ties = _Ties(len(rows))
    for column in columns:
        ties.add_column(column)
    ties.add_same(isic_ids)
    ties.add_pairs({name: at for at, name in enumerate(isic_ids)}, pairs)
    numbers = ties.components()
    # Rows come first among the nodes, so that groups are numbered by their first row.
    index = numbers[: len(rows)]
    return Groups(
        isic_ids=isic_ids,
        index=index,
        identities=_identities(isic_ids, index, columns),
        ungrouped=int((~ties.tied).sum()),
        conflicts=[
            conflict for wide, narrow in pairwise(columns) for conflict in _conflicts(wide, narrow)
        ],
    )


@dataclass(frozen=True, slots=True)
class _GroupColumn:
    """The values of one field, numbered by their first row; -1 for a row without a value."""

    field: str
    values: list[str]
    codes: Ints


def _column(rows: Sequence[Mapping[str, Any]], field: str) -> _GroupColumn:
    numbers: dict[str, int] = {}
    codes = [
        numbers.setdefault(value, len(numbers)) if value else -1
        for value in (bare_text(row.get(field)) for row in rows)
    ]
    return _GroupColumn(field, list(numbers), np.array(codes, np.int64))


class _Ties:
    """A graph whose first nodes are the rows; ids and absent duplicates are nodes after them."""

    def __init__(self, rows: int) -> None:
        self._nodes = rows
        self._left: list[Ints] = [np.empty(0, np.int64)]
        self._right: list[Ints] = [np.empty(0, np.int64)]
        #: Whether a row has any id or duplicate.
        self.tied = np.zeros(rows, bool)

    def add_column(self, column: _GroupColumn) -> None:
        """Tie each row to the id that it has."""
        rows = np.flatnonzero(column.codes >= 0)
        self._left.append(rows)
        self._right.append(self._nodes + column.codes[rows])
        self.tied[rows] = True
        self._nodes += len(column.values)

    def add_same(self, isic_ids: Sequence[str]) -> None:
        """Tie each picture to the first one of its image."""
        first: dict[str, int] = {}
        rows = np.arange(len(isic_ids), dtype=np.int64)
        found = [first.setdefault(name, at) for at, name in enumerate(isic_ids)]
        firsts = np.array(found, np.int64)
        again = rows != firsts
        self._left.append(firsts[again])
        self._right.append(rows[again])
        self.tied[firsts[again]] = self.tied[again] = True

    def add_pairs(self, rows: dict[str, int], pairs: Iterable[tuple[str, str]]) -> None:
        """Tie duplicates to each other; an ISIC id that is not a row becomes a node of its own."""
        count, absent = len(self.tied), self._nodes - len(rows)
        nodes = [[rows.setdefault(name, absent + len(rows)) for name in pair] for pair in pairs]
        ends = np.array(nodes, np.int64).reshape(-1, 2)
        self._left.append(ends[:, 0])
        self._right.append(ends[:, 1])
        self.tied[ends[ends < count]] = True
        self._nodes = absent + len(rows)

    def components(self) -> Ints:
        """Return the component of each node."""
        return connected(self._nodes, np.concatenate(self._left), np.concatenate(self._right))


def _isic_ids(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    isic_ids = [str(row.get("isic_id") or "") for row in rows]
    if "" in isic_ids:
        raise UsageError(f"row {isic_ids.index('') + 1} has no isic_id")
    if len(set(isic_ids)) < len(isic_ids):
        pictures = Counter(str(row.get("picture") or row["isic_id"]) for row in rows)
        twice = next((name for name, count in pictures.items() if count > 1), None)
        if twice is not None:
            raise UsageError(f"{twice} is in the table twice")
    return isic_ids


def _identities(isic_ids: list[str], index: Ints, columns: Sequence[_GroupColumn]) -> list[str]:
    """Name each group by the smallest id of its widest field."""
    names: dict[int, str] = {}
    own = _GroupColumn("isic_id", isic_ids, np.arange(len(isic_ids), dtype=np.int64))
    for column in (*columns, own):
        rows = np.flatnonzero(column.codes >= 0)
        # One row of each id is enough, since all of them are in one group.
        codes, first = np.unique(column.codes[rows], return_index=True)
        smallest: dict[int, str] = {}
        for code, group in zip(codes.tolist(), index[rows[first]].tolist(), strict=True):
            value = column.values[code]
            if group not in names and value < smallest.get(group, "\U0010ffff"):
                smallest[group] = value
        names.update((group, f"{column.field}:{value}") for group, value in smallest.items())
    return [names[group] for group in range(len(names))]


def _conflicts(wide: _GroupColumn, narrow: _GroupColumn) -> Iterator[IdConflict]:
    both = np.flatnonzero((wide.codes >= 0) & (narrow.codes >= 0))
    packed = np.unique(narrow.codes[both] << 32 | wide.codes[both])
    inner, start, count = np.unique(packed >> 32, return_index=True, return_counts=True)
    found = []
    for at in np.flatnonzero(count > 1):
        outer = packed[start[at] : start[at] + count[at]] & 0xFFFFFFFF
        values = tuple(sorted(wide.values[code] for code in outer))
        found.append(IdConflict(narrow.field, narrow.values[inner[at]], wide.field, values))
    yield from sorted(found, key=lambda conflict: conflict.value)
