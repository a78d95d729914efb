"""Listings page by page: lazily, each row once, and never for ever."""

import logging
from itertools import islice
from typing import Any

import httpx
import pytest

from isic_cli.errors import IsicError, NetworkError, ResponseError
from tests.support.faults import Forever, Script, Step, body, cut_after, json_answer, page, raising
from tests.support.listing import make_record
from tests.support.opened import ORIGIN, opened

SEARCH = "/api/v2/images/search/"
LINK = f"{ORIGIN}{SEARCH}?cursor="


def record(number: int) -> dict[str, Any]:
    return make_record(f"ISIC_{number:07d}", ORIGIN)


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [record(number) for number in numbers]


def ids(*numbers: int) -> list[str]:
    return [f"ISIC_{number:07d}" for number in numbers]


THREE = (
    page(rows(5, 3), count=5, next=LINK + "a"),
    page(rows(4, 1), next=LINK + "b"),
    page(rows(2)),
)


def test_nothing_is_sent_until_it_is_asked() -> None:
    script = Script({})
    with opened(script) as api:
        search = api.search("sex:male", collections=[1, 2], limit=3)
        iter(search)
        search.pages()
        search.by_id()
        search.unordered()
    assert script.requests == []


def test_a_search_asks_for_full_pages_with_its_query_and_collections() -> None:
    script = Script({SEARCH: [page([], count=0)]})
    with opened(script) as api:
        assert list(api.search("sex:male", collections=[1, 2])) == []
    assert dict(script.requests[0].url.params) == {
        "query": "sex:male",
        "collections": "1,2",
        "limit": "100",
    }


def test_rows_come_in_the_archives_order_over_all_pages() -> None:
    script = Script({SEARCH: THREE})
    with opened(script) as api:
        assert [image.isic_id for image in api.search()] == ids(5, 3, 4, 1, 2)
    assert [str(request.url) for request in script.requests] == [
        f"{ORIGIN}{SEARCH}?limit=100",
        LINK + "a",
        LINK + "b",
    ]


def test_the_first_row_comes_before_the_second_page_is_asked_for() -> None:
    script = Script({SEARCH: THREE})
    with opened(script) as api:
        rows = iter(api.search())
        assert next(rows).isic_id == "ISIC_0000005"
        assert next(rows).isic_id == "ISIC_0000003"
        assert len(script.requests) == 1
        assert next(rows).isic_id == "ISIC_0000004"
        assert len(script.requests) == 2


def test_the_count_keeps_the_first_page_for_the_iteration() -> None:
    script = Script({SEARCH: THREE})
    with opened(script) as api:
        search = api.search()
        assert search.count() == 5
        assert search.count() == 5
        assert len(list(search)) == 5
    assert len(script.requests) == 3


@pytest.mark.parametrize(
    ("limit", "wanted", "requests"),
    [(1, ids(5), 1), (2, ids(5, 3), 1), (3, ids(5, 3, 4), 2), (9, ids(5, 3, 4, 1, 2), 3)],
)
def test_a_limit_stops_without_asking_for_another_page(
    limit: int, wanted: list[str], requests: int
) -> None:
    for listed in ("rows", "pages"):
        script = Script({SEARCH: THREE})
        with opened(script) as api:
            search = api.search(limit=limit)
            if listed == "rows":
                found = [image.isic_id for image in search]
            else:
                found = [image.isic_id for one in search.pages() for image in one.results]
            assert found == wanted
            assert len(script.requests) == requests
            assert search.count() == min(limit, 5)


def test_a_limit_of_zero_is_none() -> None:
    with opened(Script({SEARCH: THREE})) as api:
        assert len(list(api.search(limit=0))) == 5


def test_the_pages_are_those_of_the_archive() -> None:
    with opened(Script({SEARCH: THREE})) as api:
        pages = list(api.search().pages())
    assert [len(one.results) for one in pages] == [2, 2, 1]
    assert [one.count for one in pages] == [5, None, None]


