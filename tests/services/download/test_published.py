import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from isic_cli.api.doi_page import PublishedFile, read_files
from isic_cli.errors import NotFoundError
from isic_cli.models.outcomes import Outcome
from isic_cli.services.download.published import fetch_published, safe_name
from tests.support.faults import Forever, Script, Step, body, json_answer, status
from tests.support.opened import ORIGIN, opened

FILES_HOST = "http://127.0.0.1:9000"
PAGE = f"""<html><body><h1>Challenge 2024: Training</h1>
<a href="/collections/1/">View</a>
<table><thead><tr><th>Description</th></tr></thead><tbody>
<tr><td>The complete bundle of all images &amp; metadata.</td><td>1.2&nbsp;GB</td><td>ZIP</td>
  <td><a href="{FILES_HOST}/doi/a.zip" title="challenge.zip"><button>Download</button></a></td></tr>
<tr><td>The metadata.</td><td>3 KB</td><td>CSV</td><td><a href="/files/m.csv">Download</a></td></tr>
<tr><td>no link</td></tr>
</tbody></table><div>10.34970/123456</div></body></html>"""
LISTED = [
    PublishedFile(
        "challenge.zip",
        "The complete bundle of all images & metadata.",
        "1.2 GB",
        "ZIP",
        f"{FILES_HOST}/doi/a.zip",
    ),
    PublishedFile("m.csv", "The metadata.", "3 KB", "CSV", f"{ORIGIN}/files/m.csv"),
]


def html(text: str) -> Step:
    return body(text.encode(), Content_Type="text/html; charset=utf-8")


QUICKFIND = "GET /api/v2/quickfind/"


def test_the_table_of_the_page_is_read() -> None:
    assert read_files(PAGE, f"{ORIGIN}/doi/challenge-2024-training/") == LISTED


def test_the_page_is_found_by_the_name() -> None:
    script = Script(
        {
            "GET /doi/challenge-2024-training/": [html(PAGE)],
            QUICKFIND: [json_answer([])],
        }
    )
    with opened(script) as api:
        assert api.published_files("Challenge 2024: Training", "10.34970/123456") == LISTED


def test_a_page_of_another_doi_is_passed_over_for_the_one_that_the_quick_search_knows() -> None:
    script = Script(
        {
            "GET /doi/nevi/": [html("<html>10.34970/999999</html>")],
            QUICKFIND: [json_answer([{"url": "/doi/nevi-2/", "result_type": "DOI"}])],
            "GET /doi/nevi-2/": [html(PAGE)],
        }
    )
    with opened(script) as api:
        assert len(api.published_files("Nevi", "10.34970/123456")) == 2


def test_no_page_is_not_found() -> None:
    script = Script({"GET /doi/nevi/": [status(404)], QUICKFIND: [status(422)]})
    with opened(script) as api, pytest.raises(NotFoundError, match=r"no page for the DOI 10\.1/x"):
        api.published_files("Nevi", "10.1/x")


def served(content: bytes, code: int = 200, **headers: str) -> Step:
    """Answer with a body that is not read yet, as over a network."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Content-Length", str(len(content)))
    return lambda request: httpx.Response(code, headers=named, stream=httpx.ByteStream(content))


def fetched(
    tmp_path: Path, steps: Sequence[Step | Forever], *, name: str = "a.zip"
) -> tuple[Outcome, Script]:
    script = Script({"GET /doi/a.zip": steps})
    file = PublishedFile(name, "", "", "ZIP", f"{FILES_HOST}/doi/a.zip")
    with opened(script, token="secret") as api:
        (one,) = fetch_published(api, [file], tmp_path, retries=2, sleep=lambda _: None)
    return one, script


def test_a_file_is_fetched_without_a_credential_and_hashed(tmp_path: Path) -> None:
    one, script = fetched(tmp_path, [served(b"bundle")])

    sha256 = hashlib.sha256(b"bundle").hexdigest()
    assert one == Outcome("", "fetched", bytes=6, attempts=1, path="a.zip", sha256=sha256)
    assert (tmp_path / "a.zip").read_bytes() == b"bundle"
    assert script.requests[0].headers.get("authorization") is None


def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"bundle")
    one, _ = fetched(tmp_path, [served(b"BUNDLE")])

    assert (one.status, one.bytes) == ("present", 6)
    assert (tmp_path / "a.zip").read_bytes() == b"bundle"


def cut(content: bytes, sent: int) -> Step:
    class Broken(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield content[:sent]
            raise httpx.RemoteProtocolError("peer closed connection")

    headers = {"Content-Length": str(len(content)), "ETag": '"v1"'}
    return lambda request: httpx.Response(200, headers=headers, stream=Broken())


def test_a_file_that_was_cut_goes_on_where_it_was(tmp_path: Path) -> None:
    content = bytes(range(256)) * 8192

    def rest(request: httpx.Request) -> httpx.Response:
        start = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
        assert request.headers["if-range"] == '"v1"'
        stated = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return served(content[start:], 206, Content_Range=stated, ETag='"v1"')(request)

    one, _ = fetched(tmp_path, [cut(content, 1_000_000), rest])

    assert (one.status, one.bytes, one.attempts) == ("fetched", len(content), 2)
    assert (tmp_path / "a.zip").read_bytes() == content


def test_a_file_that_stays_cut_has_failed_and_no_name(tmp_path: Path) -> None:
    one, script = fetched(tmp_path, [Forever(cut(b"bundle", 3))])

    assert (one.status, one.attempts, len(script.requests)) == ("failed", 3, 3)
    assert one.reason
    assert not (tmp_path / "a.zip").exists()


def test_an_expired_link_is_not_tried_again(tmp_path: Path) -> None:
    one, script = fetched(tmp_path, [status(403)])

    assert (one.status, len(script.requests)) == ("failed", 1)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../etc/passwd", "passwd"), ("..", "file"), ("a\\b.zip", "b.zip"), (".x:y\n", "x_y_")],
)
def test_a_page_cannot_choose_a_place_on_this_disk(tmp_path: Path, name: str, kept: str) -> None:
    assert safe_name(name) == kept
    one, _ = fetched(tmp_path, [served(b"x")], name=name)
    assert (one.path, (tmp_path / kept).read_bytes()) == (kept, b"x")
