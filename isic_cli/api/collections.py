"""The endpoints around collections."""

import logging
from collections.abc import Iterator

import httpx
from pydantic import TypeAdapter

from isic_cli.api.credits import read_credits
from isic_cli.api.origin import Params
from isic_cli.api.paging import all_rows
from isic_cli.api.session import Session
from isic_cli.errors import AuthError, NotFoundError
from isic_cli.models.collection import AttributionCount, Collection
from isic_cli.models.page import Page

logger = logging.getLogger(__name__)

_COUNTS = TypeAdapter(list[AttributionCount])


class CollectionEndpoints(Session):
    """List collections, look at one, and whom to credit for its images."""

    def collections(
        self, *, pinned: bool | None = None, sort: str | None = None
    ) -> Iterator[Collection]:
        """Yield the collections, newest first; each once, though the archive repeats shared ones.

        Parameters
        ----------
        pinned : bool, optional
            Only the pinned ones, or only the others.
        sort : {"name", "created"}, optional
            Ascending by this instead.
        """
        self.check_token()
        params: Params = {"pinned": None if pinned is None else str(pinned).lower(), "sort": sort}
        seen: set[int] = set()
        read = Page[Collection].model_validate_json
        for collection in all_rows(self._client, "collections/", read, params):
            if collection.id not in seen:
                seen.add(collection.id)
                yield collection

    def collection(self, collection_id: int) -> Collection:
        """Return one collection.

        Raises
        ------
        NotFoundError
            When there is none, or this user may not see it.
        """
        self.check_token()
        path = f"collections/{collection_id}/"
        return self.named("collection", collection_id, path, Collection.model_validate_json)

    def collection_attribution(self, collection_id: int) -> list[AttributionCount]:
        """Return the licences and credits of a collection's images, with their counts."""
        self.check_token()
        path = f"collections/{collection_id}/attribution/"
        return self.named("collection", collection_id, path, _COUNTS.validate_json)

    def collection_credits(self, collection_id: int) -> dict[str, str] | None:
        """Return each image's own attribution in a public collection, by ISIC id.

        Returns
        -------
        dict or None
            None when the archive's web pages do not give it: a private collection, or an
            archive without web pages.
        """

        def consume(response: httpx.Response, asked: str) -> dict[str, str] | None:
            if "csv" not in response.headers.get("content-type", ""):
                return None
            return read_credits(response.iter_bytes(), asked)

        try:
            return self._client.request("GET", f"/collections/{collection_id}/metadata/", consume)
        except (AuthError, NotFoundError) as error:
            logger.info("no credits of collection %d: %s", collection_id, error)
            return None
