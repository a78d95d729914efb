"""The endpoints around collections."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from isic_cli.api.origin import Params
from isic_cli.api.paging import all_rows
from isic_cli.api.session import Session
from isic_cli.models.page import page_of, read_objects

if TYPE_CHECKING:
    from isic_cli.models.collection import AttributionCount, Collection


class CollectionEndpoints(Session):
    """List collections, look at one, and whom to credit for its images."""

    def collections(
        self, *, pinned: bool | None = None, sort: str | None = None
    ) -> "Iterator[Collection]":
        """Yield the collections, newest first; each once, though the archive repeats shared ones.

        Parameters
        ----------
        pinned : bool, optional
            Only the pinned ones, or only the others.
        sort : {"name", "created"}, optional
            Ascending by this instead.
        """
        from isic_cli.models.collection import Collection

        self.check_token()
        params: Params = {"pinned": None if pinned is None else str(pinned).lower(), "sort": sort}
        seen: set[int] = set()
        read = page_of(Collection.model_validate)
        for collection in all_rows(self._client, "collections/", read, params):
            if collection.id not in seen:
                seen.add(collection.id)
                yield collection

    def collection(self, collection_id: int) -> "Collection":
        """Return one collection.

        Raises
        ------
        NotFoundError
            When there is none, or this user may not see it.
        """
        from isic_cli.models.collection import Collection

        self.check_token()
        path = f"collections/{collection_id}/"
        return self.named("collection", collection_id, path, Collection.model_validate_json)

    def collection_attribution(self, collection_id: int) -> "list[AttributionCount]":
        """Return the licences and credits of a collection's images, with their counts."""
        from isic_cli.models.collection import AttributionCount

        def read(body: bytes) -> list[AttributionCount]:
            return [AttributionCount.model_validate(one) for one in read_objects(body)]

        self.check_token()
        path = f"collections/{collection_id}/attribution/"
        return self.named("collection", collection_id, path, read)
