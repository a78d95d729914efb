"""Who waits during a download lets the others work."""

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from socket import socket

import httpx
import pytest

from isic_cli.files.turns import TURNS
from isic_cli.services.download.limits import Pace
from isic_cli.services.download.part_store import PartStore
from isic_cli.services.download.pool import AdaptiveConcurrency, WorkerPool
from tests.api.test_files import BODY, read, use_httpx
from tests.files.test_turns import is_free
from tests.support.filehost import Loopback, answer
from tests.support.tls import client_context, server_context

LENGTH = {"Content-Length": str(len(BODY))}


class Watched(Loopback):
    """Notes when a turn was free: before TLS, at the request, and amid the body."""

    def __enter__(self) -> "Watched":
        self.free: list[bool] = []
        self.script["/a"] = [self._reply_in_pieces]
        return super().__enter__()

    def _serve(self, sock: socket) -> None:
        self.free.append(is_free(TURNS))
        super()._serve(sock)

    def _reply_in_pieces(self, sock: socket, headers: Mapping[str, str]) -> bool:
        self.free.append(is_free(TURNS))

        class Halting:
            def sendall(_, data: bytes) -> None:  # noqa: N805 - `self` is the server here
                sock.sendall(data[:-10])
                time.sleep(0.05)  # the client has read that, and waits for the rest
                self.free.append(is_free(TURNS))
                sock.sendall(data[-10:])

        return answer("200 OK", BODY)(Halting(), headers)  # type: ignore[arg-type]


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(TURNS, "patience", 5)  # the server asks while the client still works
    with Watched() as loopback:
        yield loopback


@pytest.mark.parametrize("transport", ["http.client", "httpx"])
def test_a_connection_a_head_and_a_body_are_waited_for_aside(
    loop: Watched, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if transport == "httpx":
        use_httpx(monkeypatch)
    host = loop.host(ssl_context=ssl.create_default_context)
    with TURNS.taken():
        assert read(host, f"{loop.url}/a") == (0, BODY)
    assert loop.free == [True, True, True]


def test_a_handshake_is_waited_for_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TURNS, "patience", 5)
    with Watched(tls=server_context(tmp_path)) as loop, TURNS.taken():
        assert read(loop.host(ssl_context=client_context), f"{loop.url}/a") == (0, BODY)
    assert loop.free == [True, True, True]


def test_an_archive_in_this_process_answers_in_the_turn_of_who_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TURNS, "patience", 0)
    free = []

    def reply(_: httpx.Request) -> httpx.Response:
        free.append(is_free(TURNS))
        return httpx.Response(200, stream=httpx.ByteStream(BODY), headers=LENGTH)

    loop = Loopback()
    loop.url, loop._hosts = "http://127.0.0.1:1", []
    with TURNS.taken():
        assert read(loop.host(transport=httpx.MockTransport(reply)), f"{loop.url}/a") == (0, BODY)
    assert free == [False]


def test_a_pause_is_made_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TURNS, "patience", 0)
    free = []
    pace = Pace(pause=lambda _: free.append(is_free(TURNS)))
    with TURNS.taken():
        pace.wait(1.0)
        assert not is_free(TURNS)
    assert free == [True]


@pytest.mark.parametrize(("size", "is_aside"), [((1 << 17) - 1, False), (1 << 17, True)])
def test_many_bytes_are_written_and_hashed_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, *, is_aside: bool
) -> None:
    monkeypatch.setattr(TURNS, "patience", 0)
    free = []

    def write(descriptor: int, data: bytes) -> int:
        free.append(is_free(TURNS))
        return os.write(descriptor, data)

    store = PartStore(tmp_path, write=write)
    store.sweep()
    part = store.open("a")
    with TURNS.taken():
        part.begin(0, None)
        part.add(bytes(size))
        part.flush()
    part.discard()
    assert free == [is_aside]


def test_a_thread_that_is_held_up_does_not_hold_up_the_others() -> None:
    done = threading.Event()

    def work(item: str, _: object) -> str:
        # The first waits for what only the second does, and tells nobody that it waits.
        if item == "first":
            return f"first {done.wait(10)}"
        done.set()
        return item

    pool: WorkerPool[str, str] = WorkerPool(work, AdaptiveConcurrency(2))
    for outstanding, item in enumerate(("first", "second"), start=1):
        pool.submit(item, outstanding)
    assert [pool.take(), pool.take()] == ["second", "first True"]
    pool.close(None)


def test_an_event_is_there_while_its_item_is_worked_on() -> None:
    seen = threading.Event()

    def work(item: str, emit: Callable[[str], None]) -> str:
        emit("half")
        return f"{item} {seen.wait(10)}"

    pool: WorkerPool[str, str] = WorkerPool(work, AdaptiveConcurrency(1))
    pool.submit("whole", 1)
    assert pool.take() == "half"
    seen.set()
    assert pool.take() == "whole True"
    pool.close(None)


def test_items_are_worked_on_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TURNS, "patience", 0)
    pool: WorkerPool[str, bool] = WorkerPool(lambda *_: is_free(TURNS), AdaptiveConcurrency(1))
    pool.submit("a", 1)
    assert pool.take() is False
    pool.close(None)