def test_a_limited_page_leads_nowhere() -> None:
    with opened(Script({SEARCH: THREE})) as api:
        (only,) = api.search(limit=1).pages()
    assert (len(only.results), only.next) == (1, None)


def test_a_row_that_comes_twice_is_given_once_and_told(caplog: pytest.LogCaptureFixture) -> None:
    odd = make_record("ISIC_x", ORIGIN)
    script = Script(
        {
            SEARCH: [
                page([*rows(1, 2), odd], count=6, next=LINK + "a"),
                page([*rows(2, 3), odd]),
            ]
        }
    )
    with opened(script) as api, caplog.at_level(logging.WARNING):
        found = [image.isic_id for image in api.search()]
    assert found == ["ISIC_0000001", "ISIC_0000002", "ISIC_x", "ISIC_0000003"]
    assert caplog.messages == ["the archive listed 2 images more than once; kept once"]


def test_duplicates_do_not_use_up_a_limit() -> None:
    script = Script({SEARCH: [page(rows(1, 1, 2), count=3)]})
    with opened(script) as api:
        assert [image.isic_id for image in api.search(limit=2)] == ids(1, 2)


def test_a_listing_that_is_shorter_than_announced_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with opened(Script({SEARCH: [page(rows(1), count=3)]})) as api, caplog.at_level("WARNING"):
        assert len(list(api.search())) == 1
    assert caplog.messages == [
        "the archive announced 3 images but listed 1; did it change meanwhile?"
    ]


def test_a_whole_listing_is_not_remarked_upon(caplog: pytest.LogCaptureFixture) -> None:
    with opened(Script({SEARCH: THREE})) as api, caplog.at_level("WARNING"):
        list(api.search())
    assert caplog.messages == []


