"""A read takes what has come, in one piece, and never waits for more."""

import socket
import time
from collections.abc import Iterator

import pytest

from isic_cli.api.network import LongAnswerError, ReadWatch, SlowAnswerError
from isic_cli.api.socket_file import SocketFile


class Records(socket.socket):
    """A socket that gives a record at a time, as TLS does; readable as long as one is left."""

    def __init__(self, *records: bytes | Exception) -> None:
        here, self._there = socket.socketpair()
        super().__init__(fileno=here.detach())
        self.records = list(records)
        self._there.sendall(b"x")
        self.reads = 0

    def recv_into(self, buffer: object, nbytes: int = 0, flags: int = 0) -> int:
        assert isinstance(buffer, bytearray | memoryview)
        self.reads += 1
        record = self.records.pop(0)
        count = 0
        if isinstance(record, bytes):
            count = min(len(record), len(buffer))
            buffer[:count] = record[:count]
            if record[count:]:
                self.records.insert(0, record[count:])
        if not self.records:
            self.recv(1)
        if isinstance(record, Exception):
            raise record
        return count

    @property
    def left(self) -> list[bytes]:
        return [record for record in self.records if isinstance(record, bytes)]

    def close(self) -> None:
        self._there.close()
        super().close()


@pytest.fixture
def watch() -> ReadWatch:
    return ReadWatch(0, 1)


def opened(watch: ReadWatch, *records: bytes | Exception) -> Iterator[tuple[SocketFile, Records]]:
    with Records(*records) as sock:
        yield SocketFile(sock, watch), sock


def test_all_records_that_have_come_are_one_read(watch: ReadWatch) -> None:
    for file, sock in opened(watch, b"a" * 10, b"b" * 5, b"c"):
        buffer = bytearray(64)
        assert file.readinto(buffer) == 16
        assert buffer.rstrip(b"\0") == b"a" * 10 + b"b" * 5 + b"c"
        assert sock.records == []


@pytest.mark.parametrize(("size", "reads"), [(9, 1), (10, 1), (12, 2)])
def test_a_read_takes_no_more_than_its_buffer_holds(
    watch: ReadWatch, size: int, reads: int
) -> None:
    for file, sock in opened(watch, b"a" * 10, b"b" * 5):
        assert file.readinto(bytearray(size)) == size
        assert sock.reads == reads
        assert b"".join(sock.left) == (b"a" * 10 + b"b" * 5)[size:]


def test_an_error_behind_what_has_come_is_for_the_next_read(watch: ReadWatch) -> None:
    for file, _ in opened(watch, b"a" * 10, ConnectionResetError("gone"), b"b"):
        assert file.readinto(bytearray(64)) == 10
        assert not file.has_ended
        assert file.readinto(bytearray(64)) == 1


def test_the_end_behind_what_has_come_is_for_the_next_read(watch: ReadWatch) -> None:
    for file, sock in opened(watch, b"a" * 10, b"", b"", b"of somebody else"):
        assert file.readinto(bytearray(64)) == 10
        assert not file.has_ended
        assert file.readinto(bytearray(64)) == 0
        assert file.has_ended
        assert len(sock.records) == 1


@pytest.mark.parametrize(("seconds", "is_slow"), [(1.9, False), (2.0, False), (2.1, True)])
def test_waiting_for_the_end_of_a_record_counts(
    monkeypatch: pytest.MonkeyPatch, seconds: float, *, is_slow: bool
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    class Late(Records):
        def recv_into(self, buffer: object, nbytes: int = 0, flags: int = 0) -> int:
            now[0] += seconds
            return super().recv_into(buffer, nbytes, flags)

    # Nothing counts before the first byte; five bytes within two seconds are not too few.
    with Late(b"a" * 10, b"b" * 5) as sock:
        file = SocketFile(sock, ReadWatch(2.5, 1))
        if is_slow:
            with pytest.raises(SlowAnswerError):
                file.readinto(bytearray(64))
        else:
            assert file.readinto(bytearray(64)) == 15


@pytest.mark.parametrize(("most", "is_long"), [(15, False), (14, True)])
def test_what_has_come_counts_towards_the_bound(
    watch: ReadWatch, most: int, *, is_long: bool
) -> None:
    watch.allow(most)
    for file, _ in opened(watch, b"a" * 10, b"b" * 5):
        if is_long:
            with pytest.raises(LongAnswerError):
                file.readinto(bytearray(64))
        else:
            assert file.readinto(bytearray(64)) == 15
