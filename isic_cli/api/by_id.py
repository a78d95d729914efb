"""Look many ids up at once: a hundred in each request, up to eight requests side by side."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from isic_cli.api.client import ArchiveClient
from isic_cli.api.origin import Params
from isic_cli.api.paging import PAGE_SIZE, all_rows
from isic_cli.api.search import MOST_PARALLEL_PAGES, SEARCH, both, read_images, search_params
from isic_cli.files.threads import Threads
from isic_cli.models.ids import is_isic_id
from isic_cli.models.image import ImageRecord

S = TypeVar("S")
T = TypeVar("T")

#: Ids asked for in one request; the archive's line holds about 310.
IDS_AT_ONCE = 100


def fetch_by_id(
    client: ArchiveClient, ids: Sequence[str], *, query: str = "", collections: Sequence[int] = ()
) -> dict[str, ImageRecord]:
    """Return the records of those ids that exist and that the query and collections admit.

    Parameters
    ----------
    ids : sequence of str
        What is not a plain `ISIC_` id of seven digits is looked up nowhere.
    query, collections
        As for a search.

    Returns
    -------
    dict of str to ImageRecord
        In the order of `ids`.
    """
    wanted = list(dict.fromkeys(name for name in ids if is_isic_id(name)))
    size = IDS_AT_ONCE
    while size > 1 and not _fits(client, wanted[:size], query, collections):
        size //= 2
    groups = [wanted[start : start + size] for start in range(0, len(wanted), size)]

    def fetch(group: list[str]) -> list[ImageRecord]:
        params = _params(group, query, collections)
        return list(all_rows(client, SEARCH, read_images, params))

    found: dict[str, ImageRecord] = {}
    for records in side_by_side(fetch, groups):
        found.update((record.isic_id, record) for record in records)
    return {name: found[name] for name in wanted if name in found}


def side_by_side(fetch: Callable[[S], T], groups: Sequence[S]) -> Iterator[T]:
    """Yield what `fetch` returns for each group, in order; up to eight calls at once."""
    if len(groups) <= 1:
        yield from map(fetch, groups)
        return
    with Threads(MOST_PARALLEL_PAGES, "isic-ids", waits=False) as pool:
        yield from pool.map(fetch, groups)


def _fits(
    client: ArchiveClient, ids: Sequence[str], query: str, collections: Sequence[int]
) -> bool:
    params = {**_params(ids, query, collections), "limit": PAGE_SIZE}
    return client.origin.fits(SEARCH, params)


def _params(ids: Sequence[str], query: str, collections: Sequence[int]) -> Params:
    terms = " OR ".join(f"isic_id:{name}" for name in ids)
    return search_params(both(query, f"({terms})"), collections)
