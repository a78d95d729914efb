"""The archive's routes over real HTTP, and the files."""

import asyncio
import csv
import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from isic_cli.serve.server import ServeOptions, listen
from tests.folder.test_routes import SAME, recording


@pytest.mark.parametrize("number", SAME)
def test_a_recorded_exchange_is_answered_equal_over_http(
    contract: Path, demo_page: httpx.Client, number: int
) -> None:
    recorded = recording(contract, number)
    asked, wanted = recorded["request"], recorded["response"]
    answer = demo_page.request(asked["method"], asked["path"], params=asked["query"])
    names = ("Content-Type", "Allow")
    assert answer.status_code == wanted["status"]
    assert [answer.headers.get(name) for name in names] == [
        wanted["headers"].get(name) for name in names
    ]
    body = answer.json() if isinstance(wanted["body"], dict) else answer.text
    assert body == wanted["body"]


def test_a_line_that_is_too_long_is_refused_in_the_words_of_the_archive(
    contract: Path, demo_page: httpx.Client
) -> None:
    wanted = recording(contract, 120)["response"]
    line = "GET /api/v2/images/search/?query=  HTTP/1.1"
    query = "a" * (8592 - len(line) + 1)
    answer = demo_page.get(f"/api/v2/images/search/?query={query}")
    assert (answer.status_code, answer.text) == (wanted["status"], wanted["body"])


def test_pages_follow_each_other_by_links_of_the_host_that_was_asked(
    demo_page: httpx.Client,
) -> None:
    found: list[str] = []
    url: str | None = "/api/v2/images/?limit=25"
    while url:
        page = demo_page.get(url).json()
        found += [one["isic_id"] for one in page["results"]]
        url = page["next"]
        assert url is None or url.startswith(f"{demo_page.base_url}/api/v2/images/?")
    assert len(found) == len(set(found)) == 60


def test_an_answer_in_two_pieces_does_not_wait_for_the_client_to_confirm_the_first() -> None:
    async def is_sent_at_once(listening: socket.socket) -> int:
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def asked(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            accepted.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(asked, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            flag = await accepted
            writer.close()
            return flag

    assert asyncio.run(is_sent_at_once(listen(ServeOptions(port=0)))) == 1


def test_a_file_is_whole_in_ranges_and_not_sent_to_who_has_it(
    demo: Path, demo_page: httpx.Client
) -> None:
    record = demo_page.get("/api/v2/images/ISIC_9000000/").json()
    url = record["files"]["full"]["url"]
    whole = demo_page.get(url)
    data = (demo / "ISIC_9000000.jpg").read_bytes()
    etag = whole.headers["ETag"]
    assert (whole.content, whole.headers["Content-Type"]) == (data, "image/jpeg")

    def asked(**headers: str) -> tuple[int, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = demo_page.get(url, headers=named)
        return answer.status_code, answer.content

    assert asked(Range="bytes=100-199", If_Range=etag) == (206, data[100:200])
    assert asked(Range="bytes=100-199", If_Range='"other"') == (200, data)
    assert asked(Range="bytes=99999999-") == (416, b"")
    assert asked(If_None_Match=f'"x", {etag}') == (304, b"")
    assert asked(If_None_Match="*") == (304, b"")
    assert asked(If_Match='"other"') == (412, b"")
    head = demo_page.head(url)
    assert (head.headers["Content-Length"], head.content) == (str(len(data)), b"")


def test_json_is_compressed_for_who_can_read_it(demo_page: httpx.Client) -> None:
    plain = demo_page.get("/api/v2/images/", headers={"Accept-Encoding": "identity"})
    packed = demo_page.get("/api/v2/images/", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) * 3 < len(plain.content)
    assert packed.json() == plain.json()


def test_what_a_folder_has_not_is_404_in_words(served: httpx.Client) -> None:
    answer = served.get("/api/v2/users/me/")
    assert (answer.status_code, answer.json()["detail"]) == (
        404, "GET /api/v2/users/me/: an archive on this machine has no users"
    )  # fmt: skip


def ids(answer: httpx.Response) -> list[str]:
    rows: list[dict[str, Any]] = json.loads(answer.content)["items"]
    return [row["isic_id"] for row in rows]


def test_a_window_of_what_a_query_finds_is_sorted_and_counted(served: httpx.Client) -> None:
    sorted_ = served.get("/gallery/list", params={"sort": "-age_approx", "limit": 3})
    assert ids(sorted_) == ["ISIC_0000002", "ISIC_0000003", "ISIC_0000001"]
    last = served.get("/gallery/list", params={"sort": "age_approx", "offset": 3})
    assert (ids(last), last.json()["total"]) == (["ISIC_0000004"], 4)
    found = served.get("/gallery/list", params={"query": "sex:female"})
    assert ids(found) == ["ISIC_0000002", "ISIC_0000003"]
    wrong = served.get("/gallery/list", params={"query": "sex:male AND ageapprox:3"})
    assert (wrong.status_code, wrong.json()) == (
        400,
        {
            "detail": "there is no field `ageapprox`",
            "hint": "did you mean age_approx?",
            "start": 13,
            "end": 24,
        },
    )
    assert served.get("/gallery/list", params={"sort": "nothing"}).status_code == 422


def test_each_image_has_its_own_credit_for_any_selection(demo_page: httpx.Client) -> None:
    url = "/api/v2/zip-download/url/"
    for body, count in (({"query": "sex:male"}, 28), ({"collections": [3]}, None)):
        address = demo_page.post(url, json=body).json()
        token = address.partition("?zsid=")[2]
        table = demo_page.get("/api/v2/zip-download/metadata-file/", params={"token": token})
        assert table.headers["Content-Type"] == "text/csv"
        rows = list(csv.DictReader(table.text.splitlines()))
        found = demo_page.get("/api/v2/images/search/", params=body).json()["count"]
        assert len(rows) == found == (count or found)
        assert all(row["attribution"] for row in rows)
    bad = demo_page.post(url, json={"query": "nonsense:"}).json().partition("?zsid=")[2]
    file = "/api/v2/zip-download/metadata-file/"
    assert demo_page.get(file, params={"token": bad}).status_code == 500
    for token in ("", "x", "e30x", "W10="):
        assert demo_page.get(file, params={"token": token}).status_code == 401, token
    assert demo_page.post(url, json={"queries": "x"}).status_code == 422
