"""The short way to a file host: HTTP/1.1 over kept connections, nothing else.

One connection per thread and origin over one shared TLS context. Measured with 2,000 files of
40 KB on loopback and 16 threads (`benchmarks/doors.py`), a request costs 0.04 to 0.07 ms of CPU
here and 0.7 to 0.8 ms through httpx (its pool, its state machine, its models). httpx stays in use
wherever a proxy or a transport is set (`carrier`). Owning the sockets is also what lets another
thread cut every request in flight.
"""

import io
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import cast

from isic_cli.api.addresses import Address
from isic_cli.api.http1 import MalformedError, WireAnswer, translated

#: Bytes that are read ahead: most pictures come in one read.
_BUFFER = 1 << 16
#: Seconds to wait for a connection; a file host that needs longer is not there.
CONNECT = 10.0


class _Connection:
    """A connection whose socket another thread can find and shut down, from the first packet."""

    def __init__(
        self,
        address: Address,
        *,
        context: ssl.SSLContext | None,
        timeout: float,
        watch: Callable[[socket.socket | None], None],
    ) -> None:
        self._address = address
        self._context = context
        self._timeout = timeout
        self._watch = watch
        self._sock: socket.socket | None = None
        self._reader: io.BufferedReader | None = None

    @property
    def is_open(self) -> bool:
        return self._sock is not None

    def ask(self, request: bytes) -> WireAnswer:
        """Send a request, on a new connection when there is none, and read the answer's head."""
        try:
            if self._sock is None or self._reader is None:
                self._sock = self._connect()
                self._reader = cast("io.BufferedReader", self._sock.makefile("rb", _BUFFER))
            self._sock.sendall(request)
            return WireAnswer(self._reader, self._address, self.close)
        except (OSError, EOFError, MalformedError):
            self.close()
            raise

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        if self._sock is not None:
            self._sock.close()
            self._watch(None)
        self._sock = self._reader = None

    def _connect(self) -> socket.socket:
        """Connect to the first address that answers, then shake hands."""
        failure: OSError | None = None
        port = self._address.port or (443 if self._context else 80)
        for family, kind, protocol, _, place in socket.getaddrinfo(
            self._address.host, port, type=socket.SOCK_STREAM
        ):
            try:
                return self._open(socket.socket(family, kind, protocol), place)
            except OSError as error:
                failure = error
        raise failure or ConnectionError("the name has no address")

    def _open(self, sock: socket.socket, place: tuple[object, ...]) -> socket.socket:
        try:
            self._watch(sock)
            sock.settimeout(min(CONNECT, self._timeout))
            sock.connect(place)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(self._timeout)
            if self._context is None:
                return sock
            secure = self._context.wrap_socket(
                sock, server_hostname=self._address.host, do_handshake_on_connect=False
            )
            sock = secure
            self._watch(sock)
            secure.do_handshake()
        except OSError:
            sock.close()
            self._watch(None)
            raise
        return sock


class WireDoor:
    """Kept connections, one for each thread and origin.

    Parameters
    ----------
    ssl_context : callable
        Returns the shared context; asked for when the first https address comes.
    timeout : float
        Seconds without a byte before a request is given up.
    """

    def __init__(self, *, ssl_context: Callable[[], ssl.SSLContext], timeout: float) -> None:
        self._ssl_context = ssl_context
        self._timeout = timeout
        self._own = threading.local()
        self._lock = threading.Lock()
        self._sockets: dict[object, socket.socket] = {}
        self._connections: list[_Connection] = []
        self._aborted = False

    def get(self, address: Address, headers: Mapping[str, str]) -> WireAnswer:
        """Send a GET and wait for the answer's head.

        Raises
        ------
        TransferError
            When there is no answer.
        """
        lines = [f"GET {address.target} HTTP/1.1", f"Host: {address.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join([*lines, "", ""]).encode("latin-1")
        try:
            connection = self._connection(address)
            reused = connection.is_open
            try:
                return connection.ask(request)
            except (ConnectionError, EOFError):
                if not reused or self._aborted:
                    raise
            # The host closed a connection that had been idle: no fault of this request.
            return connection.ask(request)
        except (OSError, EOFError, MalformedError) as error:
            raise translated(error, address, 0) from error

    def _connection(self, address: Address) -> _Connection:
        if self._aborted:
            raise ConnectionAbortedError("stopped")
        pool: dict[tuple[str, str], _Connection] | None = getattr(self._own, "pool", None)
        if pool is None:
            pool = self._own.pool = {}
        key = (address.scheme, address.netloc)
        connection = pool.get(key)
        if connection is None:
            context = self._ssl_context() if address.scheme == "https" else None
            connection = pool[key] = _Connection(
                address, context=context, timeout=self._timeout, watch=self._watcher()
            )
            with self._lock:
                self._connections.append(connection)
        return connection

    def _watcher(self) -> Callable[[socket.socket | None], None]:
        mark = object()

        def watch(sock: socket.socket | None) -> None:
            with self._lock:
                if sock is None:
                    self._sockets.pop(mark, None)
                elif self._aborted:
                    raise ConnectionAbortedError("stopped")
                else:
                    self._sockets[mark] = sock

        return watch

    def abort(self) -> None:
        """Cut every request in flight: blocked reads in other threads end at once."""
        with self._lock:
            self._aborted = True
            for sock in self._sockets.values():
                # The base method: that of an SSL socket first forgets the encryption, and the
                # reading thread would take what is still in the kernel's buffer for plain text.
                with suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close every connection; no request may be in flight."""
        with self._lock:
            connections, self._connections = self._connections, []
        for connection in connections:  # each takes the lock to sign off
            connection.close()
