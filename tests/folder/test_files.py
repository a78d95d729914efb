"""Files of a folder archive: whole, in part, and not at all."""

import io
import os
from pathlib import Path

import httpx
import pytest
from PIL import Image

from isic_cli.config import LOCAL_URL
from isic_cli.folder.files import FilePart
from tests.folder.conftest import Make, client_of, png

BODY = b"0123456789"
URL = f"{LOCAL_URL}/images/ISIC_0000001.jpg"


@pytest.fixture
def client(make: Make) -> httpx.Client:
    return client_of(make({"ISIC_0000001.jpg": BODY, "ISIC_0000002.png": png(600, 300)}))


def test_a_whole_file_says_its_length_type_and_version(client: httpx.Client) -> None:
    answer = client.get(URL)
    headers = {name: answer.headers[name] for name in ("Content-Length", "Content-Type")}
    assert (answer.status_code, answer.content) == (200, BODY)
    assert headers == {"Content-Length": "10", "Content-Type": "image/jpeg"}
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"].strip('"') != answer.headers["ETag"]
    head = client.head(URL)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == answer.headers


@pytest.mark.parametrize(
    ("wanted", "status", "body", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, BODY, "bytes 0-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=4-2", 200, BODY, None),
        ("bytes=-", 200, BODY, None),
        ("lines=1-2", 200, BODY, None),
    ],
)
def test_a_range_is_a_part(
    client: httpx.Client, wanted: str, status: int, body: bytes, content_range: str | None
) -> None:
    answer = client.get(URL, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers.get("Content-Range") == content_range
    assert answer.headers["Content-Length"] == str(len(body))


def test_a_range_of_another_version_is_the_whole_file(client: httpx.Client) -> None:
    etag = client.head(URL).headers["ETag"]
    same = client.get(URL, headers={"Range": "bytes=2-", "If-Range": etag})
    other = client.get(URL, headers={"Range": "bytes=2-", "If-Range": '"older"'})
    assert (same.status_code, same.content) == (206, BODY[2:])
    assert (other.status_code, other.content) == (200, BODY)


def test_a_file_that_changes_gets_another_version(make: Make) -> None:
    folder = make({"ISIC_0000001.jpg": BODY})
    client = client_of(folder)
    before = client.head(URL).headers["ETag"]
    os.utime(folder / "ISIC_0000001.jpg", ns=(1, 1))
    assert client.head(URL).headers["ETag"] != before


def test_a_range_of_the_real_server_has_the_same_headers(
    contract: Path, client: httpx.Client
) -> None:
    import json

    path = contract / "http" / "111-blob-range.json"
    wanted = {name.lower() for name in json.loads(path.read_text())["response"]["headers"]}
    answer = client.get(URL, headers={"Range": "bytes=0-3"})
    assert {name.lower() for name in answer.headers} == wanted & {
        "content-type",
        "content-disposition",
        "etag",
        "accept-ranges",
        "content-range",
        "content-length",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/images/ISIC_9999999.jpg",
        "/images/ISIC_0000001.png",
        "/thumbnails/ISIC_9999999_thumbnail.jpg",
        "/thumbnails/ISIC_0000001_thumbnail.jpg",
        "/superpixels/ISIC_0000001_superpixels.png",
        "/masks/a&b.png",
    ],
)
def test_a_file_that_is_not_there_is_answered_in_xml(client: httpx.Client, path: str) -> None:
    answer = client.get(f"{LOCAL_URL}{path}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/xml")
    assert f"<Key>{path[1:].replace('&', '&amp;')}</Key>" in answer.text


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_file_that_may_not_be_read_is_a_403(make: Make) -> None:
    folder = make({"ISIC_0000001.jpg": BODY})
    (folder / "ISIC_0000001.jpg").chmod(0)
    answer = client_of(folder).get(URL)
    assert (answer.status_code, "<Code>AccessDenied</Code>" in answer.text) == (403, True)


def test_a_file_that_went_is_a_404(make: Make) -> None:
    folder = make({"ISIC_0000001.jpg": BODY})
    client = client_of(folder)
    (folder / "ISIC_0000001.jpg").unlink()
    assert client.get(URL).status_code == 404
    assert client.get("images/ISIC_0000001/").json()["files"]["full"]["size"] is None


def test_a_thumbnail_is_drawn_when_it_is_asked_for(client: httpx.Client) -> None:
    answer = client.get(f"{LOCAL_URL}/thumbnails/ISIC_0000002_thumbnail.jpg")
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.format, picture.size) == ("JPEG", (256, 128))
    again = client.head(f"{LOCAL_URL}/thumbnails/ISIC_0000002_thumbnail.jpg")
    assert again.headers == answer.headers


def test_a_kept_thumbnail_is_served_as_it_is(make: Make) -> None:
    files: dict[str, str | bytes] = {"ISIC_0000001.jpg": BODY}
    client = client_of(make({**files, "thumbnails/ISIC_0000001_thumbnail.jpg": b"small"}))
    assert client.get(f"{LOCAL_URL}/thumbnails/ISIC_0000001_thumbnail.jpg").content == b"small"
    assert client.get("images/ISIC_0000001/").json()["files"]["thumbnail_256"]["size"] == 5


def test_superpixels_and_masks_are_files(demo: Path, archive: httpx.Client) -> None:
    for path in (
        "superpixels/ISIC_9000000_superpixels.png",
        "masks/ISIC_9000000_segmentation.png",
        "masks/ISIC_9000000_attribute_pigment_network.png",
    ):
        answer = archive.get(f"{LOCAL_URL}/{path}")
        assert answer.content == (demo / path).read_bytes()
        assert answer.headers["Content-Type"] == "image/png"


class Failing(io.BytesIO):
    name = "a disk"

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(5, "Input/output error")


def test_a_disk_that_fails_while_reading_breaks_the_transfer() -> None:
    with pytest.raises(httpx.ReadError, match="a disk: Input/output error"):
        list(FilePart(Failing(BODY), 0, 4))


def test_a_large_file_comes_in_blocks(make: Make) -> None:
    body = os.urandom(700_000)
    client = client_of(make({"ISIC_0000001.jpg": body}))
    with client.stream("GET", URL, headers={"Range": "bytes=1-"}) as answer:
        blocks = list(answer.iter_raw())
    assert [len(block) for block in blocks] == [524_288, 175_711]
    assert b"".join(blocks) == body[1:]
