"""A reproducible sample: the images whose keyed hash is smallest.

Being the smallest is a property of an image and the seed, so that the sample does not depend on the
order in which the archive lists its images, and grows stale slowly: an added image replaces another
only when its own hash is smaller. Memory is bounded by the size of the sample times the number of
values it is balanced over, however long the listing is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, Generic, TypeVar

from isic_cli.curation.groups import GROUP_FIELDS
from isic_cli.curation.keyed import rank
from isic_cli.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """What `--sample N --by FIELD --one-per lesion|patient --seed S` asks for.

    Attributes
    ----------
    size : int
        Images wanted.
    by : str or None
        A field whose values get the same number of images each, as far as they have enough.
    one_per : str or None
        `lesion` or `patient`: at most one image of each. An image without the id stands alone.
    seed : int
        Another seed, another sample.
    """

    size: int
    by: str | None = None
    one_per: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise UsageError(f"a sample of {self.size} images is none", hint="at least 1")
        if self.one_per is not None and self.one_per not in ("lesion", "patient"):
            raise UsageError(f"one per {self.one_per} is unknown", hint="lesion or patient")


@dataclass
class Sample(Generic[T]):
    """The sample and what was left out.

    Attributes
    ----------
    items : list
        The chosen ones, in the order in which they came.
    counts : dict of str to int
        Chosen images for each value of the field; `""` alone when not balanced.
    without_value : int
        Images passed over because they have no value of the field.
    """

    items: list[T]
    counts: dict[str, int]
    without_value: int


@dataclass(slots=True)
class _Pick(Generic[T]):
    """The best image of one unit: its own rank, its place in the listing, and itself."""

    rank: int
    place: int
    item: T


@dataclass
class _Smallest(Generic[T]):
    """The units of one value with the smallest ranks, at most `size` of them."""

    size: int
    heap: list[tuple[int, str]] = field(default_factory=list)
    picks: dict[str, _Pick[T]] = field(default_factory=dict)

    def offer(self, unit: str, unit_rank: int, pick: _Pick[T]) -> None:
        known = self.picks.get(unit)
        if known is not None:
            if pick.rank < known.rank:
                self.picks[unit] = pick
            return
        if len(self.heap) >= self.size and -self.heap[0][0] <= unit_rank:
            return
        heappush(self.heap, (-unit_rank, unit))
        self.picks[unit] = pick
        if len(self.heap) > self.size:
            _, worst = heappop(self.heap)
            del self.picks[worst]

    def ordered(self) -> list[str]:
        """Return the units, smallest rank last, ready to be popped."""
        return [unit for _, unit in sorted(self.heap)]


def sample(
    items: Iterable[T], plan: SamplePlan, *, row_of: Callable[[T], Mapping[str, Any]]
) -> Sample[T]:
    """Draw a sample from a stream.

    Parameters
    ----------
    items : iterable
        Records or rows; each is looked at once.
    plan : SamplePlan
        What to draw.
    row_of : callable
        Returns the flat row of an item, with `isic_id` and the fields of the plan.

    Raises
    ------
    UsageError
        No item has a value of the field to balance over.
    """
    by_value: dict[str, _Smallest[T]] = {}
    without = 0
    for place, item in enumerate(items):
        row = row_of(item)
        value = str(row.get(plan.by) if row.get(plan.by) is not None else "") if plan.by else ""
        if plan.by and not value:
            without += 1
            continue
        own = str(row["isic_id"])
        unit = own
        if plan.one_per:
            unit = str(row.get(GROUP_FIELDS[plan.one_per]) or own)
        pick = _Pick(rank(plan.seed, own), place, item)
        best = by_value.setdefault(value, _Smallest(plan.size))
        best.offer(unit, rank(plan.seed, unit), pick)
    if plan.by and without and not by_value:
        raise UsageError(f"no image has a value of {plan.by} to balance over")
    chosen, counts = _deal(by_value, plan.size)
    chosen.sort(key=lambda pick: pick.place)
    return Sample([pick.item for pick in chosen], counts, without)


def _deal(by_value: Mapping[str, _Smallest[T]], size: int) -> tuple[list[_Pick[T]], dict[str, int]]:
    """Take from each value in turn, rarest first, until there are enough; a unit only once."""
    left = {value: best.ordered() for value, best in by_value.items()}
    turns = sorted(left, key=lambda value: (len(left[value]), value))
    counts = dict.fromkeys(sorted(left), 0)
    chosen: list[_Pick[T]] = []
    used: set[str] = set()
    while turns and len(chosen) < size:
        for value in list(turns):
            while left[value] and left[value][-1] in used:
                left[value].pop()
            if not left[value]:
                turns.remove(value)
            elif len(chosen) < size:
                unit = left[value].pop()
                used.add(unit)
                chosen.append(by_value[value].picks[unit])
                counts[value] += 1
    return chosen, counts
