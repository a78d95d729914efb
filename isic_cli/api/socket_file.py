"""What a socket sends, as a file that is read ahead."""

import io
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from isic_cli.api.network import ReadWatch
from isic_cli.files.turns import TURNS

#: Bytes that are read ahead: most pictures come in one read.
_BUFFER = 1 << 16


class SocketFile(io.RawIOBase):
    """What a socket sends, watched."""

    def __init__(self, sock: socket.socket, watch: ReadWatch) -> None:
        self._sock = sock
        self._watch = watch
        self.has_ended = False
        self._has_data = _has_data_of(sock)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come, or wait for it."""
        # Tickets of TLS may come before an answer: its first byte is always waited for.
        with TURNS.aside(when=self._watch.is_first or not self._has_data()):
            begun = time.monotonic()
            count = self._sock.recv_into(buffer)
            waited = time.monotonic() - begun
        self._watch.received(count, waited)
        self.has_ended = not count
        return self._filled(buffer, count) if 0 < count < len(buffer) else count

    def _filled(self, buffer: Any, count: int) -> int:
        """Read what else is there: TLS gives a record of 16 KB at a time."""
        with memoryview(buffer) as view:
            while count < len(view) and self._has_data():
                begun = time.monotonic()
                try:
                    more = self._sock.recv_into(view[count:])
                except OSError:  # the next read tells what is wrong
                    break
                if not more:
                    break
                count += more
                self._watch.received(more, time.monotonic() - begun)  # for the end of a record
        return count


def _has_data_of(sock: socket.socket) -> Callable[[], object]:
    """Return a function that tells whether something has come."""
    if not hasattr(select, "poll"):  # Windows
        return lambda: select.select([sock], [], [], 0)[0]
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return lambda: poll.poll(0)


class Reader(io.BufferedReader):
    """Read ahead over several answers: `http.client` closes it with each, which does nothing."""

    def close(self) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing: an answer that is collected after its socket flushes what it read from."""

    def makefile(self, _: str) -> "Reader":
        """Return what `HTTPResponse` asks its socket for."""
        return self
