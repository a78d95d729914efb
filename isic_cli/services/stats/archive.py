"""Count the images of a selection: by values, by ranges, by what is missing.

The counts come from the index, from the archive's facets where these are complete, or from the
records themselves; all three give the same tables.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from isic_cli.errors import UsageError
from isic_cli.index.columns import METADATA
from isic_cli.models.image import LEADING_COLUMNS, ImageRecord
from isic_cli.tables.numbers import finite

#: Fields that can be counted.
COUNTABLE = (*LEADING_COLUMNS[1:], "public", *METADATA)

#: Values of the fields of one table, None where a field is unset, and how many images have them.
Counts = Counter[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tables.

    Attributes
    ----------
    by : tuple of str
        Fields to count by, together.
    hist : str or None
        A number to count in ranges.
    missing : bool
        How many images have no value, for each field.
    """

    by: tuple[str, ...] = ()
    hist: str | None = None
    missing: bool = False


def check_wanted(wanted: Wanted) -> None:
    """Raise UsageError for a field that cannot be counted."""
    for name in (*wanted.by, *([wanted.hist] if wanted.hist else [])):
        if name not in COUNTABLE:
            from difflib import get_close_matches

            near = get_close_matches(name, COUNTABLE, n=1)
            raise UsageError(
                f"there is no field {name!r} to count by",
                hint=f"Did you mean {near[0]}?" if near else "isic metadata fields lists them.",
            )
    if wanted.hist and _type(wanted.hist) not in {"INTEGER", "DOUBLE"}:
        raise UsageError(f"{wanted.hist} is not a number", hint=f"Use --by {wanted.hist}.")


def _type(name: str) -> str:
    """Return the type of a field; licences and the like are text, which is all that matters."""
    return METADATA[name].type if name in METADATA else "VARCHAR"


class Tally:
    """Counts of the tables that are wanted, filled from any source.

    Parameters
    ----------
    wanted : Wanted
        Which tables.

    Attributes
    ----------
    total : int
        Images.
    by, hist : Counter
        How many images have each combination of values, each number.
    present : Counter
        How many images have a value, by field.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.total = 0
        self.by: Counts = Counter()
        self.hist: Counts = Counter()
        self.present: Counter[str] = Counter()

    def add_records(self, records: Iterable[ImageRecord]) -> None:
        """Count records one by one."""
        for record in records:
            self.total += 1
            if self.wanted.by:
                self.by[tuple(record.field(name) for name in self.wanted.by)] += 1
            if self.wanted.hist:
                self.hist[(finite(record.field(self.wanted.hist)),)] += 1
            if self.wanted.missing:
                self.present.update(record.fields.keys() & METADATA.keys())

    def rows(self) -> list[dict[str, Any]]:
        """Return all tables as rows, one below the other.

        Returns
        -------
        list of dict
            `table` is `by`, `hist` or `missing`; `count` images, `share` of all of them.
        """
        return [*self._by_rows(), *self._hist_rows(), *self._missing_rows()]

    def _by_rows(self) -> list[dict[str, Any]]:
        ordered = sorted(self.by.items(), key=lambda item: (-item[1], *map(_sortable, item[0])))
        return [
            self._row("by", dict(zip(self.wanted.by, values, strict=True)), count)
            for values, count in ordered
        ]

    def _hist_rows(self) -> list[dict[str, Any]]:
        name = self.wanted.hist
        if name is None:
            return []
        numbers = {values[0]: count for values, count in self.hist.items()}
        missing = numbers.pop(None, 0)
        rows = [
            self._row("hist", {"field": name, "from": low, "to": high}, count)
            for low, high, count in binned(numbers)
        ]
        if missing:
            rows.append(self._row("hist", {"field": name, "from": None, "to": None}, missing))
        return rows

    def _missing_rows(self) -> list[dict[str, Any]]:
        if not self.wanted.missing:
            return []
        return [
            self._row("missing", {"field": name}, self.total - self.present[name])
            for name in METADATA
        ]

    def _row(self, table: str, values: Mapping[str, Any], count: int) -> dict[str, Any]:
        share = round(count / self.total, 4) if self.total else 0.0
        return {"table": table, **values, "count": count, "share": share}


def _sortable(value: Any) -> tuple[bool, str]:
    return value is None, str(value)


def binned(numbers: Mapping[float, int], *, most: int = 20) -> list[tuple[float, float, int]]:
    """Count numbers in ranges of one width: 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    numbers : mapping of float to int
        How often each number occurs.
    most : int
        Ranges at most.

    Returns
    -------
    list of (float, float, int)
        From (inclusive), to (exclusive) and how many, empty ranges between included.
    """
    if not numbers:
        return []
    low, high = min(numbers), max(numbers)
    width = _width((high - low) / most, whole=all(float(n).is_integer() for n in numbers))
    first = _step(low, width)
    counts: Counter[int] = Counter()
    for number, count in numbers.items():
        counts[_step(number, width)] += count
    return [
        (round(index * width, 6), round((index + 1) * width, 6), counts[index])
        for index in range(first, max(counts) + 1)
    ]


def _step(number: float, width: float) -> int:
    # 0.5 // 0.001 is 499: without rounding a number at the edge falls below it.
    return math.floor(round(number / width, 6))


def _width(least: float, *, whole: bool) -> float:
    """Return the smallest round width above `least`; at least 1 for whole numbers."""
    power = 1.0 if whole else 0.001
    while True:
        for factor in (1, 2, 5):
            if factor * power > least:
                return factor * power
        power *= 10


def in_facets(wanted: Wanted) -> bool:
    """Whether the archive's facets can tell what is wanted: one field at a time, and ages."""
    return not wanted.missing and len(wanted.by) < 2 and wanted.hist in {None, "age_approx"}


def from_facets(tally: Tally, facets: Mapping[str, Any], total: int) -> bool:
    """Fill a tally from the archive's facets, where they tell all that is wanted.

    Parameters
    ----------
    tally : Tally
        Empty.
    facets : mapping
        As the archive answers.
    total : int
        How many images there are by the archive's own count.

    Returns
    -------
    bool
        False when the facets are cut, stale or lack a field: then nothing was filled.
    """
    wanted = tally.wanted
    names = [*wanted.by, *([wanted.hist] if wanted.hist else [])]
    if not in_facets(wanted):
        return False
    read = {name: _facet(name, facets.get(name), total) for name in names}
    if any(counts is None for counts in read.values()):
        return False
    tally.total = total
    if wanted.by:
        tally.by = read[wanted.by[0]] or Counter()
    if wanted.hist:
        tally.hist = read[wanted.hist] or Counter()
    return True


def _facet(name: str, facet: Any, total: int) -> Counts | None:
    """Return the counts of one facet; None when it does not cover all images."""
    if not isinstance(facet, dict) or name in {"mel_thick_mm", "clin_size_long_diam_mm"}:
        return None
    convert = _FACET_KEYS.get(_type(name), str)
    counts: Counts = Counter(
        {
            (convert(bucket["key"]),): bucket["doc_count"]
            for bucket in facet["buckets"]
            if bucket["doc_count"]
        }
    )
    missing = facet["meta"]["missing_count"]
    if counts.total() + missing != total:
        return None
    if missing:
        counts[(None,)] = missing
    return counts


_FACET_KEYS: Mapping[str, Callable[[Any], Any]] = {"BOOLEAN": bool, "INTEGER": int}


def field_list(text: str | None) -> tuple[str, ...]:
    """Return the names in a list with commas."""
    return tuple(dict.fromkeys(name.strip() for name in (text or "").split(",") if name.strip()))
