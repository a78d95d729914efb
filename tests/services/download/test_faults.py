"""A line of the table of faults, a test: the bytes, the events, and what is left behind."""

import errno
import hashlib
import os
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from isic_cli.errors import (
    AuthError,
    ConnectionSetupError,
    DamagedError,
    ExpiredLinkError,
    LocalError,
    NetworkError,
    UnsafeError,
)
from isic_cli.models.image import ImageRecord
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import (
    DownloadEvent,
    Failed,
    Finished,
    Skipped,
)
from isic_cli.services.download.options import DownloadOptions
from tests.support.drawn import jpeg, png, png_bomb
from tests.support.filehost import (
    Loopback,
    Reply,
    Source,
    answer,
    chunked,
    cut,
    etag_of,
    raw,
    record,
    redirect,
    stalled,
)
from tests.support.tls import server_context

PATH = "/ISIC_0000001.jpg"
PICTURE = jpeg(1)
LARGE = jpeg(2, 400, 300)
HTML = b"<!DOCTYPE html><html><body>Sign in to the hospital's network</body></html>"


class Slept:
    """Notes how long it was asked to sleep."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def pull(
    host: Loopback,
    folder: Path,
    *records: ImageRecord,
    options: DownloadOptions | None = None,
    timeout: float = 5.0,
    slept: Slept | None = None,
) -> list[DownloadEvent]:
    """Download, without sleeping; image 1 when no records are given."""
    downloader = Downloader(
        host.source(timeout=timeout),
        options or DownloadOptions(folder, jobs=4),
        sleep=slept or Slept(),
    )
    return list(downloader.run(records or [host.record(1)]))


def left(folder: Path) -> dict[str, bytes]:
    """What is in a folder, beside the journal and the layout."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in {"journal.jsonl", "layout.json"}
    }


def only_finished(events: list[DownloadEvent]) -> Finished:
    (event,) = events
    assert isinstance(event, Finished)
    return event


def only_failed(events: list[DownloadEvent]) -> Failed:
    (event,) = events
    assert isinstance(event, Failed)
    return event


def test_a_good_file_is_kept_hashed_and_written_down(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = PICTURE
    event = only_finished(pull(host, tmp_path))
    assert event == Finished(
        isic_id="ISIC_0000001",
        path="ISIC_0000001.jpg",
        bytes=len(PICTURE),
        sha256=hashlib.sha256(PICTURE).hexdigest(),
        width=64,
        height=48,
        seconds=event.seconds,
        attempts=1,
        resumed=False,
        replaced=False,
        warnings=(),
    )
    assert left(tmp_path) == {"ISIC_0000001.jpg": PICTURE}


@pytest.mark.parametrize("status", ["500 x", "502 x", "503 x", "504 x", "429 x"])
def test_a_server_error_once_is_tried_again(host: Loopback, tmp_path: Path, status: str) -> None:
    host.files[PATH] = PICTURE
    host.script[PATH] = [answer(status)]
    assert only_finished(pull(host, tmp_path)).attempts == 2
    assert left(tmp_path) == {"ISIC_0000001.jpg": PICTURE}


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (502, 6), (503, 6), (504, 6), (429, 6)])
def test_a_server_error_for_ever_fails_the_file_after_a_last_pass(
    host: Loopback, tmp_path: Path, status: int, tries: int
) -> None:
    host.files["/ISIC_0000002.jpg"] = LARGE
    host.script[PATH] = [answer(f"{status} x")]
    events = pull(host, tmp_path, host.record(1), host.record(2))
    assert [type(event) for event in events] == [Finished, Failed]
    failed = only_failed(events[1:])
    assert (failed.isic_id, failed.attempts, failed.bytes) == ("ISIC_0000001", 2 * tries, 0)
    assert failed.reason == f"{host.url}{PATH}: HTTP {status}"
    assert left(tmp_path) == {"ISIC_0000002.jpg": LARGE}


