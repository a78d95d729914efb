"""`isic challenge download --members`: some pictures out of a ZIP on a host."""

import io
import json
import random
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Isic, Result
from tests.cli.test_challenge_download import files
from tests.support.challenges import jpeg, mirror, zipped
from tests.support.filehost import Loopback, Reply, answer

INPUT = "ISIC2018_Task3_Training_Input"


@pytest.fixture
def host() -> Iterator[Loopback]:
    with Loopback(files={f"/{name}": body for name, body in mirror().items()}) as loopback:
        yield loopback


def members(isic: Isic, host: Loopback, *words: str, file: str = INPUT) -> Result:
    patterns = [part for word in words for part in ("--members", word)]
    return isic("challenge", "download", file, "out", *patterns, "--base-url", host.url)


def test_members_are_fetched_alone_and_the_folder_is_an_archive(isic: Isic, host: Loopback) -> None:
    done = members(isic, host, "isic_002430[67]*", "ISIC_0024311")
    assert (done.code, done.err) == (0, "3 members: 3 downloaded (4.9 kB), 0 already there.\n")
    assert files("out") == [
        "CITATION.bib",
        *(f"{INPUT}/ISIC_00243{number}.jpg" for number in ("06", "07", "11")),
        "licenses/CC-BY-NC.txt",
    ]
    assert Path(f"out/{INPUT}/ISIC_0024311.jpg").read_bytes() == jpeg("ISIC_0024311")
    again = members(isic, host, "ISIC_002430*", "ISIC_0024311.jpg")
    assert "2 downloaded" in again.err
    assert "3 already there" in again.err
    assert isic("image", "list", "-q", archive="out").lines[0] == "ISIC_0024306"


@pytest.mark.slow
def test_a_hundred_of_ten_thousand_members_cost_their_own_bytes_and_the_directory(
    isic: Isic, host: Loopback
) -> None:
    sizes = random.Random(5)
    pictures = {
        f"ISIC_{number:07}.jpg": sizes.randbytes(800 if number % 100 == 7 else 2000)
        for number in range(10_000)
    }
    body = zipped(INPUT, pictures, zipfile.ZIP_STORED)
    host.files[f"/2018/{INPUT}.zip"] = body
    done = members(isic, host, "ISIC_?????07.jpg")
    assert done.code == 0, done.err
    assert len(files("out")) == 102
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        directory = len(body) - archive.start_dir
    sent = sum(span(one) for _, one in host.requests)
    own = 100 * 800
    assert sent < own + directory + (1 << 16) + 100 * 200
    assert len(host.requests) <= 102


def span(headers: Mapping[str, str]) -> int:
    """The bytes that a request asks for."""
    first, _, last = headers["range"].removeprefix("bytes=").partition("-")
    return int(last) - int(first) + 1 if first else int(last)


def test_neighbours_come_in_one_request(isic: Isic, host: Loopback) -> None:
    assert members(isic, host, "*.jpg").code == 0
    assert len(host.requests) == 1  # a small ZIP comes whole with its directory


@pytest.mark.parametrize(
    ("words", "file", "code", "said"),
    [
        (["ISIC_0024399.jpg"], INPUT, 6, "Did you mean ISIC_0024309.jpg?"),
        (["*"], "ISIC_2020_Training_Duplicates.csv", 2, "--members needs a ZIP"),
    ],
)
def test_what_is_not_there_is_said_and_nothing_written(
    isic: Isic, host: Loopback, words: list[str], file: str, code: int, said: str
) -> None:
    done = members(isic, host, *words, file=file)
    assert (done.code, said in done.err, files("out")) == (code, True, [])


WHOLE = mirror()[f"2018/{INPUT}.zip"]


@pytest.mark.parametrize(
    ("reply", "code", "said"),
    [
        (answer("404 Not Found"), 6, "HTTP 404: the host does not have it"),
        (answer("200 OK", WHOLE), 2, "the host sends no parts of files"),
        (answer("500 Oops"), 5, "HTTP 500"),
        (answer("206 Partial", b"x", content_range="bytes 0-0/9"), 5, "is cut or damaged"),
    ],
)
def test_a_host_that_cannot_do_it_is_one_line(
    isic: Isic, host: Loopback, reply: Reply, code: int, said: str
) -> None:
    host.script[f"/2018/{INPUT}.zip"] = [reply, reply]
    del host.files[f"/2018/{INPUT}.zip"]
    done = members(isic, host, "*.jpg")
    assert (done.code, said in done.err) == (code, True)
    assert done.err.count("Error: ") == 1


def test_a_member_with_a_wrong_crc_fails_alone(isic: Isic, host: Loopback) -> None:
    body = bytearray(zipped(INPUT, {"ISIC_0000001.jpg": b"one", "ISIC_0000002.jpg": b"two"}, 0))
    body[body.index(b"two")] = 84
    host.files[f"/2018/{INPUT}.zip"] = bytes(body)
    patterns = ("--members", "*.jpg", "--report", "r.jsonl", "--base-url", host.url)
    done = isic("challenge", "download", INPUT, "out", *patterns)
    assert done.code == 3
    lines = [json.loads(line) for line in Path("r.jsonl").read_text().splitlines()]
    assert [(one["isic_id"], one["status"]) for one in lines[:-1]] == [
        ("ISIC_0000001", "downloaded"),
        ("ISIC_0000002", "failed"),
    ]
    assert lines[-1]["summary"]["exit_code"] == 3