ENDLESS: dict[str, tuple[list[Step | Forever], str, int]] = {
    "the same link again": (
        [page(rows(1), count=9, next=LINK + "a"), Forever(page(rows(2), next=LINK + "a"))],
        "the pages go round in a circle",
        2,
    ),
    "a link of two pages ago": (
        [
            page(rows(1), count=9, next=LINK + "a"),
            page(rows(2), next=LINK + "b"),
            Forever(page(rows(3), next=LINK + "a")),
        ],
        "the pages go round in a circle",
        3,
    ),
    "an empty page with a next": (
        [Forever(page([], count=9, next=LINK + "a"))],
        "an empty page that has a next one",
        1,
    ),
    "a link to another host": (
        [page(rows(1), count=9, next="https://evil.example/api/v2/images/?cursor=a")],
        "the next page is on another host; not followed",
        1,
    ),
    "a link to another port": (
        [page(rows(1), count=9, next=f"http://127.0.0.1:8011{SEARCH}?cursor=a")],
        "the next page is on another host; not followed",
        1,
    ),
    "a link that is not an address": (
        [page(rows(1), count=9, next="http://[half")],
        "the next page is on another host; not followed",
        1,
    ),
    "a relative link": (
        [page(rows(1), count=9, next="/api/v2/images/?cursor=a")],
        "the next page is on another host; not followed",
        1,
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_a_listing_that_would_not_end_is_an_error(what: str) -> None:
    steps, message, requests = ENDLESS[what]
    script = Script({SEARCH: steps, "/api/v2/users/me/": [json_answer({"id": 1, "email": "a"})]})
    with opened(script, token="secret") as api, pytest.raises(ResponseError) as caught:
        list(islice(api.search().pages(), 10))
    assert message in caught.value.message
    assert caught.value.exit_code == 2
    assert script.asked.count(f"GET {SEARCH}") == requests
    assert {request.url.host for request in script.requests} == {"127.0.0.1"}


def test_a_cut_page_is_asked_for_again_before_a_row_of_it_is_given() -> None:
    whole = b'{"results": [], "count": null, "next": null, "previous": null}'
    script = Script(
        {
            SEARCH: [
                page(rows(1), count=1, next=LINK + "a"),
                cut_after(whole, 20),
                body(whole[:-1], Content_Type="application/json"),
                raising(httpx.ReadTimeout),
                body(whole, Content_Type="application/json"),
            ]
        }
    )
    naps: list[float] = []
    with opened(script, sleep=naps.append) as api:
        assert [image.isic_id for image in api.search()] == ids(1)
    assert len(naps) == 3
    assert [request.url.query for request in script.requests[1:]] == [b"cursor=a"] * 4


def test_a_page_that_never_comes_ends_in_an_error_after_the_rows_before_it() -> None:
    steps: list[Step | Forever] = [
        page(rows(1), count=200, next=LINK + "a"),
        Forever(raising(httpx.ReadTimeout)),
    ]
    with opened(Script({SEARCH: steps}), sleep=lambda seconds: None) as api:
        found = iter(api.search())
        assert next(found).isic_id == "ISIC_0000001"
        with pytest.raises(NetworkError, match="no answer in time"):
            next(found)


@pytest.mark.parametrize(
    "answer",
    [
        body(b"<p>Sign in to the hospital network</p>", Content_Type="text/html"),
        json_answer({"items": []}),
        json_answer({"results": [{"isic_id": 5}], "count": 1}),
        json_answer({"results": [], "next": None}),
    ],
)
def test_what_is_no_page_is_an_error(answer: Step) -> None:
    with opened(Script({SEARCH: [answer]})) as api, pytest.raises(ResponseError):
        api.search().count()


def test_unknown_fields_of_a_record_are_kept() -> None:
    row = {**record(1), "new_field": [1], "metadata": {"acquisition": {}, "clinical": {"new": 2}}}
    with opened(Script({SEARCH: [page([row], count=1)]})) as api:
        (image,) = api.search()
    assert image.to_json() == row


# -- other listings --------------------------------------------------------------------------


def test_collections_are_listed_lazily_and_once() -> None:
    path = "/api/v2/collections/"
    one, two = {"id": 1, "name": "A"}, {"id": 2, "name": "B"}
    script = Script({path: [page([one, one], count=4, next=f"{ORIGIN}{path}?cursor=a"), page([one, two])]})  # fmt: skip
    with opened(script) as api:
        found = api.collections(pinned=False, sort="created")
        assert script.requests == []
        assert next(found).name == "A"
        assert len(script.requests) == 1
        assert [collection.name for collection in found] == ["B"]
    assert dict(script.requests[0].url.params) == {
        "pinned": "false",
        "sort": "created",
        "limit": "100",
    }


def test_raw_pages_follow_a_listing() -> None:
    script = Script({SEARCH: THREE})
    with opened(script) as api:
        answers = list(api.raw_pages("images/search/", params={"query": "sex:male"}))
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert script.requests[0].url.query == b"query=sex%3Amale"
    assert script.requests[2].url.query == b"cursor=b"


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({"id": 1, "next": LINK + "a"}),
        json_answer([1, 2]),
        json_answer({"detail": "Not Found"}, 404),
        body(b"a,b", Content_Type="text/csv"),
    ],
)
def test_raw_pages_of_what_is_no_listing_are_one_answer(answer: Step) -> None:
    with opened(Script({"/api/v2/x/": [answer]})) as api:
        assert len(list(api.raw_pages("x/"))) == 1


def test_raw_pages_do_not_leave_the_archive() -> None:
    script = Script({SEARCH: [page(rows(1), next="https://evil.example/")]})
    with opened(script) as api, pytest.raises(ResponseError, match="on another host"):
        list(api.raw_pages("images/search/"))


def test_raw_pages_end_with_an_error_of_the_archive() -> None:
    script = Script({SEARCH: [page(rows(1), next=LINK + "a"), json_answer({}, 404)]})
    with opened(script) as api:
        errors: list[IsicError | None] = [a.error for a in api.raw_pages("images/search/")]
    assert errors[0] is None
    assert isinstance(errors[1], IsicError)
    assert len(errors) == 2
