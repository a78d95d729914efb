"""What never ends is given up: heads, trailers, bodies, and answers that unpack to gigabytes."""

import gzip
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import httpx
import pytest

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.files import FileHost
from isic_cli.api.network import LongAnswerError, ReadWatch, SlowAnswerError
from isic_cli.errors import NetworkError, ResponseError, TransferError, UnsafeError
from isic_cli.models.image import RemoteFile
from tests.api.test_files import BODY, read, use_httpx
from tests.support.filehost import Loopback, Reply, answer, chunked, endless, raw
from tests.support.opened import opened, settings_for

Open = Callable[..., FileHost]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
UNSIZED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def loop() -> Iterator[Loopback]:
    with Loopback() as loopback:
        yield loopback


@pytest.fixture(params=["http.client", "httpx"])
def files(request: pytest.FixtureRequest, loop: Loopback, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a file host that gives up below 10,000 bytes per second, looking every 0.1 s."""
    if request.param == "httpx":
        use_httpx(monkeypatch)
    return partial(
        loop.host, ssl_context=ssl.create_default_context, timeout=0.1, lowest_speed=10_000.0
    )


@pytest.mark.parametrize(
    "reply",
    [
        endless(b"", CONTINUE),
        endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        endless(b"HTTP/1.1 200 OK\r\n", b"X-Header: something\r\n"),
        endless(CHUNKED + b"1\r\na\r\n0\r\n", b"X-Trailer: something\r\n"),
    ],
)
def test_heads_and_trailers_without_end_are_given_up(
    loop: Loopback, files: Open, reply: Reply
) -> None:
    loop.script["/a"] = [reply]
    with pytest.raises(TransferError, match=f"{loop.url}/a: "):
        read(files(), f"{loop.url}/a")


@pytest.mark.parametrize(
    "reply",
    [
        endless(b"", CONTINUE, pause=0.02),
        endless(b"HTTP/1.1 200 OK\r\nX-Header: ", b"x", pause=0.02),
        endless(SIZED, b"x", pause=0.02),
        endless(UNSIZED, b"x", pause=0.02),
        endless(CHUNKED, b"1\r\nx\r\n", pause=0.02),
        endless(CHUNKED + b"1\r\na\r\n0\r\nX-Trailer: ", b"x", pause=0.02),
    ],
)
def test_what_comes_by_the_byte_is_given_up(loop: Loopback, files: Open, reply: Reply) -> None:
    loop.script["/a"] = [reply]
    with pytest.raises(TransferError, match="slower than 10000 bytes per second"):
        # The server may be late by twenty bytes on a busy machine, and is still an answer.
        read(files(timeout=0.4), f"{loop.url}/a")


def test_a_body_without_a_length_has_a_bound(loop: Loopback, files: Open) -> None:
    loop.script["/a"] = [endless(UNSIZED, bytes(50_000))]
    with pytest.raises(UnsafeError, match="more than 1000000 bytes without a Content-Length"):
        read(files(max_answer=1_000_000), f"{loop.url}/a")


def test_the_size_that_the_archive_states_moves_that_bound(loop: Loopback, files: Open) -> None:
    loop.script["/a"] = [chunked(BODY)]
    host = files(max_answer=1000)
    with host.open_file(RemoteFile(url=f"{loop.url}/a", size=len(BODY) // 4)) as stream:
        assert b"".join(stream.chunks()) == BODY
    few = RemoteFile(url=f"{loop.url}/a", size=len(BODY) // 4 - 1)
    with (
        pytest.raises(UnsafeError, match=f"more than {len(BODY) - 4} bytes"),
        host.open_file(few) as stream,
    ):
        list(stream.chunks())


def test_a_length_bounds_a_body_however_long(loop: Loopback, files: Open) -> None:
    loop.script["/a"] = [answer("200 OK", BODY)]
    assert read(files(max_answer=1000), f"{loop.url}/a") == (0, BODY)


@pytest.mark.parametrize("length", ["9" * 5000, "9" * 20, "-1", "1_0", "two"])
def test_a_length_that_is_no_number_of_bytes_is_a_transfer_error(
    loop: Loopback, files: Open, length: str
) -> None:
    loop.script["/a"] = [raw(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())]
    with pytest.raises(TransferError, match=f"{loop.url}/a: "):
        read(files(), f"{loop.url}/a")


# -- the archive's own answers ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (endless(b"", CONTINUE), "the head or the trailers of the answer do not end"),
        (endless(b"", CONTINUE, pause=0.02), "the answer comes slower than 10000 bytes per"),
        (endless(SIZED, b"x", pause=0.02), "the answer comes slower than 10000 bytes per"),
    ],
)
def test_an_answer_of_the_archive_without_end_is_given_up(
    loop: Loopback, reply: Reply, why: str
) -> None:
    loop.script["/api/v2/users/me/"] = [reply]
    settings = replace(settings_for(loop.url, retries=0, timeout=0.1), lowest_speed=10_000.0)
    with ArchiveApi.open(settings) as api, pytest.raises(NetworkError, match=why):
        api.me()


def test_an_answer_that_unpacks_to_more_than_the_bound_is_refused() -> None:
    bomb = gzip.compress(bytes(50_000_000), 1)

    def step(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200,
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
            stream=httpx.ByteStream(bomb),
        )

    settings = replace(settings_for(), max_answer=20_000_000)
    with (
        ArchiveApi.open(settings, transport=httpx.MockTransport(step)) as api,
        pytest.raises(ResponseError, match="the answer is longer than 20000000 bytes"),
    ):
        api.me()


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_an_answer_that_is_packed_otherwise_is_refused(encoding: str) -> None:
    def step(request: httpx.Request) -> httpx.Response:
        assert request.headers["accept-encoding"] == "gzip, deflate"
        headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"x"))

    why = f"the answer is packed as '{encoding}'"
    with opened(httpx.MockTransport(step)) as api, pytest.raises(ResponseError, match=why):
        api.me()


# -- the watch -------------------------------------------------------------------------------


def test_a_watch_does_not_count_the_time_before_the_first_byte() -> None:
    watch = ReadWatch(100.0, window=20.0)
    watch.begin()
    watch.received(1, seconds=300.0)
    watch.received(2000, seconds=20.0)
    watch.received(1999, seconds=19.9)
    with pytest.raises(SlowAnswerError, match="slower than 100 bytes per second"):
        watch.received(0, seconds=0.1)


def test_a_watch_without_a_lowest_speed_waits_for_ever() -> None:
    watch = ReadWatch(0.0, window=20.0)
    for _ in range(3):
        watch.received(1, seconds=1e6)
    # It still counts: only the speed is left alone.
    watch.allow(1)
    with pytest.raises(LongAnswerError):
        watch.received(2, seconds=1e6)


def test_a_watch_counts_bytes_while_they_are_bounded() -> None:
    watch = ReadWatch(0.0, window=20.0)
    watch.allow(10)
    watch.received(10, seconds=0.0)
    with pytest.raises(LongAnswerError):
        watch.received(1, seconds=0.0)
    watch.allow(None)
    watch.received(1 << 40, seconds=0.0)
