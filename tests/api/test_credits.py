"""Each image's own attribution, out of the web's CSV."""

import json

import httpx
import pytest

from isic_cli.api.credits import credit_queries, read_credits
from isic_cli.api.faults import FailedAttempt
from isic_cli.errors import NetworkError, ResponseError
from isic_cli.tables.names import unguarded
from tests.support.faults import Script, Step, body, cut_after, json_answer, redirect, status
from tests.support.opened import opened

PATH = "/collections/3/metadata/"
TABLE = (
    "isic_id,attribution,copyright_license\r\n"
    "ISIC_0000001,Hospital Clínic de Barcelona,CC-BY\r\n"
    'ISIC_0000002,"A, B\nand ""C""\u2028D",CC-0\r\n'
    "ISIC_0000003,\t@SkinLab,CC-0\r\n"
).encode()
CREDITS = {
    "ISIC_0000001": "Hospital Clínic de Barcelona",
    "ISIC_0000002": 'A, B\nand "C"\u2028D',
    "ISIC_0000003": "@SkinLab",
}


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_table_is_read_whatever_the_pieces_it_comes_in(size: int) -> None:
    chunks = [TABLE[start : start + size] for start in range(0, len(TABLE), size)]
    assert read_credits(chunks, "GET /x/") == CREDITS


def test_columns_are_found_by_name_and_a_mark_at_the_start_is_skipped() -> None:
    table = b"\xef\xbb\xbfcopyright_license,attribution,isic_id\nCC-0,Me,ISIC_0000001\n"
    assert read_credits([table], "GET /x/") == {"ISIC_0000001": "Me"}


def test_an_empty_collection_has_no_credits() -> None:
    assert read_credits([b"isic_id,attribution,copyright_license\r\n"], "GET /x/") == {}


def test_equal_credits_are_one_string() -> None:
    table = b"isic_id,attribution\n" + b"".join(b"ISIC_%07d,The Clinic\n" % i for i in range(9))
    assert len({id(words) for words in read_credits([table], "GET /x/").values()}) == 1


@pytest.mark.parametrize("table", [b"", b"id,name\r\n1,A\r\n", b"isic_id,license\r\n"])
def test_another_table_is_refused(table: bytes) -> None:
    with pytest.raises(ResponseError, match="GET /x/: no table with isic_id and attribution"):
        read_credits([table], "GET /x/")


@pytest.mark.parametrize(
    "table",
    [
        b"isic_id,attribution,license\nISIC_0000001,A\n",
        b"isic_id,attribution,license\nISIC_0000001",
        b'isic_id,attribution\nISIC_0000001,"A',
        b"isic_id,attribution\nISIC_0000001,\xff\n",
        b"isic_id,attribution\nISIC_0000001,A\xc3",
    ],
)
def test_a_table_that_ends_within_a_row_is_cut(table: bytes) -> None:
    with pytest.raises(FailedAttempt) as caught:
        read_credits([table], "GET /x/")
    assert caught.value.fault.kind == "cut"


@pytest.mark.parametrize(
    ("cell", "value"),
    [("\t=1", "=1"), ("\t-1", "-1"), ("\t+1", "+1"), ("\t@x", "@x"), ("\tx", "\tx"), ("\t", "\t"), ("", ""), ("=1", "=1")],
)  # fmt: skip
def test_only_the_tab_that_guards_a_formula_is_taken_off(cell: str, value: str) -> None:
    assert unguarded(cell) == value


def test_a_cut_table_is_asked_for_again() -> None:
    script = Script(
        {
            PATH: [
                cut_after(TABLE, 60, Content_Type="text/csv"),
                body(TABLE[:60], Content_Type="text/csv"),
                body(TABLE, Content_Type="text/csv"),
            ]
        }
    )
    naps: list[float] = []
    with opened(script, sleep=naps.append) as api:
        assert api.collection_credits(3) == CREDITS
    assert len(naps) == 2


@pytest.mark.parametrize(
    "answer",
    [
        redirect("/accounts/login/?next=/collections/3/metadata/"),
        status(404),
        status(401),
        status(403),
        body(b"<html>", Content_Type="text/html"),
    ],
)
def test_what_is_not_given_is_none(answer: Step) -> None:
    with opened(Script({PATH: [answer]})) as api:
        assert api.collection_credits(3) is None


def test_the_table_is_not_held_whole() -> None:
    """The first rows are read while the last are not yet sent."""
    seen: list[int] = []

    class Slow(httpx.SyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]  # a generator of bytes
            yield b"isic_id,attribution\n"
            for number in range(3):
                seen.append(number)
                yield b"ISIC_%07d,A\n" % number
            yield b"bad\n"
            seen.append(99)

    def step(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "text/csv"}, stream=Slow())

    with opened(Script({PATH: [step]}), retries=0) as api, pytest.raises(NetworkError):
        api.collection_credits(3)
    assert seen == [0, 1, 2]


def test_scattered_ids_are_asked_for_one_by_one_and_dense_ones_in_blocks() -> None:
    scattered = [f"ISIC_{number:07}" for number in range(0, 400_000, 1000)]
    dense = [f"ISIC_1234{number:03}" for number in range(40)]

    block, *rest = credit_queries([*scattered, *dense])

    assert block == "isic_id:ISIC_1234*"
    assert [len(query.split(" OR ")) for query in rest] == [150, 150, 100]
    assert rest[0].startswith("isic_id:ISIC_0000000 OR isic_id:ISIC_0001000 OR ")
    assert credit_queries(dense[1:]) == [" OR ".join(f"isic_id:{name}" for name in dense[1:])]


def test_what_is_no_id_is_not_put_into_a_query() -> None:
    assert credit_queries(["ISIC_0000001", "ISIC_1 OR sex:male", "x"]) == ["isic_id:ISIC_0000001"]


def test_the_credits_of_any_images_come_from_the_table_of_a_zip_download() -> None:
    address = "https://zip.example/download?zsid=abc%3A1xUSRG"
    script = Script(
        {
            "POST /api/v2/zip-download/url/": [json_answer(address)],
            "GET /api/v2/zip-download/metadata-file/": [body(TABLE, Content_Type="text/csv")],
        }
    )
    with opened(script) as api:
        assert api.image_credits(["ISIC_0000001"]) == CREDITS

    asked, table = script.requests
    assert json.loads(asked.content) == {"query": "isic_id:ISIC_0000001"}
    assert dict(table.url.params) == {"token": "abc:1xUSRG"}
    assert table.url.host == asked.url.host


@pytest.mark.parametrize(
    "answer", [status(404), status(405), status(401), status(500), json_answer(None), body(b"x")]
)
def test_a_zip_route_that_does_not_answer_gives_none(answer: Step) -> None:
    script = Script({"POST /api/v2/zip-download/url/": [answer]})
    with opened(script, retries=0) as api:
        assert api.image_credits(["ISIC_0000001"]) is None
