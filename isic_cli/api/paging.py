"""Follow a listing from page to page, and stop where it would never end."""

import hashlib
from collections.abc import Callable, Iterator
from typing import TypeVar

from isic_cli.api.client import ArchiveClient
from isic_cli.api.origin import Params
from isic_cli.errors import ResponseError
from isic_cli.models.page import Page

T = TypeVar("T")

#: Smaller pages lose rows that share a sort value across a page's end; larger ones are cut to 100.
PAGE_SIZE = 100


class Links:
    """The guard of one listing: each link to a next page is checked before it is followed.

    Parameters
    ----------
    client : ArchiveClient
        Knows which origin is the archive's.
    asked : str
        The listing's path, for messages.
    """

    def __init__(self, client: ArchiveClient, asked: str) -> None:
        self._client = client
        self._asked = asked
        # Digests: a long query is part of each link, and a listing has thousands of them.
        self._seen: set[bytes] = set()

    def follow(self, link: str | None, *, rows: int) -> str | None:
        """Return the link to go on with; None at the end.

        Parameters
        ----------
        link : str or None
            The page's `next`.
        rows : int
            The page's number of rows.

        Raises
        ------
        ResponseError
            For a link seen before, an empty page that has one, or another host.
        """
        if link is None:
            return None
        if not self._client.origin.owns(link):
            raise ResponseError(
                f"{self._asked}: the next page is on another host; not followed",
                hint="A proxy in front of the archive may change its name; check --archive.",
            )
        if rows == 0:
            raise ResponseError(f"{self._asked}: an empty page that has a next one")
        digest = hashlib.blake2b(link.encode(), digest_size=16).digest()
        if digest in self._seen:
            raise ResponseError(
                f"{self._asked}: the pages go round in a circle",
                hint="Too many rows share one creation time; narrow the search.",
            )
        self._seen.add(digest)
        return link


def first_page(
    client: ArchiveClient, target: str, validate: Callable[[bytes], Page[T]], params: Params
) -> Page[T]:
    """Ask for the first page of a listing, the one with the count."""
    return client.get_json(target, validate, {**params, "limit": PAGE_SIZE})


def further_pages(
    client: ArchiveClient, target: str, validate: Callable[[bytes], Page[T]], first: Page[T]
) -> Iterator[Page[T]]:
    """Yield the pages after `first`, each asked for when it is wanted.

    Raises
    ------
    ResponseError
        Where the listing would never end or leaves the archive's origin.
    """
    links = Links(client, target)
    page = first
    while link := links.follow(page.next, rows=len(page.results)):
        page = client.get_json(link, validate)
        yield page


def all_rows(
    client: ArchiveClient, target: str, validate: Callable[[bytes], Page[T]], params: Params
) -> Iterator[T]:
    """Yield every row of a listing, in the archive's order."""
    first = first_page(client, target, validate, params)
    yield from first.results
    for page in further_pages(client, target, validate, first):
        yield from page.results