def test_retry_after_is_waited_for(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = PICTURE
    host.script[PATH] = [answer("429 Too Many Requests", retry_after="7")]
    slept = Slept()
    only_finished(pull(host, tmp_path, slept=slept))
    (seconds,) = slept.seconds
    assert 7.0 <= seconds <= 8.0


BROKEN = {
    "cut": cut(PICTURE, 900),
    "reset in mid-body": cut(PICTURE, 900, reset=True),
    "reset at once": cut(PICTURE, 0, reset=True),
    "chunked, broken off": chunked(PICTURE[:900], ended=False),
    "not HTTP": raw(b"SSH-2.0-OpenSSH\r\n"),
    "a length that is not a number": raw(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"),
    "hung up": raw(b""),
}
NO_PICTURE = {
    "chunked, short but ended": chunked(PICTURE[:900]),
    "chunked, empty": chunked(),
    "a web page": answer("200 OK", HTML, content_type="text/html"),
    "a web page that says it is a picture": answer("200 OK", HTML, content_type="image/jpeg"),
    "empty": answer("200 OK", b""),
    "right size, wrong bytes": answer("200 OK", bytes(len(PICTURE))),
    "no end marker": answer("200 OK", PICTURE[:-2] + b"\0\0"),
}


@pytest.mark.parametrize(
    "fault", [*BROKEN.values(), *NO_PICTURE.values()], ids=[*BROKEN, *NO_PICTURE]
)
def test_a_bad_body_once_is_asked_for_again(host: Loopback, tmp_path: Path, fault: Reply) -> None:
    host.files[PATH] = PICTURE
    host.script[PATH] = [fault]
    assert only_finished(pull(host, tmp_path)).attempts == 2
    assert left(tmp_path) == {"ISIC_0000001.jpg": PICTURE}


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_a_body_that_always_breaks_fails_the_file(
    host: Loopback, tmp_path: Path, fault: Reply
) -> None:
    host.script[PATH] = [fault]
    assert only_failed(pull(host, tmp_path)).attempts == 12
    assert left(tmp_path) == {}


@pytest.mark.parametrize("fault", NO_PICTURE.values(), ids=NO_PICTURE)
def test_a_body_that_never_is_a_picture_fails_the_file_soon(
    host: Loopback, tmp_path: Path, fault: Reply
) -> None:
    host.script[PATH] = [fault]
    failed = only_failed(pull(host, tmp_path))
    assert isinstance(failed.error, DamagedError)
    assert failed.attempts == 4
    assert left(tmp_path) == {}


def test_a_stalled_body_is_given_up_and_resumed(host: Loopback, tmp_path: Path) -> None:
    release = threading.Event()
    host.files[PATH] = LARGE
    host.script[PATH] = [stalled(LARGE, 70_000, release, etag=etag_of(LARGE))]
    event = only_finished(pull(host, tmp_path, timeout=0.2))
    release.set()
    assert (event.attempts, event.resumed) == (2, True)
    assert host.requests[1][1]["range"] == "bytes=70000-"
    assert left(tmp_path) == {"ISIC_0000001.jpg": LARGE}


def test_a_404_fails_one_file_of_many_at_once(host: Loopback, tmp_path: Path) -> None:
    pictures = {f"/ISIC_{number:07}.jpg": jpeg(number) for number in range(20)}
    host.files = {path: data for path, data in pictures.items() if "07.jpg" not in path}
    events = pull(host, tmp_path, *(host.record(number) for number in range(20)))
    assert sum(isinstance(event, Finished) for event in events) == 19
    (failed,) = (event for event in events if isinstance(event, Failed))
    assert (failed.isic_id, failed.attempts) == ("ISIC_0000007", 1)
    assert left(tmp_path) == {path[1:]: data for path, data in host.files.items()}


def test_an_expired_link_is_asked_for_once_more(host: Loopback, tmp_path: Path) -> None:
    host.files["/fresh.jpg"] = PICTURE
    host.script[PATH] = [answer("403 Forbidden", b"<Error>Request has expired</Error>")]
    host.fresh["ISIC_0000001"] = host.record(1, path="/fresh.jpg?Signature=new")
    assert only_finished(pull(host, tmp_path)).attempts == 2
    assert [target for target, _ in host.requests] == [PATH, "/fresh.jpg?Signature=new"]
    assert left(tmp_path) == {"ISIC_0000001.jpg": PICTURE}


def test_a_link_that_stays_refused_fails_the_file(host: Loopback, tmp_path: Path) -> None:
    host.script[PATH] = [answer("403 Forbidden")]
    host.fresh["ISIC_0000001"] = host.record(1)
    failed = only_failed(pull(host, tmp_path))
    assert isinstance(failed.error, ExpiredLinkError)
    assert failed.attempts == 2
    assert left(tmp_path) == {}


def test_an_image_withdrawn_after_the_listing_fails_with_the_archives_words(
    host: Loopback, tmp_path: Path
) -> None:
    host.script[PATH] = [answer("403 Forbidden")]
    failed = only_failed(pull(host, tmp_path))
    assert failed.reason == "no image ISIC_0000001"
    assert left(tmp_path) == {}


@pytest.mark.parametrize("size", [1, len(PICTURE) - 3200, len(PICTURE) + 9000])
def test_the_records_size_is_only_an_estimate(host: Loopback, tmp_path: Path, size: int) -> None:
    host.files[PATH] = PICTURE
    only_finished(pull(host, tmp_path, host.record(1, size=size)))
    (again,) = pull(host, tmp_path, host.record(1, size=size))
    assert isinstance(again, Skipped)
    assert len(host.requests) == 1


def test_a_redirect_to_another_host_is_followed(host: Loopback, tmp_path: Path) -> None:
    with Loopback(files={"/real.jpg": PICTURE}) as other:
        host.script[PATH] = [redirect(f"{other.url}/real.jpg")]
        only_finished(pull(host, tmp_path))
    assert left(tmp_path) == {"ISIC_0000001.jpg": PICTURE}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://h/x.jpg", "gopher://h/"])
def test_a_redirect_to_another_scheme_is_refused(host: Loopback, tmp_path: Path, url: str) -> None:
    host.script[PATH] = [redirect(url)]
    failed = only_failed(pull(host, tmp_path))
    assert isinstance(failed.error, UnsafeError)
    assert failed.attempts == 1
    assert left(tmp_path) == {}


def test_a_full_disk_stops_the_run_and_leaves_nothing_half_done(
    host: Loopback, tmp_path: Path
) -> None:
    host.files = {f"/ISIC_{number:07}.jpg": jpeg(number) for number in range(30)}
    quota = 5 * len(PICTURE)

    def write(fd: int, data: bytes) -> int:
        nonlocal quota
        quota -= len(data)
        if quota < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, data)

    downloader = Downloader(host.source(), DownloadOptions(tmp_path, jobs=1), write=write)
    events: list[DownloadEvent] = []
    with pytest.raises(LocalError, match="No space left on device") as caught:
        events.extend(downloader.run(host.record(number) for number in range(30)))
    assert caught.value.hint == "Free some space, then run again: finished files are kept."
    files = left(tmp_path)
    assert 0 < len(files) < 30
    assert files == {name: host.files[f"/{name}"] for name in files}


def test_a_folder_below_a_file_stops_the_run(host: Loopback, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(LocalError, match="Not a directory"):
        pull(host, tmp_path / "file" / "out")
    with pytest.raises(LocalError, match="File exists"):
        pull(host, tmp_path / "file")
    assert left(tmp_path) == {"file": b"mine"}
    assert host.requests == []


def test_a_read_only_disk_stops_the_run(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = PICTURE

    def write(fd: int, data: bytes) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    downloader = Downloader(host.source(), DownloadOptions(tmp_path), write=write)
    with pytest.raises(LocalError, match="Read-only file system"):
        list(downloader.run([host.record(1)]))
    assert left(tmp_path) == {}


def test_a_refused_login_stops_the_run(host: Loopback, tmp_path: Path) -> None:
    class Refusing(Source):
        def image(self, isic_id: str) -> ImageRecord:
            raise AuthError("login needed")

    host.script[PATH] = [answer("403 Forbidden")]
    downloader = Downloader(Refusing(host, host.host()), DownloadOptions(tmp_path))
    with pytest.raises(AuthError, match="login needed"):
        list(downloader.run([host.record(1)]))
    assert left(tmp_path) == {}


def test_an_existing_file_with_one_changed_byte_is_replaced(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = PICTURE
    pull(host, tmp_path)
    damaged = bytearray(PICTURE)
    damaged[700] ^= 1
    (tmp_path / "ISIC_0000001.jpg").write_bytes(damaged)
    os.utime(tmp_path / "ISIC_0000001.jpg", ns=(1, 1))
    event = only_finished(pull(host, tmp_path))
    assert event.replaced
    assert left(tmp_path) == {"ISIC_0000001.jpg": PICTURE}


def test_an_existing_file_that_was_cut_is_replaced(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = PICTURE
    pull(host, tmp_path)
    os.truncate(tmp_path / "ISIC_0000001.jpg", 500)
    assert only_finished(pull(host, tmp_path)).replaced
    assert left(tmp_path) == {"ISIC_0000001.jpg": PICTURE}


def test_a_good_file_stays_when_its_replacement_can_not_be_had(
    host: Loopback, tmp_path: Path
) -> None:
    (tmp_path / "ISIC_0000001.jpg").write_bytes(PICTURE[:500])
    only_failed(pull(host, tmp_path))
    assert left(tmp_path) == {"ISIC_0000001.jpg": PICTURE[:500]}


def test_a_file_of_the_official_client_is_adopted_and_a_cut_one_replaced(
    host: Loopback, tmp_path: Path
) -> None:
    other = png(2)
    host.files = {PATH: PICTURE, "/ISIC_0000002.png": other}
    (tmp_path / "ISIC_0000001.jpg").write_bytes(PICTURE)
    (tmp_path / "ISIC_0000002.png").write_bytes(other[:-20])
    records = [host.record(1, size=900), host.record(2, path="/ISIC_0000002.png", size=900)]
    events = pull(host, tmp_path, *records)
    assert {type(event) for event in events} == {Skipped, Finished}
    assert left(tmp_path) == {"ISIC_0000001.jpg": PICTURE, "ISIC_0000002.png": other}
    assert [target for target, _ in host.requests] == ["/ISIC_0000002.png"]
    again = pull(host, tmp_path, *records)
    assert [event.reason for event in again if isinstance(event, Skipped)] == ["complete"] * 2


@pytest.mark.parametrize("isic_id", ["../ISIC_0000001", "/etc/ISIC_1", "ISIC_000000\0", "CON", ""])
def test_an_id_that_is_no_id_fails_before_any_request(
    host: Loopback, tmp_path: Path, isic_id: str
) -> None:
    wrong = replace(record(1, f"{host.url}{PATH}"), isic_id=isic_id)
    failed = only_failed(pull(host, tmp_path, wrong))
    assert (failed.reason, failed.attempts) == (f"unsafe id {isic_id!r}", 0)
    assert host.requests == []
    assert left(tmp_path) == {}


def test_a_decompression_bomb_is_refused_by_its_header(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = png_bomb(60_000, 60_000)
    failed = only_failed(pull(host, tmp_path))
    assert failed.reason == "60000 x 60000 pixels are more than the limit of 1000000000"
    assert left(tmp_path) == {}


@pytest.mark.parametrize("reply", [answer("200 OK", LARGE), chunked(LARGE[:9000], LARGE[9000:])])
def test_a_file_over_the_limit_is_refused(host: Loopback, tmp_path: Path, reply: Reply) -> None:
    host.script[PATH] = [reply]
    failed = only_failed(pull(host, tmp_path, options=DownloadOptions(tmp_path, max_size=8000)))
    assert failed.reason == "ISIC_0000001.jpg: larger than the limit of 8000 bytes"
    assert left(tmp_path) == {}


def test_decoding_finds_what_the_structure_hides(host: Loopback, tmp_path: Path) -> None:
    hollow = png_bomb(100, 100)
    host.files[PATH] = hollow
    assert only_finished(pull(host, tmp_path / "a")).bytes == len(hollow)
    strict = DownloadOptions(tmp_path / "b", check="decode")
    failed = only_failed(pull(host, tmp_path / "b", options=strict))
    assert failed.reason.startswith("the picture is damaged ")
    assert left(tmp_path / "b") == {}
    host.files[PATH] = PICTURE
    only_finished(pull(host, tmp_path / "b", options=strict))


def test_what_is_odd_but_whole_is_kept_with_a_warning(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = png(1)
    stated = record(1, host.url + PATH)
    stated.metadata.acquisition.update(pixels_x=640, pixels_y=480)
    assert only_finished(pull(host, tmp_path, stated)).warnings == (
        "named .jpg but is a png",
        "64 x 48 pixels, the record says 640 x 480",
    )


def test_a_host_that_is_not_there_ends_the_run(tmp_path: Path) -> None:
    with Loopback() as gone:
        pass
    records = [gone.record(number) for number in range(200)]
    with Loopback() as other:
        downloader = Downloader(other.source(), DownloadOptions(tmp_path, jobs=4), sleep=Slept())
        events: list[DownloadEvent] = []
        with pytest.raises(NetworkError, match="none of 32 files could be had"):
            events.extend(downloader.run(iter(records)))
    assert left(tmp_path) == {}


def test_a_host_whose_certificate_is_not_trusted_ends_the_run_and_not_for_later(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    with Loopback(tls=server_context(tmp_path)) as host:
        # Made once: each of the requests would read all authorities of the system.
        context = ssl.create_default_context()
        source = host.source(ssl_context=lambda: context)
        downloader = Downloader(source, DownloadOptions(out, jobs=4), sleep=Slept())
        with pytest.raises(ConnectionSetupError, match="certificate is not trusted") as caught:
            list(downloader.run(host.record(number) for number in range(200)))
    assert "SSL_CERT_FILE" in str(caught.value.hint)
    assert left(out) == {}


@pytest.mark.parametrize(
    "url", ["http://a..b/x.jpg", "http://[::1/x.jpg", f"http://{'a' * 64}.example/x.jpg"]
)
def test_a_bad_address_fails_its_image_and_no_other(
    host: Loopback, tmp_path: Path, url: str
) -> None:
    host.files["/ISIC_0000002.jpg"] = PICTURE
    host.script["/moved"] = [redirect(url)]
    events = pull(
        host,
        tmp_path,
        record(1, url),
        host.record(2),
        host.record(3, path="/moved"),
        options=DownloadOptions(tmp_path, jobs=1),
    )
    failed = [event for event in events if isinstance(event, Failed)]
    assert [event.isic_id for event in failed] == ["ISIC_0000001", "ISIC_0000003"]
    assert all(isinstance(event.error, UnsafeError) for event in failed)
    assert [event.isic_id for event in events if isinstance(event, Finished)] == ["ISIC_0000002"]


def test_a_host_that_ignores_if_range_makes_no_file_of_two_versions(
    host: Loopback, tmp_path: Path
) -> None:
    """The first answer is cut; the rest that the host sends is that of another version."""
    old, new = LARGE, LARGE[:-2] + b"\0\0" + LARGE[-2:]
    rest = answer(
        "206 Partial Content",
        new[5000:],
        etag='"new"',
        content_range=f"bytes 5000-{len(new) - 1}/{len(new)}",
    )
    host.script[PATH] = [
        cut(old, 5000, etag='"old"'),
        rest,
        answer("200 OK", new, etag='"new"'),
    ]
    events = pull(host, tmp_path)
    assert isinstance(events[-1], Finished)
    assert events[-1].sha256 == hashlib.sha256(new).hexdigest()
    assert (tmp_path / "ISIC_0000001.jpg").read_bytes() == new
    assert [headers.get("range") for _, headers in host.requests] == [None, "bytes=5000-", None]
