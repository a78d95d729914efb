"""Many ids at once."""

import httpx
import pytest

from isic_cli.errors import ServerError, UsageError
from tests.support.faults import Forever, Script, status
from tests.support.listing import ListingTransport, spread
from tests.support.opened import ORIGIN, opened


def listing(ids: list[str]) -> ListingTransport:
    return ListingTransport(ids, origin=ORIGIN)


def test_records_come_in_the_order_of_the_ids() -> None:
    transport = listing(spread(1000))
    ids = ["ISIC_0000005", "ISIC_0000001", "ISIC_0000999"]
    with opened(transport) as api:
        assert [*api.images_by_id(ids)] == ids
    assert transport.queries == [
        "(isic_id:ISIC_0000005 OR isic_id:ISIC_0000001 OR isic_id:ISIC_0000999)"
    ]


def test_what_the_archive_does_not_show_is_absent() -> None:
    with opened(listing(spread(3))) as api:
        found = api.images_by_id(["ISIC_0000009", "ISIC_0000002", "ISIC_0000002"])
    assert {name: record.isic_id for name, record in found.items()} == {
        "ISIC_0000002": "ISIC_0000002"
    }


@pytest.mark.parametrize(
    "odd", ["", "ISIC_1", "isic_0000001", "ISIC_00000001", "ISIC_000000١", "a OR b:*", "ISIC_0000001\n"]
)  # fmt: skip
def test_what_is_no_id_is_looked_up_nowhere(odd: str) -> None:
    with opened(Script({})) as api:
        assert api.images_by_id([odd]) == {}


def test_a_thousand_ids_are_ten_requests() -> None:
    transport = listing(spread(1000))
    ids = spread(1000)
    with opened(transport) as api:
        found = api.images_by_id(ids)
    assert [*found] == ids
    assert len(transport.queries) == 10
    assert max(query.count("isic_id:") for query in transport.queries) == 100


def test_ids_are_asked_for_together_with_the_query_and_collections() -> None:
    asked: list[dict[str, str]] = []

    def step(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        return httpx.Response(200, json={"results": [], "count": 0, "next": None})

    with opened(httpx.MockTransport(step)) as api:
        api.images_by_id(["ISIC_0000001"], query="sex:male OR sex:female", collections=[3, 4])
    assert asked == [
        {
            "query": "(sex:male OR sex:female) AND (isic_id:ISIC_0000001)",
            "collections": "3,4",
            "limit": "100",
        }
    ]


def test_a_long_query_makes_smaller_groups() -> None:
    query = " OR ".join(["isic_id:ISIC_0000001"] * 260)
    sizes: list[int] = []

    def step(request: httpx.Request) -> httpx.Response:
        sizes.append(request.url.params["query"].rpartition(" AND ")[2].count("isic_id:"))
        return httpx.Response(200, json={"results": [], "count": 0, "next": None})

    with opened(httpx.MockTransport(step)) as api:
        api.images_by_id(spread(100), query=query)
    assert sum(sizes) == 100
    assert max(sizes) == 25


def test_a_query_that_never_fits_is_refused() -> None:
    with opened(Script({})) as api, pytest.raises(UsageError, match="the query is too long"):
        api.images_by_id(spread(3), query="sex:male" + " " * 8100)


def test_an_error_in_one_group_is_raised() -> None:
    script = Script({"/api/v2/images/search/": [Forever(status(501))]})
    with opened(script) as api, pytest.raises(ServerError):
        api.images_by_id(spread(300))
