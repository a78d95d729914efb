"""A search of images: lazy, nothing is sent until it is asked."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from isic_cli.api.client import ArchiveClient
from isic_cli.api.origin import Params
from isic_cli.api.paging import PAGE_SIZE, first_page, further_pages
from isic_cli.api.prefixes import PrefixListing
from isic_cli.api.spooled import sorted_by_id
from isic_cli.errors import ResponseError
from isic_cli.models.ids import IdSet
from isic_cli.models.image import ImageRecord
from isic_cli.models.page import Page, page_of

logger = logging.getLogger(__name__)

SEARCH = "images/search/"
#: Up to this many pages a serial listing is as good as one side by side.
FEW_PAGES = 5
#: Requests at once that are polite to the archive.
MOST_PARALLEL_PAGES = 8

read_images = page_of(ImageRecord.of)


def search_params(query: str, collections: Sequence[int]) -> Params:
    """Return the parameters that every endpoint around a search takes."""
    return {
        "query": query or None,
        "collections": ",".join(str(number) for number in collections) or None,
    }


def both(query: str, other: str) -> str:
    """Join two queries by AND; an empty first one is everything."""
    return f"({query}) AND {other}" if query.strip() else other


class ImageSearch:
    """The images that a query finds.

    Iterating gives the archive's order, oldest first. Each iteration lists anew, but for the
    first page, which is kept.

    Parameters
    ----------
    client : ArchiveClient
        Sends the requests.
    check_token : callable
        Called before the first answer is trusted.
    query : str
        In the archive's search language; empty for everything.
    collections : sequence of int
        Images in any of these; empty for no such restriction.
    limit : int, optional
        Stop after this many images; None or 0 for all.
    """

    def __init__(
        self,
        client: ArchiveClient,
        check_token: Callable[[], None],
        query: str = "",
        *,
        collections: Sequence[int] = (),
        limit: int | None = None,
    ) -> None:
        self._client = client
        self._check_token = check_token
        self.query = query
        self.collections = tuple(collections)
        self.limit = limit or None
        self._kept: Page[ImageRecord] | None = None

    def count(self) -> int:
        """Return how many images there are to come: all, or at most the limit."""
        total = self._total()
        return total if self.limit is None else min(total, self.limit)

    def pages(self) -> Iterator[Page[ImageRecord]]:
        """Yield the pages as the archive sends them; the last one cut to the limit."""
        left = self.limit
        for page in self._all_pages():
            if left is not None and len(page.results) >= left:
                yield replace(page, results=page.results[:left], next=None)
                return
            yield page
            if left is not None:
                left -= len(page.results)

    def __iter__(self) -> Iterator[ImageRecord]:
        seen = IdSet()
        rows = given = 0
        for page in self._all_pages():
            for record in page.results:
                rows += 1
                if not seen.add(record.isic_id):
                    continue
                yield record
                given += 1
                if given == self.limit:
                    return
        self._warn_of_differences(rows=rows, given=given)

    def by_id(self, *, parallel_pages: int = MOST_PARALLEL_PAGES) -> Iterator[ImageRecord]:
        """Yield the images sorted by ISIC id.

        More than five pages are fetched side by side, as disjoint prefixes of the id; with a
        limit, or where the parts do not add up to the whole, page by page.

        Parameters
        ----------
        parallel_pages : int
            Requests at once, at most 8.
        """
        return self._side_by_side(parallel_pages, PrefixListing.by_id, sorted_by_id)

    def unordered(self, *, parallel_pages: int = MOST_PARALLEL_PAGES) -> Iterator[ImageRecord]:
        """Yield the images in any order; like `by_id`, but without waiting for slow parts.

        Parameters
        ----------
        parallel_pages : int
            Requests at once, at most 8.
        """
        return self._side_by_side(parallel_pages, PrefixListing.unordered, iter)

    def _side_by_side(
        self,
        parallel_pages: int,
        listed: Callable[[PrefixListing], Iterator[ImageRecord]],
        serial: Callable[["ImageSearch"], Iterator[ImageRecord]],
    ) -> Iterator[ImageRecord]:
        listing = self._parts(parallel_pages)
        if listing is not None:
            with listing:
                if listing.adds_up():
                    yield from listed(listing)
                    return
        yield from serial(self)

    def first(self, prefix: str) -> Page[ImageRecord]:
        """Return the first page of the images whose id begins with `prefix`."""
        return first_page(self._client, SEARCH, read_images, self._below(prefix))

    def further(self, first: Page[ImageRecord]) -> Iterator[Page[ImageRecord]]:
        """Yield the pages that follow `first`."""
        return further_pages(self._client, SEARCH, read_images, first)

    def _below(self, prefix: str) -> Params:
        return search_params(both(self.query, f"isic_id:{prefix}*"), self.collections)

    def _parts(self, parallel_pages: int) -> PrefixListing | None:
        total = self._total()
        # The longest prefix that a split can ask for, with room for the page size.
        fits = self._client.origin.fits(SEARCH, {**self._below("ISIC_0000000"), "limit": PAGE_SIZE})
        if (
            self.limit is not None
            or total <= FEW_PAGES * PAGE_SIZE
            or parallel_pages <= 1
            or not fits
        ):
            return None
        return PrefixListing(
            self, total=total, parallel_pages=min(parallel_pages, MOST_PARALLEL_PAGES)
        )

    def _total(self) -> int:
        count = self._first().count
        if count is None:
            raise ResponseError(f"GET {SEARCH}: the first page has no count")
        return count

    def _first(self) -> Page[ImageRecord]:
        if self._kept is None:
            self._check_token()
            params = search_params(self.query, self.collections)
            self._kept = first_page(self._client, SEARCH, read_images, params)
        return self._kept

    def _all_pages(self) -> Iterator[Page[ImageRecord]]:
        first = self._first()
        yield first
        with closing(self.further(first)) as pages:  # type: ignore[type-var]  # it is a generator
            yield from pages

    def _warn_of_differences(self, *, rows: int, given: int) -> None:
        total = self._first().count
        if given != rows:
            logger.warning("the archive listed %d images more than once; kept once", rows - given)
        if total is not None and rows != total:
            logger.warning(
                "the archive announced %d images but listed %d; did it change meanwhile?",
                total,
                rows,
            )
