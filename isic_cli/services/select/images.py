"""The images of a selection, whichever answers it: the archive or the index."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Literal

from isic_cli.models.image import ImageRecord
from isic_cli.models.outcomes import Outcome
from isic_cli.models.selection import IdList, Selection

if TYPE_CHECKING:
    from isic_cli.curation.sample import SamplePlan
    from isic_cli.curation.shard import Shard
    from isic_cli.models.collection import Collection
    from isic_cli.query import Query

#: In what order records come: the archive's own, sorted by ISIC id, or as they arrive.
Order = Literal["archive", "by_id", "unordered"]


def _bad_lines(ids: IdList | None) -> list[Outcome]:
    """Return an outcome for every line of a list that holds no ISIC id."""
    if ids is None:
        return []
    return [
        Outcome("", "no_id", f"{ids.name}, line {number}: no ISIC id in {text!r}")
        for number, text in ids.bad_lines.items()
    ]


def _planned_sample(selection: Selection) -> "SamplePlan | None":
    """Return the sample that a selection draws; None when it draws none."""
    if not selection.sample:
        return None
    from isic_cli.curation.sample import SamplePlan  # it needs numpy, which few selections do

    return SamplePlan(
        selection.sample, by=selection.by, one_per=selection.one_per, seed=selection.seed
    )


def _planned_shard(selection: Selection) -> "Shard | None":
    """Return the part that a selection takes; None when it takes all."""
    if not selection.shard:
        return None
    from isic_cli.curation.shard import parse_shard

    return parse_shard(selection.shard, {})


class Images(ABC):
    """The images of a selection, lazily.

    Parameters
    ----------
    selection : Selection
        What the user wants.

    Attributes
    ----------
    problems : list of Outcome
        Grows while the records are read.
    missed : int
        Images that were announced and not listed; known once the records are read.
    collections : tuple of Collection
        The collections that the selection names.

    Raises
    ------
    QueryError
        For a query that does not parse.
    UsageError
        For a shard or a sample that cannot be.
    """

    collections: "tuple[Collection, ...]"

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        if selection.query:
            _ = self._parsed  # one that does not parse is told of now
        self._shard = _planned_shard(selection)
        self._sample = _planned_sample(selection)
        self.missed = 0
        self.problems = [*_bad_lines(selection.ids), *_bad_lines(selection.exclude)]

    @cached_property
    def _parsed(self) -> "Query":
        from isic_cli.query import parse  # many selections have no query

        return parse(self._selection.query)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about the query: quirks of the archive that it meets."""
        return self._parsed.warnings if self._selection.query else ()

    @property
    def suggestions(self) -> tuple[str, ...]:
        """What may have been meant, when nothing is found."""
        from isic_cli.query.hints import suggestions_for

        return suggestions_for(self._parsed.tree)

    @property
    @abstractmethod
    def is_server_side(self) -> bool:
        """Whether a query alone tells which images these are, without lists of ids."""

    @abstractmethod
    def count(self) -> int | None:
        """Return how many images there are, where that is known without listing them."""

    @abstractmethod
    def size(self) -> int | None:
        """Return an estimate of the bytes of the full images, where that is known."""

    @abstractmethod
    def _listed(self, order: Order) -> Iterable[ImageRecord]:
        """Return the records of the selection, but for its sample and its limit."""

    def records(self, order: Order = "archive") -> Iterator[ImageRecord]:
        """Yield the records, each once.

        Parameters
        ----------
        order : {"archive", "by_id", "unordered"}
            Ids from a file keep the order that they have there. Of an index that was not listed
            in the archive's order, that is the order of the ids.
        """
        found = self._listed(order)
        if self._sample is not None:
            from isic_cli.curation.sample import sample

            found = sample(found, self._sample, row_of=ImageRecord.row).items
        yield from islice(found, self._selection.limit or None)

    def ids(self, order: Order = "archive") -> Iterator[str]:
        """Yield the ids of what `records` yields."""
        return (record.isic_id for record in self.records(order))

    @cached_property
    def _excluded(self) -> frozenset[str]:
        return frozenset(self._selection.exclude.ids if self._selection.exclude else ())

    def _wants(self, isic_id: str) -> bool:
        """Whether an id alone does not rule its image out."""
        if self._shard is not None and not self._shard.holds(isic_id):
            return False
        return isic_id not in self._excluded
