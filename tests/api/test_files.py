"""The file host over both of its transports: http.client, and httpx."""

import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPResponse
from pathlib import Path
from typing import cast

import pytest

from isic_cli.api.files import FileHost
from isic_cli.api.network import ReadWatch
from isic_cli.api.socket_file import Reader, SocketFile
from isic_cli.errors import (
    ConnectionSetupError,
    ExpiredLinkError,
    IsicError,
    NotFoundError,
    RefusedError,
    ServerError,
    TransferError,
    UnsafeError,
)
from isic_cli.models.image import RemoteFile
from tests.support.filehost import (
    Loopback,
    Reply,
    answer,
    chunked,
    cut,
    etag_of,
    raw,
    redirect,
    stalled,
)
from tests.support.tls import client_context, server_context

BODY = bytes(range(256)) * 300
REST = BODY[1000:]
WHERE = "bytes 1000-76799/76800"
Open = Callable[..., FileHost]


@pytest.fixture
def loop() -> Iterator[Loopback]:
    with Loopback(files={"/a": BODY}) as loopback:
        yield loopback


def use_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a proxy in the environment that this machine is exempt from: httpx is used then."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")


@pytest.fixture(params=["http.client", "httpx"])
def opened(request: pytest.FixtureRequest, loop: Loopback, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a file host over one of the two transports."""
    if request.param == "httpx":
        use_httpx(monkeypatch)
    return partial(loop.host, ssl_context=ssl.create_default_context)


def read(host: FileHost, url: str, offset: int = 0, etag: str | None = None) -> tuple[int, bytes]:
    """Return where the body begins, and the body."""
    with host.open_file(RemoteFile(url=url), offset=offset, etag=etag) as stream:
        return stream.start, b"".join(stream.chunks())


def test_a_file_comes_whole_with_what_the_host_says_about_it(loop: Loopback, opened: Open) -> None:
    with opened().open_file(RemoteFile(url=f"{loop.url}/a")) as stream:
        said = (stream.status, stream.start, stream.length, stream.total, stream.etag)
        assert b"".join(stream.chunks()) == BODY
    assert said == (200, 0, len(BODY), len(BODY), etag_of(BODY))


def test_no_credentials_and_no_compression_are_ever_offered(loop: Loopback, opened: Open) -> None:
    loop.script["/a"] = [answer("200 OK", b"x", set_cookie="session=1"), answer("200 OK", b"y")]
    host = opened()
    read(host, f"{loop.url}/a?Signature=s")
    read(host, f"{loop.url}/a")
    assert [target for target, _ in loop.requests] == ["/a?Signature=s", "/a"]
    for _, headers in loop.requests:
        assert headers.keys() <= {"host", "user-agent", "accept", "accept-encoding", "connection"}
        assert headers["accept-encoding"] == "identity"


def test_a_connection_is_used_again_after_a_whole_body_only(loop: Loopback, opened: Open) -> None:
    ports: list[int] = []

    def noting(reply: Reply) -> Reply:
        def noted(sock: socket.socket, headers: object) -> bool:
            ports.append(sock.getpeername()[1])
            return reply(sock, {})

        return noted

    whole = noting(answer("200 OK", BODY))
    loop.script["/a"] = [whole, noting(chunked(b"ab", b"c")), whole, whole, whole]
    host = opened()
    assert read(host, f"{loop.url}/a") == (0, BODY)
    assert read(host, f"{loop.url}/a") == (0, b"abc")
    with host.open_file(RemoteFile(url=f"{loop.url}/a")):
        pass
    read(host, f"{loop.url}/a")
    assert len(set(ports[:3])) == 1
    assert ports[3] != ports[2]


def test_a_connection_that_was_closed_while_idle_is_no_fault(loop: Loopback) -> None:
    def last(sock: socket.socket, _: object) -> bool:
        answer("200 OK", b"one")(sock, {})
        return False

    loop.script["/a"] = [last]
    host = loop.host()
    assert read(host, f"{loop.url}/a") == (0, b"one")
    loop.script.clear()
    assert read(host, f"{loop.url}/a") == (0, BODY)


def test_the_rest_of_a_file_comes_with_proof(loop: Loopback, opened: Open) -> None:
    assert read(opened(), f"{loop.url}/a", 1000, etag_of(BODY)) == (1000, BODY[1000:])


def test_another_version_comes_whole(loop: Loopback, opened: Open) -> None:
    assert read(opened(), f"{loop.url}/a", 1000, '"older"') == (0, BODY)


def test_without_an_etag_nothing_is_resumed(loop: Loopback, opened: Open) -> None:
    assert read(opened(), f"{loop.url}/a", 1000) == (0, BODY)
    assert "range" not in loop.requests[0][1]


@pytest.mark.parametrize(
    "reply",
    [
        answer("416 Range Not Satisfiable", content_range="bytes */5"),
        answer("206 Partial Content", b"xyz", content_range="bytes 0-2/76800"),
        answer("206 Partial Content", b"xyz", content_range="bytes 1000-1002/76800"),
        answer("206 Partial Content", b"xyz", content_range="lines 1-2"),
        answer("206 Partial Content", b"xyz"),
        answer("206 Partial Content", REST, etag='"other"', content_range=WHERE),
        answer("206 Partial Content", REST, etag=f"W/{etag_of(BODY)}", content_range=WHERE),
        answer("206 Partial Content", REST, content_range=WHERE),
    ],
)
def test_a_range_without_proof_leads_to_the_whole_file(
    loop: Loopback, opened: Open, reply: Reply
) -> None:
    loop.script["/a"] = [reply]
    assert read(opened(), f"{loop.url}/a", 1000, etag_of(BODY)) == (0, BODY)
    assert ["range" in headers for _, headers in loop.requests] == [True, False]


def test_a_range_of_unknown_total_is_taken(loop: Loopback, opened: Open) -> None:
    reply = answer(
        "206 Partial Content", b"xyz", content_range="bytes 1000-1002/*", etag=etag_of(BODY)
    )
    loop.script["/a"] = [reply]
    assert read(opened(), f"{loop.url}/a", 1000, etag_of(BODY)) == (1000, b"xyz")


def test_a_part_that_nobody_asked_for_is_refused(loop: Loopback, opened: Open) -> None:
    loop.script["/a"] = [answer("206 Partial Content", b"x", content_range="bytes 5-5/6")] * 3
    with pytest.raises(TransferError, match="a part was sent where the whole was asked for"):
        read(opened(), f"{loop.url}/a")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, ExpiredLinkError),
        (403, ExpiredLinkError),
        (404, NotFoundError),
        (410, NotFoundError),
        (400, RefusedError),
        (429, ServerError),
        (500, ServerError),
        (503, ServerError),
        (204, TransferError),
        (304, TransferError),
    ],
)
def test_each_status_has_its_error(
    loop: Loopback, opened: Open, status: int, error: type[IsicError]
) -> None:
    loop.script["/a"] = [answer(f"{status} x", retry_after="9")]
    with pytest.raises(error) as caught:
        read(opened(), f"{loop.url}/a?Signature=secret")
    assert caught.type is error
    assert caught.value.message == f"{loop.url}/a: HTTP {status}"
    assert getattr(caught.value, "retry_after", 9.0) == 9.0


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (cut(BODY, 50_000), "cut after 50000"),
        (chunked(BODY[:1000], ended=False), "cut after 1000 bytes"),
        (cut(BODY, 0, reset=True), "/a: "),
        (raw(b""), "/a: "),
        (raw(b"SMTP ready\r\n\r\n"), "/a: "),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "/a: "),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "/a: "),
        (raw(b"HTTP/1.1 200 OK\r\nContent"), "/a: "),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"), "/a: "),
    ],
)
def test_a_broken_answer_is_a_transfer_error_that_names_the_file(
    loop: Loopback, opened: Open, reply: Reply, why: str
) -> None:
    loop.script["/a"] = [reply]
    del loop.files["/a"]
    with pytest.raises(TransferError, match=why) as caught:
        read(opened(), f"{loop.url}/a?Signature=secret")
    assert caught.value.message.startswith(f"{loop.url}/a: ")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(("after", "why"), [(0, "no answer in time"), (50_000, "stalled after")])
def test_a_stall_ends_after_the_timeout(loop: Loopback, opened: Open, after: int, why: str) -> None:
    release = threading.Event()
    loop.script["/a"] = [stalled(BODY, after, release)]
    with pytest.raises(TransferError, match=why):
        read(opened(timeout=0.1), f"{loop.url}/a")
    release.set()


def test_a_body_without_a_length_ends_with_the_connection(loop: Loopback, opened: Open) -> None:
    loop.script["/a"] = [raw(b"HTTP/1.0 200 OK\r\n\r\nabc")]
    host = opened()
    with host.open_file(RemoteFile(url=f"{loop.url}/a")) as stream:
        assert (stream.length, stream.total) == (None, None)
        assert b"".join(stream.chunks()) == b"abc"
    loop.script.clear()
    assert read(host, f"{loop.url}/a") == (0, BODY)


def test_an_interim_answer_is_passed_over(loop: Loopback, opened: Open) -> None:
    loop.script["/a"] = [
        raw(
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
        )
    ]
    assert read(opened(), f"{loop.url}/a") == (0, b"a")


def test_a_whole_answer_with_a_location_is_no_redirect(loop: Loopback, opened: Open) -> None:
    loop.script["/a"] = [answer("200 OK", b"abc", location=f"{loop.url}/b")]
    assert read(opened(), f"{loop.url}/a") == (0, b"abc")


def test_the_length_of_a_body_in_chunks_counts_for_nothing(loop: Loopback, opened: Open) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n"
    loop.script["/a"] = [raw(head + b"3\r\nabc\r\n0\r\n\r\n")]
    with opened().open_file(RemoteFile(url=f"{loop.url}/a")) as stream:
        assert (stream.length, stream.total) == (None, None)
        assert b"".join(stream.chunks()) == b"abc"


def test_five_redirects_are_followed_and_six_are_not(loop: Loopback, opened: Open) -> None:
    for number in range(6):
        loop.script[f"/{number}"] = [redirect(f"{loop.url}/{number + 1}")] * 2
    loop.files["/6"] = BODY
    host = opened()
    assert read(host, f"{loop.url}/1") == (0, BODY)
    with pytest.raises(UnsafeError, match="redirected more than 5 times"):
        read(host, f"{loop.url}/0")


def test_an_archive_in_the_open_may_not_send_us_inside(loop: Loopback) -> None:
    host = loop.host(archive_url="https://api.isic-archive.com")
    with pytest.raises(UnsafeError, match="would leave https"):
        read(host, f"{loop.url}/a")
    with pytest.raises(UnsafeError, match="inside a private network"):
        read(host, f"{loop.url}/a".replace("http:", "https:"))
    assert loop.requests == []


@pytest.mark.parametrize("after", [0, 50_000])
def test_an_abort_ends_a_blocked_read_at_once(loop: Loopback, opened: Open, after: int) -> None:
    release = threading.Event()
    arrived = threading.Event()

    def reply(sock: socket.socket, headers: object) -> bool:
        arrived.set()
        return stalled(BODY, after, release)(sock, {})

    loop.script["/a"] = [reply]
    host = opened(timeout=30.0)
    errors: list[IsicError] = []

    def blocked() -> None:
        try:
            read(host, f"{loop.url}/a")
        except IsicError as error:
            errors.append(error)

    thread = threading.Thread(target=blocked)
    thread.start()
    assert arrived.wait(5)
    host.abort()
    thread.join(5)
    release.set()
    assert not thread.is_alive()
    assert isinstance(errors[0], TransferError)
    with pytest.raises(TransferError, match="stopped"):
        read(host, f"{loop.url}/a")


def test_a_host_that_does_not_exist_is_a_transfer_error(opened: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(TransferError, match=rf"http://127.0.0.1:{port}/a: "):
        read(opened(timeout=1.0), f"http://127.0.0.1:{port}/a")


@pytest.mark.parametrize("transport", ["http.client", "httpx"])
def test_tls_is_spoken_and_checked(
    tmp_path: Path, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if transport == "httpx":
        use_httpx(monkeypatch)
    made: list[object] = []

    def context() -> ssl.SSLContext:
        made.append(None)
        return client_context()

    with Loopback(files={"/a": BODY}, tls=server_context(tmp_path)) as loop:
        trusting = loop.host(ssl_context=context)
        assert read(trusting, f"{loop.url}/a") == (0, BODY)
        assert read(trusting, f"{loop.url}/a") == (0, BODY)
        assert len(made) == 1
        with pytest.raises(ConnectionSetupError, match="self-signed"):
            read(loop.host(ssl_context=ssl.create_default_context), f"{loop.url}/a")


def test_a_proxy_in_the_environment_is_used(
    loop: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", loop.url)
    loop.script["http://far.example/a"] = [answer("200 OK", b"through the proxy")]
    host = loop.host(archive_url="http://127.0.0.1", ssl_context=client_context)
    assert read(host, "http://far.example/a") == (0, b"through the proxy")


def test_an_answer_that_is_collected_after_its_connection_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python 3.13 prints what `HTTPResponse` raises when it flushes a closed file."""
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    here, there = socket.socketpair()
    with here, there:
        file = SocketFile(here, ReadWatch(0, 1))
        reader = Reader(file, 16)
        file.close()
        collected = HTTPResponse(cast("socket.socket", reader))
        collected.flush()  # as it does when it is collected; 3.13 alone tells what that raises
        del collected
    assert said == []
