"""Over real connections: what a network does to them, and how they are let go."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from isic_cli.api.archive import ArchiveApi
from isic_cli.api.network import OpenSockets
from isic_cli.errors import AuthError, NetworkError
from tests.support.listing import spread
from tests.support.opened import settings_for
from tests.support.server import ArchiveServer, Fault, Hook


def first_request(fault: Fault) -> Hook:
    return lambda method, path, number: fault if number == 1 else None


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset"),
        Fault("cut", sent=500),
        Fault("cut", sent=0),
        Fault("status", status=503),
        Fault("status", status=429, headers=(("Retry-After", "1"),)),
    ],
)
def test_a_broken_connection_is_tried_again(fault: Fault) -> None:
    naps: list[float] = []
    with (
        ArchiveServer(spread(3), hook=first_request(fault)) as server,
        ArchiveApi.open(settings_for(server.url), sleep=naps.append) as api,
    ):
        assert len(list(api.search())) == 3
        assert len(server.requests) == 2
    assert len(naps) == 1


def test_a_silent_server_is_given_up_after_the_time_out() -> None:
    with (
        ArchiveServer(spread(3), hook=first_request(Fault("stall"))) as server,
        ArchiveApi.open(settings_for(server.url, timeout=0.2, retries=0)) as api,
        pytest.raises(NetworkError, match="no answer in time"),
    ):
        api.search().count()


def test_no_server_is_no_connection() -> None:
    with ArchiveServer() as server:
        url = server.url
    naps: list[float] = []
    with (
        ArchiveApi.open(settings_for(url, retries=2), sleep=naps.append) as api,
        pytest.raises(NetworkError, match=r"no connection: .*refused.* \(3 attempts\)"),
    ):
        api.me()
    assert len(naps) == 2


def test_a_slow_answer_within_the_time_out_is_waited_for() -> None:
    with (
        ArchiveServer(spread(3), hook=first_request(Fault("delay", seconds=0.05))) as server,
        ArchiveApi.open(settings_for(server.url)) as api,
    ):
        assert api.search().count() == 3


def test_lanes_list_a_whole_archive_over_the_network() -> None:
    ids = spread(2500, step=3999)
    with ArchiveServer(ids) as server, ArchiveApi.open(settings_for(server.url)) as api:
        assert [image.isic_id for image in api.search().by_id()] == sorted(ids)


def test_a_token_is_checked_and_sent() -> None:
    with ArchiveServer(spread(3), tokens=["good"]) as server:
        with ArchiveApi.open(settings_for(server.url, token="good")) as api:
            assert api.image("ISIC_0000001").isic_id == "ISIC_0000001"
        assert [(path, headers["Authorization"]) for _, path, headers in server.requests] == [
            ("/api/v2/users/me/", "Bearer good"),
            ("/api/v2/images/ISIC_0000001/", "Bearer good"),
        ]
        with (
            ArchiveApi.open(settings_for(server.url, token="stale")) as api,
            pytest.raises(AuthError),
        ):
            api.image("ISIC_0000001")


def closes_quickly(api: ArchiveApi, work: Callable[[], object], begun: threading.Event) -> float:
    """Close an archive while a thread waits in `work`; return the seconds until it ended."""

    def run() -> None:
        with suppress(NetworkError):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(5)
    started = time.monotonic()
    api.close()
    thread.join(5)
    assert not thread.is_alive()
    return time.monotonic() - started


def test_closing_ends_a_request_that_waits_for_a_silent_server() -> None:
    begun = threading.Event()

    def stall(method: str, path: str, number: int) -> Fault | None:
        if number == 1:
            return None
        begun.set()
        return Fault("stall")

    with ArchiveServer(spread(3), hook=stall) as server:
        api = ArchiveApi.open(settings_for(server.url, timeout=30.0))
        api.search().count()
        assert closes_quickly(api, api.search().count, begun) < 2


def test_closing_ends_a_wait_between_tries() -> None:
    begun = threading.Event()

    def ask_to_wait(method: str, path: str, number: int) -> Fault | None:
        begun.set()
        return Fault("status", status=503, headers=(("Retry-After", "100"),))

    with ArchiveServer(spread(3), hook=ask_to_wait) as server:
        api = ArchiveApi.open(settings_for(server.url))
        assert closes_quickly(api, api.search().count, begun) < 2
        assert len(server.requests) == 1


def test_a_connection_that_is_made_after_the_cut_is_refused() -> None:
    sockets = OpenSockets()
    sockets.cut()
    assert sockets.is_cut
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ConnectionAbortedError, match="stopped"):
        sockets.add(ours)
