"""The endpoints around images."""

import logging
from collections.abc import Sequence
from typing import Any

from isic_cli.api.by_id import fetch_by_id
from isic_cli.api.origin import Params, segment
from isic_cli.api.search import SEARCH, ImageSearch, search_params
from isic_cli.api.session import Session
from isic_cli.errors import NotFoundError, RefusedError, ResponseError, ServerError
from isic_cli.models.image import ImageRecord, SimilarImage
from isic_cli.models.page import read_object, read_objects

logger = logging.getLogger(__name__)


class ImageEndpoints(Session):
    """Search images, and look at one."""

    def search(
        self, query: str = "", *, collections: Sequence[int] = (), limit: int | None = None
    ) -> ImageSearch:
        """Return a lazy search.

        Parameters
        ----------
        query : str
            In the archive's search language; empty for everything.
        collections : sequence of int
            Images in any of these.
        limit : int, optional
            At most this many; None or 0 for all.
        """
        return ImageSearch(
            self._client, self.check_token, query, collections=collections, limit=limit
        )

    def images_by_id(
        self, ids: Sequence[str], *, query: str = "", collections: Sequence[int] = ()
    ) -> dict[str, ImageRecord]:
        """Return the records of many ids, a hundred per request and up to eight at once.

        Parameters
        ----------
        ids : sequence of str
            What is not a plain `ISIC_` id of seven digits is looked up nowhere.
        query, collections
            Only images that these admit as well.

        Returns
        -------
        dict of str to ImageRecord
            In the order of `ids`; absent ones are those the archive does not show.
        """
        self.check_token()
        return fetch_by_id(self._client, ids, query=query, collections=collections)

    def image(self, isic_id: str) -> ImageRecord:
        """Return one image.

        Raises
        ------
        NotFoundError
            When there is none of this id, or this user may not see it.
        """
        self.check_token()
        path = f"images/{segment('image', isic_id)}/"
        return self.named("image", isic_id, path, lambda body: ImageRecord.of(read_object(body)))

    def similar(self, isic_id: str, *, limit: int = 10) -> list[SimilarImage]:
        """Return the images most like one, nearest first; needs a login.

        Parameters
        ----------
        isic_id : str
            The image to compare with; one without an embedding has no similar ones.
        limit : int
            1 to 50.
        """
        path = f"images/{segment('image', isic_id)}/similar/"
        params: Params = {"limit": limit}
        return self.named("image", isic_id, path, _similar, params)

    def search_size(self, query: str = "", *, collections: Sequence[int] = ()) -> int | None:
        """Return the bytes of all files that a search finds: an estimate of the search index.

        Returns
        -------
        int or None
            None when this archive does not say: the endpoint is not published.
        """
        self.check_token()
        try:
            answer = self._client.get_json(
                f"{SEARCH}size/", read_object, search_params(query, collections)
            )
        except (NotFoundError, ServerError, ResponseError) as error:
            logger.info("the size is unknown: %s", error)
            return None
        except RefusedError as error:
            if error.status != 405:
                raise
            return None
        size = answer.get("size")
        return size if isinstance(size, int) else None

    def facets(self, query: str = "", *, collections: Sequence[int] = ()) -> dict[str, Any]:
        """Return the counts of each field's values, from the search index: up to a day old."""
        self.check_token()
        params = search_params(query, collections)
        return self._client.get_json("images/facets/", read_object, params)


def _similar(body: bytes) -> list[SimilarImage]:
    return [SimilarImage.of(one) for one in read_objects(body)]
