"""Listings side by side: complete, in order, and never in memory at once."""

import logging
import threading
from collections.abc import Iterable, Iterator
from itertools import islice

import httpx
import pytest

from isic_cli.api.prefixes import PART
from isic_cli.errors import ServerError
from tests.support.faults import Forever, Script, page, status
from tests.support.listing import ListingTransport, make_record, spread
from tests.support.opened import ORIGIN, opened

SEARCH = "/api/v2/images/search/"


def names(records: Iterable[object]) -> list[str]:
    return [record.isic_id for record in records]  # type: ignore[attr-defined]  # of images


def listing(ids: list[str]) -> ListingTransport:
    return ListingTransport(ids, origin=ORIGIN)


SPREADS = {
    "none": [],
    "one": ["ISIC_0000007"],
    "five pages": spread(500),
    "five pages and one": spread(501),
    "all below one short prefix": spread(1200, first=24_000),
    "over the whole range": spread(1500, step=6661),
    "more than a part holds": spread(PART + 250, first=9_999_999 - PART - 250),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", SPREADS)
def test_by_id_gives_every_image_once_sorted(what: str, caplog: pytest.LogCaptureFixture) -> None:
    ids = SPREADS[what]
    assert ids != sorted(ids) or len(ids) < 2
    with opened(listing(ids)) as api:
        assert names(api.search().by_id()) == sorted(ids)
    assert caplog.messages == []


@pytest.mark.parametrize("what", SPREADS)
def test_unordered_gives_every_image_once(what: str, caplog: pytest.LogCaptureFixture) -> None:
    ids = SPREADS[what]
    with opened(listing(ids)) as api:
        found = names(api.search().unordered())
    assert len(found) == len(ids)
    assert set(found) == set(ids)
    assert caplog.messages == []


def test_up_to_five_pages_are_listed_one_after_the_other() -> None:
    transport = listing(spread(500))
    with opened(transport) as api:
        list(api.search().by_id())
    assert transport.queries == [""] * 5


def test_more_pages_are_asked_for_as_prefixes_of_the_id() -> None:
    transport = listing([*spread(450), *spread(60, first=5_000_000)])
    with opened(transport) as api:
        list(api.search().by_id())
    assert transport.queries[0] == ""
    assert sorted(transport.queries[1:11]) == [f"isic_id:ISIC_{digit}*" for digit in range(10)]
    assert set(transport.queries[11:]) == {"isic_id:ISIC_0*"}


def test_a_users_query_is_bracketed_and_kept() -> None:
    transport = listing(spread(600))
    query = "isic_id:ISIC_0000*"
    with opened(transport) as api:
        assert len(list(api.search(query).by_id())) == 600
    assert transport.queries[0] == query
    assert f"({query}) AND isic_id:ISIC_0*" in transport.queries


def test_a_prefix_that_holds_many_rows_is_split() -> None:
    transport = listing(spread(PART + 1, first=24_000))
    with opened(transport) as api:
        list(api.search().by_id())
    assert "isic_id:ISIC_00240*" in transport.queries  # below ISIC_0024 is one row too many
    assert "isic_id:ISIC_002400*" not in transport.queries


def test_a_limit_is_listed_serially_and_then_sorted() -> None:
    ids = spread(900)
    transport = listing(ids)
    with opened(transport) as api:
        assert names(api.search(limit=250).by_id()) == sorted(ids[:250])
        assert names(api.search(limit=250).unordered()) == ids[:250]
    assert set(transport.queries) == {""}


def test_one_lane_is_serial() -> None:
    transport = listing(spread(900))
    with opened(transport) as api:
        assert len(list(api.search().unordered(parallel_pages=1))) == 900
    assert set(transport.queries) == {""}


def test_a_query_with_no_room_for_a_prefix_is_listed_serially() -> None:
    ids = spread(600)
    query = " OR ".join(f"isic_id:{isic_id}" for isic_id in ids[:295])
    transport = listing(ids)
    with opened(transport) as api:
        query += " " * (8100 - len(f"GET {SEARCH}?query=&limit=100 HTTP/1.1") - 295 * 27)
        assert len(list(api.search(query, collections=[]).by_id())) == 295
    assert len(set(transport.queries)) == 1


class Busy(httpx.BaseTransport):
    """Notes the most requests that were under way at once."""

    def __init__(self, inner: httpx.BaseTransport, expected: int) -> None:
        self.inner = inner
        self.expected = expected
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.full = threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now >= self.expected:
                self.full.set()
        if "ISIC_" in str(request.url):
            self.full.wait(5)
        try:
            return self.inner.handle_request(request)
        finally:
            with self.lock:
                self.now -= 1


@pytest.mark.parametrize(("parallel_pages", "most"), [(8, 8), (3, 3), (64, 8)])
def test_no_more_than_eight_requests_are_under_way(parallel_pages: int, most: int) -> None:
    transport = Busy(listing(spread(1200, step=8000)), most)
    with opened(transport) as api:
        assert len(list(api.search().by_id(parallel_pages=parallel_pages))) == 1200
    assert transport.most == most


def test_few_parts_are_ahead_of_the_reader() -> None:
    """A reader that stops after one row has made the archive answer a small share of the pages."""
    transport = listing(spread(12_000, step=833))
    with opened(transport) as api:
        rows = api.search().by_id()
        next(rows)
        rows.close()  # type: ignore[attr-defined]  # it is a generator
        pages = len(transport.queries)
    assert pages < 12_000 / 100 / 2


class WithoutPrefix(httpx.BaseTransport):
    """An archive that finds nothing below one prefix."""

    def __init__(self, inner: ListingTransport, hidden: str) -> None:
        self.inner = inner
        self.hidden = hidden

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.params.get("query", "").endswith(self.hidden):
            return httpx.Response(
                200,
                headers={"Content-Type": "application/json"},
                content=b'{"results": [], "count": 0, "next": null}',
            )
        return self.inner.handle_request(request)


def test_parts_that_do_not_add_up_are_listed_serially(caplog: pytest.LogCaptureFixture) -> None:
    ids = [*spread(600), "ISIC_x", "EXAM_0000001"]
    with opened(listing(ids)) as api, caplog.at_level(logging.WARNING):
        assert names(api.search().by_id()) == sorted(ids)
        assert names(api.search().unordered()) == ids
    assert (
        caplog.messages
        == ["the parts of this listing hold 600 images, not 602; listing page by page"] * 2
    )


def test_a_split_that_does_not_add_up_is_listed_as_one_part(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = spread(1500)
    transport = WithoutPrefix(listing(ids), "isic_id:ISIC_0001*")
    with opened(transport) as api, caplog.at_level(logging.WARNING):
        assert names(api.search().by_id()) == sorted(ids)
    assert caplog.messages == ["the images below ISIC_000 are listed page by page"]


def test_an_archive_that_ignores_the_prefix_is_listed_serially(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = spread(600)
    inner = listing(ids)

    def step(request: httpx.Request) -> httpx.Response:
        return inner.handle_request(httpx.Request("GET", request.url.copy_remove_param("query")))

    with opened(httpx.MockTransport(step)) as api, caplog.at_level(logging.WARNING):
        assert names(api.search().by_id()) == sorted(ids)
    assert "hold 6000 images, not 600" in caplog.text


@pytest.mark.parametrize("instead", [[], [make_record("ISIC_0000000", ORIGIN)]])
def test_a_part_that_changes_meanwhile_is_told(
    instead: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    ids = [*spread(450), *spread(60, first=5_000_000)]
    inner = listing(ids)

    def step(request: httpx.Request) -> httpx.Response:
        response = inner.handle_request(request)
        is_part = "ISIC_0" in request.url.params.get("query", "")
        is_last = "cursor" in request.url.params and b'"next": null' in response.content
        return page(instead)(request) if is_part and is_last else response

    with opened(httpx.MockTransport(step)) as api, caplog.at_level(logging.WARNING):
        assert names(api.search().by_id()) == sorted([*ids[:400], *ids[450:]])
    assert caplog.messages == [
        "the archive announced 450 images below ISIC_0 but listed 400; did it change meanwhile?"
    ]


def test_an_error_in_a_lane_reaches_the_reader() -> None:
    script = Script(
        {SEARCH: [page([make_record("ISIC_0000001", ORIGIN)], count=900), Forever(status(501))]}
    )
    with opened(script) as api:
        for rows in (api.search().by_id(), api.search().unordered()):
            with pytest.raises(ServerError, match="501 Not Implemented"):
                list(rows)


def test_a_first_page_without_a_count_is_an_error_for_the_lanes() -> None:
    transport = listing(spread(600))

    def step(request: httpx.Request) -> httpx.Response:
        response = transport.handle_request(request)
        is_part = "isic_id" in request.url.params.get("query", "")
        content = response.content.replace(b'"count": ', b'"uncounted": ') if is_part else None
        return httpx.Response(200, headers=response.headers, content=content or response.content)

    with opened(httpx.MockTransport(step)) as api:
        assert len(list(api.search().by_id())) == 600


def test_lanes_end_when_the_reader_goes(caplog: pytest.LogCaptureFixture) -> None:
    before = threading.active_count()
    with opened(listing(spread(1200, step=8000))) as api:
        rows: Iterator[object] = iter(api.search().unordered())
        assert len(list(islice(rows, 3))) == 3
        rows.close()  # type: ignore[attr-defined]  # it is a generator
        for thread in threading.enumerate():
            if thread.name.startswith("isic-list"):
                thread.join(5)
    assert threading.active_count() <= before
