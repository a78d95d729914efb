"""Turn what the user selected into image records.

Whatever the archive can evaluate is left to it: the query, the collections and the licence
become one search. Ids are looked up in groups, and only then compared with the rest, so that an
id which the archive does not have is told apart from one that the query leaves out.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from isic_cli.config import Settings
from isic_cli.curation.shard import parse_shard
from isic_cli.models.collection import Collection
from isic_cli.models.image import ImageRecord
from isic_cli.models.licenses import at_most
from isic_cli.models.selection import Selection
from isic_cli.query import Query, all_of, any_of, parse, term
from isic_cli.services.opening import open_api
from isic_cli.services.select.choose import choose_collection, is_number
from isic_cli.services.select.offline import OfflineImages
from isic_cli.services.select.problems import Problem, bad_lines, planned_sample

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi
    from isic_cli.api.search import ImageSearch

#: In what order records come: the archive's own, sorted by ISIC id, or as they arrive.
Order = Literal["archive", "by_id", "unordered"]

#: Ids looked up at a time: eight requests of a page each, side by side.
GROUP = 800


@contextmanager
def opened(settings: Settings, selection: Selection) -> "Iterator[SelectedImages | OfflineImages]":
    """Open what answers a selection, the index or the archive, and give its images."""
    if selection.offline:
        yield OfflineImages(settings, selection)
        return
    with open_api(settings) as api:
        yield SelectedImages(api, selection)


def select(api: "ArchiveApi", selection: Selection) -> "SelectedImages | OfflineImages":
    """Return the images of a selection, ready to be downloaded from an open archive."""
    if selection.offline:
        return OfflineImages(api.settings, selection, api=api)
    return SelectedImages(api, selection)


def server_query(selection: Selection) -> str:
    """Return the query that the archive is asked for a selection, the licences included."""
    if selection.license is None:
        return selection.query
    allowed = [term("copyright_license", name) for name in at_most(selection.license)]
    return all_of(selection.query, any_of(*allowed))


class SelectedImages:
    """The images of a selection, lazily.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    selection : Selection
        What the user wants.

    Attributes
    ----------
    problems : list of Problem
        Grows while the records are read.
    missed : int
        Images that the archive announced and did not list; known once the records are read.
    collections : tuple of Collection
        The collections that the selection names.

    Raises
    ------
    QueryError
        Before any request.
    UsageError, NotFoundError
        For a shard or a sample that cannot be; for a collection that is named ambiguously, or
        does not exist.
    """

    def __init__(self, api: "ArchiveApi", selection: Selection) -> None:
        self._api = api
        self._selection = selection
        self._parsed = parse(selection.query)
        self._shard = parse_shard(selection.shard, {}) if selection.shard else None
        self._sample = planned_sample(selection)
        self.missed = 0
        self._searches: dict[int, ImageSearch] = {}
        self.problems = [*bad_lines(selection.ids), *bad_lines(selection.exclude)]
        self.collections = resolve_collections(api, selection.collections)

    @property
    def query(self) -> str:
        """The whole query that the archive is asked, the licences included."""
        return server_query(self._selection)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know about the query: quirks of the archive that it meets."""
        return self._parsed.warnings

    @property
    def is_server_side(self) -> bool:
        """Whether the archive alone can tell which images these are."""
        chosen = self._selection
        return chosen.ids is None and chosen.exclude is None and not (chosen.shard or chosen.sample)

    def count(self) -> int | None:
        """Return how many images there are, where one request tells; else None."""
        if self._selection.ids is not None:
            return None
        search = self._search(self._selection.limit if self.is_server_side else 0)
        return search.count() if self.is_server_side else None

    def size(self) -> int | None:
        """Return an estimate of the bytes of the full images, where one request tells."""
        if not self.is_server_side or self._selection.limit:
            return None
        return self._api.search_size(self.query, collections=self._collection_ids)

    def facets(self) -> dict[str, Any]:
        """Return how often each value occurs, as the archive's search index has it."""
        return self._api.facets(self.query, collections=self._collection_ids)

    def records(self, order: Order = "archive", *, lanes: int = 8) -> Iterator[ImageRecord]:
        """Yield the records, each once.

        Parameters
        ----------
        order : {"archive", "by_id", "unordered"}
            Ids from a file keep the order that they have there.
        lanes : int
            Listing requests side by side; 1 for page after page.
        """
        if self._selection.ids is not None:
            found: Iterable[ImageRecord] = self._by_ids(self._selection.ids.ids)
        else:
            found = (image for image in self._searched(order, lanes) if self._wants(image.isic_id))
        if self._sample is not None:
            from isic_cli.curation.sample import sample

            found = sample(found, self._sample, row_of=ImageRecord.row).items
        yield from islice(found, self._selection.limit or None)

    @cached_property
    def _excluded(self) -> frozenset[str]:
        return frozenset(self._selection.exclude.ids if self._selection.exclude else ())

    def _wants(self, isic_id: str) -> bool:
        """Whether an id alone does not rule its image out."""
        if self._shard is not None and not self._shard.holds(isic_id):
            return False
        return isic_id not in self._excluded

    @property
    def _collection_ids(self) -> tuple[int, ...]:
        return tuple(collection.id for collection in self.collections)

    def _search(self, limit: int) -> "ImageSearch":
        """Return the search; the same one again, since it keeps its first page."""
        if limit not in self._searches:
            self._searches[limit] = self._api.search(
                self.query, collections=self._collection_ids, limit=limit
            )
        return self._searches[limit]

    def _searched(self, order: Order, lanes: int) -> Iterator[ImageRecord]:
        search = self._search(self._selection.limit if self.is_server_side else 0)
        listed = 0
        if order == "archive":
            found = iter(search)
        else:
            found = search.by_id(lanes=lanes) if order == "by_id" else search.unordered(lanes=lanes)
        for image in found:
            listed += 1
            yield image
        self.missed += max(0, search.count() - listed)

    def _by_ids(self, asked: Sequence[str]) -> Iterator[ImageRecord]:
        ids = [isic_id for isic_id in asked if self._wants(isic_id)]
        for start in range(0, len(ids), GROUP):
            found, missing = self._look_up(ids[start : start + GROUP])
            self.problems.extend(
                Problem(isic_id, "not in the archive, or not visible to this user")
                for isic_id in missing
            )
            yield from found

    def _look_up(self, group: Sequence[str]) -> tuple[list[ImageRecord], list[str]]:
        records = self._api.images_by_id(group)
        missing = [isic_id for isic_id in group if isic_id not in records]
        kept = [image for image in records.values() if self._admits(image)]
        if kept and self.collections:
            members = self._api.images_by_id(
                [image.isic_id for image in kept], collections=self._collection_ids
            )
            kept = [image for image in kept if image.isic_id in members]
        return kept, missing

    def _admits(self, image: ImageRecord) -> bool:
        limit = self._selection.license
        if limit and image.copyright_license not in at_most(limit):
            return False
        return matches(self._parsed, image)


def matches(query: Query, image: ImageRecord) -> bool:
    """Whether a record matches a query."""
    return query.matches(
        {
            **image.fields,
            "isic_id": image.isic_id,
            "copyright_license": image.copyright_license,
            "public": image.public,
        }
    )


def resolve_collections(api: "ArchiveApi", names: Iterable[str]) -> tuple[Collection, ...]:
    """Find collections by id, name or DOI.

    Raises
    ------
    NotFoundError
        When there is none, with the nearest names.
    UsageError
        When a name fits several, with the candidates.
    """
    listed: list[Collection] | None = None
    found: dict[int, Collection] = {}
    for name in names:
        if is_number(name):
            collection = api.collection(int(name))
        else:
            listed = list(api.collections()) if listed is None else listed
            collection = choose_collection(name, listed)
        found[collection.id] = collection
    return tuple(found.values())
