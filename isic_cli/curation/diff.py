"""What changed between two states of the metadata: added, withdrawn, relabelled field by field."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isic_cli.curation.digest import to_text
from isic_cli.errors import UsageError
from isic_cli.models.ids import IdSet, number_of


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one image; None where it has no value."""

    isic_id: str
    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Two states compared.

    Attributes
    ----------
    added, withdrawn : list of str
        ISIC ids, in the order of the new and of the old state.
    changes : list of Change
        By image in the order of the new state, then by field.
    unchanged : int
        Images with no change in any compared field.
    """

    added: list[str]
    withdrawn: list[str]
    changes: list[Change]
    unchanged: int

    def __bool__(self) -> bool:
        return bool(self.added or self.withdrawn or self.changes)

    @property
    def by_field(self) -> dict[str, int]:
        """Changes for each field, most first."""
        return dict(Counter(change.field for change in self.changes).most_common())

    def rows(self) -> list[dict[str, str | None]]:
        """Return one row for each difference: `change, isic_id, field, old, new`."""
        names = ("change", "isic_id", "field", "old", "new")
        lines: list[tuple[str | None, ...]] = [
            *(("added", isic_id, None, None, None) for isic_id in self.added),
            *(("withdrawn", isic_id, None, None, None) for isic_id in self.withdrawn),
            *(("relabelled", one.isic_id, one.field, one.old, one.new) for one in self.changes),
        ]
        return [dict(zip(names, line, strict=True)) for line in lines]


def diff(
    old: Iterable[Mapping[str, Any]],
    new: Iterable[Mapping[str, Any]],
    *,
    fields: Collection[str] | None = None,
    ignore: Collection[str] = (),
) -> Difference:
    """Compare two states.

    A table and an API answer spell the same value differently: absent, null and empty are one,
    and so are `True` and `true`, `30` and `30.0`, `"0.350"` and `0.35`.

    Parameters
    ----------
    old, new : iterable of Mapping
        Rows with `isic_id`.
    fields : collection of str, optional
        The fields to compare; all by default.
    ignore : collection of str
        Fields not to compare, such as a URL with a signature that changes each day.

    Raises
    ------
    UsageError
        A row without an ISIC id, or the same id twice in one state.
    """
    olds, news = (
        rows if isinstance(rows, Sequence) else [dict(row) for row in rows] for rows in (old, new)
    )
    before, left = _Places(olds), IdSet()
    skipped = {"isic_id", *ignore}
    wanted = None if fields is None else set(fields) - skipped
    added: list[str] = []
    changes: list[Change] = []
    unchanged = 0
    for isic_id, row in _by_id(news, "new"):
        place = before.get(isic_id)
        if place is None:
            added.append(isic_id)
            continue
        left.add(isic_id)
        known = olds[place]
        if known == row:
            unchanged += 1
            continue
        names = {*known, *row} - skipped if wanted is None else wanted
        found = changes_of(known, row, names)
        changes += found
        unchanged += not found
    return Difference(
        added=added,
        withdrawn=[isic_id for isic_id, _ in _by_id(olds, "old") if isic_id not in left]
        if len(left) < len(olds)
        else [],
        changes=changes,
        unchanged=unchanged,
    )


def changes_of(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Collection[str] | None = None
) -> list[Change]:
    """Return how one image changed, by field; in every field unless some are named."""
    if old == new:
        return []
    if names is None:
        names = {*old, *new} - {"isic_id"}
    isic_id = str(new.get("isic_id", ""))
    return [
        Change(isic_id, name, was, now)
        for name in sorted(names)
        if old.get(name) != new.get(name)
        and (was := to_text(old.get(name))) != (now := to_text(new.get(name)))
    ]


def _by_id(
    rows: Iterable[Mapping[str, Any]], state: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each row behind its id."""
    met = IdSet()
    for number, row in enumerate(rows, start=1):
        isic_id = to_text(row.get("isic_id"))
        if isic_id is None:
            raise UsageError(f"row {number} of the {state} state has no isic_id")
        if not met.add(isic_id):
            raise UsageError(f"{isic_id} is twice in the {state} state")
        yield isic_id, row


class _Places:
    """Where the row of each image of the old state is: eight bytes for each ISIC id."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        #: Number of the id and place, in one whole number.
        self._known = array("Q")
        self._others: dict[str, int] = {}
        is_sorted = True
        for place, (isic_id, _) in enumerate(_by_id(rows, "old")):
            number = number_of(isic_id)
            if number is None:
                self._others[isic_id] = place
            else:
                self._known.append(number << 32 | place)
                is_sorted = is_sorted and self._known[-1] >= self._known[-2:][0]
        if not is_sorted:
            self._known = array("Q", sorted(self._known))

    def get(self, isic_id: str) -> int | None:
        number = number_of(isic_id)
        if number is None:
            return self._others.get(isic_id)
        at = bisect_left(self._known, number << 32)
        found = self._known[at] if at < len(self._known) else 0
        return found & 0xFFFFFFFF if found >> 32 == number else None
