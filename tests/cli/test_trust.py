"""Everything that can go wrong between the archive and the disk, through the command line.

Each fault ends with the right bytes, the right exit code and a true report; and a second run, once
the fault is over, leaves the same folder as a run without faults.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from isic_cli.cli.main import run
from isic_cli.files.lock import folder_lock
from tests.cli.conftest import Isic, Result
from tests.support.archivehost import SEARCH, ArchiveHost, json_reply
from tests.support.drawn import jpeg
from tests.support.filehost import (
    Loopback,
    Reply,
    answer,
    chunked,
    cut,
    etag_of,
    redirect,
    stalled,
)

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = (1, 2, 3, 4, 5)
#: Large enough that a part of it can be resumed, and small enough to be read in one piece.
BODIES = {number: jpeg(number, 200, 150) for number in NUMBERS}
#: The image that goes wrong.
BAD = "/ISIC_0000003.jpg"
BODY = BODIES[3]
HTML = b"<!DOCTYPE html><html><body>Sign in to the hospital's network</body></html>"


@pytest.fixture
def host() -> Iterator[ArchiveHost]:
    with ArchiveHost() as archive:
        for number, body in BODIES.items():
            archive.add(number, body)
        yield archive


@pytest.fixture
def download(isic: Isic, host: ArchiveHost) -> Callable[..., Result]:
    """Download everything into `out`, with a report in `run.jsonl`."""

    def call(*options: str) -> Result:
        arguments = ["image", "download", "-y", "-j", "2", "--report", "run.jsonl", *options, "out"]
        return isic(*arguments, archive=host.url)

    return call


def report(folder: Path) -> tuple[dict[str, list[int]], dict[str, Any], dict[int, dict[str, Any]]]:
    """The numbers of the images by status, the summary, and every item by number."""
    *lines, last = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
    found: dict[str, list[int]] = {}
    for item in sorted(lines, key=lambda item: str(item["isic_id"])):
        found.setdefault(item["status"], []).append(int(item["isic_id"][5:]))
    return found, last["summary"], {int(item["isic_id"][5:]): item for item in lines}


def files(out: Path) -> dict[int, bytes]:
    return {int(path.name[5:12]): path.read_bytes() for path in out.glob("ISIC_*")}


def everything(out: Path) -> dict[str, bytes]:
    """The folder without our own state; time and port in the lock say nothing."""
    found = {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and ".isic" not in path.parts
    }
    header, _, rest = found["isic.lock"].partition(b"\n")
    found["isic.lock"] = (
        json.dumps({**json.loads(header), "time": "", "archive": ""}).encode() + rest
    )
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run without any fault leaves."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    with ArchiveHost() as archive:
        for number, body in BODIES.items():
            archive.add(number, body)
        assert run(["--guest", "--archive", archive.url, "image", "download", "-y", str(out)]) == 0
    return everything(out)


ONCE: dict[str, Reply] = {
    **{str(status): answer(f"{status} x") for status in (500, 502, 503, 504)},
    "429 with Retry-After": answer("429 Too Many Requests", retry_after="0"),
    "reset in mid-body": cut(BODY, 900, reset=True),
    "cut in mid-body": cut(BODY, 900, etag=etag_of(BODY)),
    "short chunked body": chunked(BODY[:900]),
    "chunked body broken off": chunked(BODY[:900], ended=False),
    "HTML with status 200": answer("200 OK", HTML, content_type="text/html"),
    "HTML that says it is a picture": answer("200 OK", HTML, content_type="image/jpeg"),
    "right size, wrong bytes": answer("200 OK", bytes(len(BODY))),
    "expired link": answer("403 Forbidden", b"<Error>Request has expired</Error>"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", ONCE.values(), ids=ONCE)
def test_a_fault_that_passes_leaves_nothing_but_the_file(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path, fault: Reply
) -> None:
    host.script[BAD] = [fault]
    done = download()
    assert (done.code, files(tmp_path / "out")) == (0, BODIES)
    found, summary, items = report(tmp_path)
    assert (found, summary) == (
        {"downloaded": [1, 2, 3, 4, 5]},
        {"counts": {"downloaded": 5}, "exit_code": 0},
    )
    assert [items[number]["attempts"] for number in NUMBERS] == [1, 1, 2, 1, 1]


FOR_EVER: dict[str, tuple[Reply, str]] = {
    **{str(code): (answer(f"{code} x"), f"HTTP {code}") for code in (500, 502, 503, 504)},
    "429": (answer("429 x", retry_after="0"), "HTTP 429"),
    "reset in mid-body": (cut(BODY, 900, reset=True), "cut after"),
    "short chunked body": (chunked(BODY[:900]), ""),
    "HTML with status 200": (answer("200 OK", HTML, content_type="text/html"), "a web page"),
    "right size, wrong bytes": (answer("200 OK", bytes(len(BODY))), ""),
    "expired link": (answer("403 Forbidden"), "403"),
    "404 for one of many": (answer("404 Not Found"), "404"),
    "redirect to a file": (redirect("file:///etc/passwd"), "file"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FOR_EVER, ids=FOR_EVER)
def test_a_fault_that_stays_fails_that_image_and_keeps_the_rest(
    host: ArchiveHost,
    download: Callable[..., Result],
    tmp_path: Path,
    undisturbed: dict[str, bytes],
    fault: str,
) -> None:
    reply, words = FOR_EVER[fault]
    host.script[BAD] = [reply] * 50
    done = download()
    good = {number: body for number, body in BODIES.items() if number != 3}
    assert (done.code, files(tmp_path / "out")) == (3, good)
    found, summary, items = report(tmp_path)
    assert (found, summary) == (
        {"downloaded": [1, 2, 4, 5], "failed": [3]},
        {"counts": {"downloaded": 4, "failed": 1}, "exit_code": 3},
    )
    assert words in items[3]["reason"]
    assert "Failed: ISIC_0000003: " in done.err
    assert "ISIC_0000003" not in (tmp_path / "out" / "metadata.csv").read_text()
    host.script.clear()
    assert download().code == 0
    assert report(tmp_path)[0] == {"downloaded": [3], "skipped": [1, 2, 4, 5]}
    assert everything(tmp_path / "out") == undisturbed


def test_a_stalled_body_is_given_up_and_resumed(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path
) -> None:
    release = threading.Event()
    host.script[BAD] = [stalled(BODY, 20_000, release, etag=etag_of(BODY))]
    done = download("--timeout", "0.2")
    release.set()
    assert (done.code, files(tmp_path / "out")) == (0, BODIES)
    asked = [headers for target, headers in host.requests if target == BAD]
    assert [headers.get("range") for headers in asked] == [None, "bytes=20000-"]


@pytest.mark.parametrize("size", [1, len(BODY) - 3200, len(BODY) + 9000])
def test_understated_and_overstated_sizes_are_only_estimates(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path, size: int
) -> None:
    host.sizes[3] = size
    assert (download().code, files(tmp_path / "out")) == (0, BODIES)
    assert (download().code, report(tmp_path)[0]) == (0, {"skipped": [1, 2, 3, 4, 5]})


# The listing


def bad_pages(host: ArchiveHost) -> dict[str, tuple[Reply, str]]:
    """What comes instead of the second page."""
    page = host.listing({"cursor": "2"})
    first = host.listing({})
    text = json.dumps(page).encode()
    kind = {"content_type": "application/json"}
    return {
        "cut JSON": (
            answer("200 OK", text[: len(text) // 2], **kind),
            "the JSON is cut or damaged",
        ),
        "HTML": (answer("200 OK", HTML, content_type="text/html"), "text/html"),
        "repeated next": (json_reply({**page, "next": first["next"]}), "in a circle"),
        "empty with next": (json_reply({**page, "results": []}), "an empty page"),
        "next to another host": (
            json_reply({**page, "next": "http://192.0.2.1/api/v2/images/search/"}),
            "on another host",
        ),
        "redirect to another host": (redirect("http://192.0.2.1/"), "192.0.2.1"),
    }


@pytest.mark.parametrize(
    "fault",
    [
        "cut JSON", "HTML", "repeated next", "empty with next", "next to another host",
        "redirect to another host",
    ],
)  # fmt: skip
def test_a_listing_that_cannot_be_read_ends_the_run_and_is_said(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path, fault: str
) -> None:
    host.page = 2
    reply, words = bad_pages(host)[fault]
    host.script[SEARCH] = [json_reply(host.listing({})), reply]
    done = download()
    assert (done.code, words in done.err) == (2, True), done.err
    found, summary, _ = report(tmp_path)
    assert summary["exit_code"] == 2
    assert set(found) <= {"downloaded"}
    kept = files(tmp_path / "out")
    assert kept == {number: BODIES[number] for number in kept}
    host.script.clear()
    assert (download().code, files(tmp_path / "out")) == (0, BODIES)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_page_that_fails_once_is_asked_for_again(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path, status: int
) -> None:
    host.script[SEARCH] = [answer(f"{status} x")]
    assert (download("--retries", "1").code, files(tmp_path / "out")) == (0, BODIES)


def test_an_archive_that_always_fails_is_exit_5_and_makes_nothing(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path
) -> None:
    host.script[SEARCH] = [answer("503 x")] * 50
    done = download()
    assert (done.code, "503" in done.err) == (5, True)
    assert not list((tmp_path / "out").glob("ISIC_*"))


def test_an_image_that_two_pages_list_is_fetched_once(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path
) -> None:
    host.page = 2
    host.listed = [1, 2, 2, 3, 4, 5]
    done = download()
    assert files(tmp_path / "out") == BODIES
    assert report(tmp_path)[0] == {"downloaded": [1, 2, 3, 4, 5]}
    assert "more than once" in done.err
    assert [target for target, _ in host.requests].count("/ISIC_0000002.jpg") == 1


def test_fewer_images_than_announced_are_never_a_success(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path
) -> None:
    host.script[SEARCH] = [json_reply({**host.listing({}), "count": 7})]
    done = download()
    assert (done.code, files(tmp_path / "out")) == (3, BODIES)
    assert "the archive did not list 2 images it announced" in done.err


def test_sync_deletes_nothing_after_an_incomplete_listing(
    host: ArchiveHost, download: Callable[..., Result], isic: Isic, tmp_path: Path
) -> None:
    download()
    short = {**host.listing({}), "count": 5}
    short["results"] = short["results"][:3]
    host.script[SEARCH] = [json_reply(short)]
    done = isic("dataset", "sync", "out", "--delete", archive=None)
    assert (done.code, files(tmp_path / "out")) == (3, BODIES)
    host.page = 2
    host.script[SEARCH] = [json_reply(host.listing({})), answer("503 x")]
    assert isic("dataset", "sync", "out", "--delete", archive=None).code == 5
    assert files(tmp_path / "out") == BODIES
    host.listed = [1, 2, 3]
    host.script.clear()
    done = isic("dataset", "sync", "out", "--delete", archive=None)
    assert (done.code, sorted(files(tmp_path / "out"))) == (0, [1, 2, 3])


def test_an_image_withdrawn_between_listing_and_fetch_is_reported(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path
) -> None:
    host.script[BAD] = [answer("403 Forbidden")] * 2
    host.script["/api/v2/images/ISIC_0000003/"] = [
        json_reply({"detail": "Not Found"}, "404 Not Found")
    ] * 2
    done = download()
    assert (done.code, sorted(files(tmp_path / "out"))) == (3, [1, 2, 4, 5])
    assert report(tmp_path)[2][3]["reason"] == "no image ISIC_0000003 in this archive"


def test_a_redirect_of_a_file_to_another_host_is_followed(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path
) -> None:
    with Loopback(files={"/real.jpg": BODY}) as other:
        host.script[BAD] = [redirect(f"{other.url}/real.jpg")]
        assert download().code == 0
        assert [target for target, _ in other.requests] == ["/real.jpg"]
    assert files(tmp_path / "out") == BODIES


# What is in the folder


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_a_file_damaged_by_one_byte_is_replaced(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path
) -> None:
    download()
    damage(tmp_path / "out" / "ISIC_0000003.jpg")
    assert (download().code, files(tmp_path / "out")) == (0, BODIES)
    assert report(tmp_path)[0] == {"downloaded": [3], "skipped": [1, 2, 4, 5]}


def test_a_truncated_file_is_replaced(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path
) -> None:
    download()
    os.truncate(tmp_path / "out" / "ISIC_0000003.jpg", 1000)
    assert (download().code, files(tmp_path / "out")) == (0, BODIES)
    assert report(tmp_path)[0] == {"downloaded": [3], "skipped": [1, 2, 4, 5]}


def test_a_part_of_another_version_is_never_built_upon(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path
) -> None:
    other = jpeg(99, 200, 150)
    host.script[BAD] = [cut(other, 20_000, etag=etag_of(other))] * 2
    assert download().code == 3
    assert (tmp_path / "out" / ".isic" / "parts" / "ISIC_0000003.jpg.part").stat().st_size == 20_000
    host.script.clear()
    assert (download().code, files(tmp_path / "out")) == (0, BODIES)
    assert host.requests[-1][1]["range"] == "bytes=20000-"
    assert list((tmp_path / "out" / ".isic" / "parts").iterdir()) == []


def test_a_folder_that_another_run_holds_is_exit_10_at_once(
    host: ArchiveHost, download: Callable[..., Result], tmp_path: Path
) -> None:
    with folder_lock(tmp_path / "out"):
        done = download()
        assert (done.code, files(tmp_path / "out")) == (10, {})
        assert f"(process {os.getpid()} on " in done.err
    assert (download("--wait", "5").code, files(tmp_path / "out")) == (0, BODIES)


def test_a_login_that_the_archive_refuses_stops_the_run(
    host: ArchiveHost,
    download: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ISIC_TOKEN", "secret-of-mine")
    host.script["/api/v2/users/me/"] = [json_reply({"detail": "Unauthorized"}, "401 x")]
    done = download()
    assert (done.code, files(tmp_path / "out")) == (4, {})
    assert "secret-of-mine" not in done.err
    assert (
        not (tmp_path / "run.jsonl").exists()
        or "secret" not in (tmp_path / "run.jsonl").read_text()
    )


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """`out` on a disk of its own that holds only some of the files."""
    out = tmp_path / "out"
    out.mkdir()
    if os.geteuid() != 0 or not mount("-t", "tmpfs", "-o", "size=96k", "tmpfs", str(out)):
        pytest.skip("nothing can be mounted here; the engine is tested with a disk that is full")
    yield out
    subprocess.run(["umount", "-l", out], check=True)


def alone(host: ArchiveHost, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run in a process of its own, which holds nothing on the disk once it is gone."""
    command = [sys.executable, "-m", "isic_cli", "--archive", host.url, *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_full_disk_stops_the_run_and_a_larger_one_finishes_it(
    host: ArchiveHost, isic: Isic, small_disk: Path, tmp_path: Path
) -> None:
    command = ["image", "download", "-y", "--force", "--report", "run.jsonl", "out"]
    done = alone(host, *command)
    kept = files(small_disk)
    assert done.returncode == 8
    assert "No space left on device" in done.stderr
    assert kept == {number: BODIES[number] for number in kept}
    assert len(kept) < len(BODIES)
    assert report(tmp_path)[1]["exit_code"] == 8
    assert mount("-o", "remount,size=4m", str(small_disk))
    assert (alone(host, *command).returncode, files(small_disk)) == (0, BODIES)


@pytest.mark.slow
def test_a_read_only_disk_stops_the_run(host: ArchiveHost, isic: Isic, small_disk: Path) -> None:
    assert mount("-o", "remount,ro", str(small_disk))
    done = alone(host, "image", "download", "-y", "--force", "out")
    assert (done.returncode, "Read-only file system" in done.stderr) == (8, True)
    assert files(small_disk) == {}
