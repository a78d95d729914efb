"""Turn what the user selected into image records.

Whatever the archive can evaluate is left to it: the query, the collections and the licence
become one search. Ids are looked up in groups, and only then compared with the rest, so that an
id which the archive does not have is told apart from one that the query leaves out.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from isic_cli.config import Settings
from isic_cli.models.image import ImageRecord
from isic_cli.models.licenses import at_most
from isic_cli.models.outcomes import Outcome
from isic_cli.models.selection import Selection
from isic_cli.services.opening import folder_index, open_api
from isic_cli.services.select.choose import choose_collection, is_number
from isic_cli.services.select.images import Images, Order

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi
    from isic_cli.api.search import ImageSearch
    from isic_cli.index.index import Index
    from isic_cli.models.collection import Collection
    from isic_cli.query import Query
    from isic_cli.services.select.offline import OfflineImages

#: Ids looked up at a time: eight requests of a page each, side by side.
GROUP = 800


@contextmanager
def opened(settings: Settings, selection: Selection) -> Iterator[Images]:
    """Open what answers a selection, the index or the archive, and give its images."""
    if selection.offline:
        yield _offline(settings, selection)
        return
    if (index := folder_index(settings.archive, settings.cache_dir)) is not None:
        with index:
            yield _offline(settings, selection, index=index)
        return
    with open_api(settings) as api:
        yield SelectedImages(api, selection)


def select(api: "ArchiveApi", selection: Selection, *, parallel_pages: int = 8) -> Images:
    """Return the images of a selection, ready to be downloaded from an open archive.

    Parameters
    ----------
    parallel_pages : int
        Listing requests side by side; 1 for page after page.
    """
    if selection.offline:
        return _offline(api.settings, selection, api=api)
    if (index := folder_index(api.settings.archive, api.settings.cache_dir)) is not None:
        return _offline(api.settings, selection, index=index)
    return SelectedImages(api, selection, parallel_pages=parallel_pages)


def _offline(
    settings: Settings,
    selection: Selection,
    *,
    api: "ArchiveApi | None" = None,
    index: "Index | None" = None,
) -> "OfflineImages":
    # Here, because the index and its language are loaded by those alone who ask it.
    from isic_cli.services.select.offline import OfflineImages

    return OfflineImages(settings, selection, api=api, index=index)


def server_query(selection: Selection) -> str:
    """Return the query that the archive is asked for a selection, the licences included."""
    if selection.license is None:
        return selection.query
    from isic_cli.query import all_of, any_of, term

    allowed = [term("copyright_license", name) for name in at_most(selection.license)]
    return all_of(selection.query, any_of(*allowed))


class SelectedImages(Images):
    """The images of a selection, from the archive.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    selection : Selection
        What the user wants.
    parallel_pages : int
        Listing requests side by side; 1 for page after page.

    Raises
    ------
    UsageError, NotFoundError
        As `Images`; for a collection that is named ambiguously, or does not exist.
    """

    def __init__(self, api: "ArchiveApi", selection: Selection, *, parallel_pages: int = 8) -> None:
        super().__init__(selection)
        self._api = api
        self._parallel_pages = parallel_pages
        self._searches: dict[int, ImageSearch] = {}
        self._size: int | None = None
        self.collections = resolve_collections(api, selection.collections)

    @property
    def query(self) -> str:
        """The whole query that the archive is asked, the licences included."""
        return server_query(self._selection)

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
        if self._size is None:  # asked for by a question to the user and by a look at the disk
            self._size = self._api.search_size(self.query, collections=self._collection_ids)
        return self._size

    def facets(self) -> dict[str, Any]:
        """Return how often each value occurs, as the archive's search index has it."""
        return self._api.facets(self.query, collections=self._collection_ids)

    def _listed(self, order: Order) -> Iterable[ImageRecord]:
        if self._selection.ids is not None:
            return self._by_ids(self._selection.ids.ids)
        return (image for image in self._searched(order) if self._wants(image.isic_id))

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

    def _searched(self, order: Order) -> Iterator[ImageRecord]:
        search = self._search(self._selection.limit if self.is_server_side else 0)
        listed = 0
        if order == "archive":
            found = iter(search)
        elif order == "by_id":
            found = search.by_id(parallel_pages=self._parallel_pages)
        else:
            found = search.unordered(parallel_pages=self._parallel_pages)
        for image in found:
            listed += 1
            yield image
        self.missed += max(0, search.count() - listed)

    def _by_ids(self, asked: Sequence[str]) -> Iterator[ImageRecord]:
        ids = [isic_id for isic_id in asked if self._wants(isic_id)]
        for start in range(0, len(ids), GROUP):
            found, missing = self._look_up(ids[start : start + GROUP])
            self.problems.extend(
                Outcome(isic_id, "not_found", "not in the archive, or not visible to this user")
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
        return not self._selection.query or matches(self._parsed, image)


def matches(query: "Query", image: ImageRecord) -> bool:
    """Whether a record matches a query."""
    return query.matches(
        {
            **image.fields,
            "isic_id": image.isic_id,
            "copyright_license": image.copyright_license,
            "public": image.public,
        }
    )


def resolve_collections(api: "ArchiveApi", names: Iterable[str]) -> "tuple[Collection, ...]":
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
