"""A selection answered by the index: the same images, no request."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from isic_cli.config import Settings
from isic_cli.errors import CheckError, NotFoundError
from isic_cli.index.condition import Condition, among, where
from isic_cli.index.index import Index
from isic_cli.index.lookups import listed_collections, try_out
from isic_cli.index.state import utc_now
from isic_cli.models.image import ImageRecord
from isic_cli.models.licenses import at_most
from isic_cli.models.outcomes import Outcome
from isic_cli.models.selection import Selection
from isic_cli.services.index.paths import index_folder
from isic_cli.services.select.choose import choose_collections
from isic_cli.services.select.images import Images, Order

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi
    from isic_cli.models.collection import Collection

#: Ids looked up at a time.
_GROUP = 5000
#: Records whose links are asked for at a time: eight requests of a page each.
_LINKS = 800


def open_index(
    settings: Settings, *, max_age: float | None = None, writes: Sequence[Path] = ()
) -> Index:
    """Open the index of the settings' archive and user.

    Parameters
    ----------
    settings : Settings
        Nothing is asked of the archive.
    max_age : float, optional
        Seconds since the last refresh that are still good.
    writes : sequence of Path
        Files that an export may write.

    Raises
    ------
    NotFoundError
        When there is no index; the hint says how to make one.
    CheckError
        When it is older than `max_age`.
    LocalError
        When it is damaged.
    """
    try:
        folder = index_folder(settings)
        index = Index.open(folder, archive=settings.archive.identity, writes=writes)
    except NotFoundError as error:
        raise NotFoundError(
            f"there is no index of {settings.archive.name} yet",
            hint=f"Run `isic{_global_options(settings)} cache refresh`.",
        ) from error
    age = index.state.age(utc_now())
    if max_age is not None and age > max_age:
        with index:
            raise CheckError(
                f"the index of {settings.archive.name} is {timedelta(seconds=int(age))} old,"
                f" more than {timedelta(seconds=max_age)}",
                hint=f"isic{_global_options(settings)} cache refresh brings it up to date.",
            )
    return index


def _global_options(settings: Settings) -> str:
    return "" if settings.archive.name == "prod" else f" --archive {quote(settings.archive.name)}"


class OfflineImages(Images):
    """The images of a selection, from the index.

    Parameters
    ----------
    settings : Settings
        Which archive and whose index.
    selection : Selection
        What the user wants.
    api : ArchiveApi, optional
        To be asked for the links of images that are to be downloaded.
    writes : sequence of Path
        Files that an export may write.
    index : Index, optional
        That of a folder, which is the archive itself; otherwise the archive's is opened.

    Attributes
    ----------
    index : Index
        Open.

    Raises
    ------
    QueryError, UsageError
        As `Images`; for an expression that does not parse, and a collection that is ambiguous.
    NotFoundError
        When there is no index, or no such collection in it.
    """

    def __init__(
        self,
        settings: Settings,
        selection: Selection,
        *,
        api: "ArchiveApi | None" = None,
        writes: Sequence[Path] = (),
        index: Index | None = None,
    ) -> None:
        super().__init__(selection)
        self._api = api
        self._where = "the archive" if index is not None else "the index"
        if index is None:
            index = open_index(settings, max_age=selection.max_age, writes=writes)
        self.index = index
        self.collections = self._named_collections(selection.collections)
        if selection.where:
            try_out(self.index, self.condition, text=selection.where)

    @property
    def is_server_side(self) -> bool:
        """Whether a query alone tells which images these are, without lists of ids."""
        return self._selection.exclude is None and self.is_one_condition

    @property
    def is_one_condition(self) -> bool:
        """Whether the condition alone tells which images these are, but for the limit."""
        return self._selection.ids is None and self._shard is None and self._sample is None

    @cached_property
    def condition(self) -> Condition:
        """Everything that is asked of a record, but for the ids of `--from` and the limit."""
        found = Condition.of(self._parsed)
        if self._selection.license:
            allowed = list(at_most(self._selection.license))
            found &= Condition("copyright_license IN (SELECT unnest(?))", (allowed,))
        if self._selection.collections:
            numbers = [collection.id for collection in self.collections]
            found &= Condition(
                "isic_id IN (SELECT isic_id FROM memberships"
                " WHERE collection_id IN (SELECT unnest(?)))",
                (numbers,),
            )
        if self._selection.exclude is not None:
            excluded = list(self._selection.exclude.ids)
            found &= Condition("isic_id NOT IN (SELECT unnest(?))", (excluded,))
        if self._selection.where:
            found &= where(self._selection.where)
        return found

    def count(self) -> int | None:
        """Return how many images there are; None for a shard or a sample."""
        if self._shard is not None or self._sample is not None:
            return None
        found = self.condition
        if self._selection.ids is not None:
            found &= among(self._selection.ids.ids)
        count = self.index.count(found)
        return min(count, self._selection.limit) if self._selection.limit else count

    def size(self) -> int | None:
        """Return an estimate of the bytes of the full images, where the index has all sizes."""
        if not self.is_server_side or self._selection.limit:
            return None
        return self.index.size(self.condition)

    def records(self, order: Order = "archive") -> Iterator[ImageRecord]:
        """Yield the records, each once, as `Images` has it; to be downloaded, with links."""
        found = super().records(order)
        yield from found if self._api is None else with_links(self._api, found, self.problems)

    def _listed(self, order: Order) -> Iterable[ImageRecord]:
        if self._selection.ids is not None:
            return self._by_ids(self._selection.ids.ids)
        limit = self._selection.limit if self.is_one_condition else 0
        found = self.index.records(
            self.condition, archive_order=order == "archive", limit=limit or 0
        )
        return (image for image in found if self._wants(image.isic_id))

    def ids(self, order: Order = "archive") -> Iterator[str]:
        """Yield the ids of what `records` yields; no record is made where an id alone tells."""
        if self._api is not None or self._selection.ids is not None or self._sample is not None:
            return super().ids(order)
        found = self.index.ids(self.condition, archive_order=order == "archive")
        return islice(filter(self._wants, found), self._selection.limit or None)

    def _by_ids(self, asked: Sequence[str]) -> Iterator[ImageRecord]:
        ids = [isic_id for isic_id in asked if self._wants(isic_id)]
        for start in range(0, len(ids), _GROUP):
            group = ids[start : start + _GROUP]
            known = set(self.index.ids(among(group)))
            self.problems.extend(
                Outcome(isic_id, "not_found", f"not in {self._where}, or not visible to this user")
                for isic_id in group
                if isic_id not in known
            )
            kept = {
                record.isic_id: record
                for record in self.index.records(among(group) & self.condition)
            }
            yield from (kept[isic_id] for isic_id in group if isic_id in kept)

    def _named_collections(self, names: Sequence[str]) -> "tuple[Collection, ...]":
        if not names:
            return ()
        listed = listed_collections(self.index)
        if listed is None:
            raise NotFoundError(
                "the index has no collections", hint="Run `isic cache refresh --collections`."
            )
        return choose_collections(names, listed)


def with_links(
    api: "ArchiveApi", records: Iterable[ImageRecord], problems: list[Outcome]
) -> Iterator[ImageRecord]:
    """Yield records that can be downloaded: the archive is asked for the links that are missing.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    records : iterable of ImageRecord
        From the index. A snapshot knows no links, and those of private images expire.
    problems : list of Outcome
        Takes the images that the archive no longer shows.
    """
    records = iter(records)
    while group := list(islice(records, _LINKS)):
        wanted = [image.isic_id for image in group if not (image.public and image.files.full.url)]
        fresh = api.images_by_id(wanted) if wanted else {}
        asked = frozenset(wanted)
        for image in group:
            found = fresh.get(image.isic_id) if image.isic_id in asked else image
            if found is not None:
                yield found
            else:
                problems.append(Outcome(image.isic_id, "not_found", "no longer in the archive"))
