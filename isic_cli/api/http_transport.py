"""Files by the standard library's `http.client`, where there is no proxy: half the CPU of httpx.

One kept connection for each thread and origin, over one TLS context. `http.client` reads chunks and
any head but the plainest; the sockets are our own, so that another thread can cut a request in
flight.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException, HTTPResponse
from typing import cast

from isic_cli.api.addresses import Address
from isic_cli.api.file_transport import (
    CONNECT,
    FOREIGN,
    body_length,
    check_length,
    plain_head,
    translated,
)
from isic_cli.api.network import HEAD_BYTES, OpenSockets, ReadWatch
from isic_cli.api.socket_file import Reader, SocketFile
from isic_cli.files.turns import TURNS

#: Most bytes of one read.
_CHUNK = 1 << 20


class _Connection:
    """A connection to one origin, used by one thread."""

    def __init__(
        self,
        address: Address,
        context: ssl.SSLContext | None,
        *,
        timeout: float,
        sockets: OpenSockets,
        watch: ReadWatch,
    ) -> None:
        self._context = context
        self._timeout = timeout
        self._sockets = sockets
        self._host = address.host
        self._sock = self._connect(address.port or (443 if context else 80))
        self._file = SocketFile(self._sock, watch)
        self.reader = Reader(self._file)
        self.is_open = True

    def ask(self, request: bytes) -> "tuple[dict[str, str], int] | HTTPResponse":
        """Send a request and read the head of its answer, interim answers passed over."""
        self._sock.sendall(request)
        data = self.reader.peek()
        if (plain := plain_head(data)) is not None:
            self.reader.read(data.index(b"\r\n\r\n") + 4)
            return plain
        while True:
            response = HTTPResponse(cast("socket.socket", self.reader), method="GET")
            response.begin()
            if self._file.has_ended or response.headers.defects:
                raise HTTPException("the head of the answer is cut or makes no sense")
            if response.status >= 200:
                return response

    def close(self) -> None:
        self.is_open = False
        self._sock.close()

    def _connect(self, port: int) -> socket.socket:
        """Connect to the first address that answers, then shake hands."""
        failure: OSError = ConnectionError("the name has no address")
        for family, kind, protocol, _, place in socket.getaddrinfo(
            self._host, port, type=socket.SOCK_STREAM
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                self._sockets.add(sock)
                sock.settimeout(min(CONNECT, self._timeout))
                sock.connect(place)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(self._timeout)
                return sock if self._context is None else self._secured(sock, self._context)
            except OSError as error:
                sock.close()
                failure = error
        raise failure

    def _secured(self, sock: socket.socket, context: ssl.SSLContext) -> socket.socket:
        secure = context.wrap_socket(
            sock, server_hostname=self._host, do_handshake_on_connect=False
        )
        try:
            self._sockets.add(secure)
            secure.do_handshake()
        except OSError:
            secure.close()
            raise
        return secure


class HttpAnswer:
    """One answer; see `FileAnswer`.

    Parameters
    ----------
    head : tuple or HTTPResponse
        Headers and status of a plain head, whose body has a length; else the response that
        `http.client` made of the head.
    """

    def __init__(
        self,
        head: tuple[dict[str, str], int] | HTTPResponse,
        connection: _Connection,
        address: Address,
        watch: ReadWatch,
    ) -> None:
        self._response = head if isinstance(head, HTTPResponse) else None
        self._connection = connection
        self._address = address
        self._watch = watch
        self._is_done = False
        self.headers: Mapping[str, str]
        self.headers, self.status = (
            (_headers(head), head.status) if isinstance(head, HTTPResponse) else head
        )
        self.length = body_length(self.headers)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes."""
        received = 0
        response = self._response
        # Without a length the body ends with the connection.
        keeps = response is None or not response.will_close
        try:
            for chunk in (
                self._chunked(response) if response and response.chunked else self._plain()
            ):
                received += len(chunk)
                yield chunk
        except FOREIGN as error:
            raise translated(error, self._address, received) from error
        check_length(self._address, received, self.length)
        self._is_done = keeps

    def _plain(self) -> Iterator[bytes]:
        self._watch.allow(None)
        read, left = self._connection.reader.read1, self.length
        while left is None or left > 0:
            chunk = read(_CHUNK if left is None else min(_CHUNK, left))
            if not chunk:
                return
            if left is not None:
                left -= len(chunk)
            yield chunk

    def _chunked(self, response: HTTPResponse) -> Iterator[bytes]:
        while True:
            self._watch.allow(_CHUNK + HEAD_BYTES)  # a chunk, or trailers
            chunk = response.read1(_CHUNK)
            if not chunk:
                return
            yield chunk

    def close(self) -> None:
        """Keep the connection when the body was read to its end, else close it."""
        if not self._is_done:
            self._connection.close()


class _ThreadConnections(threading.local):
    """The connections of one thread, by origin."""

    def __init__(self) -> None:
        self.connections: dict[str, _Connection] = {}


class HttpTransport:
    """Kept connections, one for each thread and origin; see `FileTransport`.

    Parameters
    ----------
    ssl_context : callable
        Returns the shared context; asked for when the first https address comes.
    timeout : float
        Seconds without a byte before a request is given up.
    lowest_speed : float
        Bytes per second below which it is given up too.
    """

    def __init__(
        self, *, ssl_context: Callable[[], ssl.SSLContext], timeout: float, lowest_speed: float
    ) -> None:
        self._ssl_context = ssl_context
        self._timeout = timeout
        self._watch = ReadWatch(lowest_speed, timeout)
        self._sockets = OpenSockets()
        self._own = _ThreadConnections()
        self._all: set[_Connection] = set()  # those of ended threads as well

    def get(self, address: Address, headers: Mapping[str, str]) -> HttpAnswer:
        """Send a GET and wait for the answer's head."""
        host = address.netloc
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        line = f"GET {address.target} HTTP/1.1"
        request = f"{line}\r\nHost: {host}\r\n{fields}\r\n".encode("latin-1")
        origin = f"{address.scheme}://{host}"
        try:
            kept = self._own.connections.get(origin)
            if kept is not None and kept.is_open:
                try:
                    return self._ask(kept, address, request)
                except ConnectionError:
                    if self._sockets.is_cut:
                        raise
                # The host closed a connection that had been idle: no fault of this request.
            with TURNS.aside():
                connection = self._own.connections[origin] = _Connection(
                    address,
                    self._ssl_context() if address.scheme == "https" else None,
                    timeout=self._timeout,
                    sockets=self._sockets,
                    watch=self._watch,
                )
            self._all.add(connection)
            if kept is not None:
                self._all.discard(kept)
            return self._ask(connection, address, request)
        except FOREIGN as error:
            raise translated(error, address, 0) from error

    def _ask(self, connection: _Connection, address: Address, request: bytes) -> HttpAnswer:
        self._watch.begin()
        try:
            return HttpAnswer(connection.ask(request), connection, address, self._watch)
        except BaseException:
            connection.close()
            raise

    def abort(self) -> None:
        """Cut every request in flight: blocked reads in other threads end at once."""
        self._sockets.cut()

    def close(self) -> None:
        """Close every connection; no request may be in flight."""
        for connection in self._all:
            connection.close()


def _headers(response: HTTPResponse) -> dict[str, str]:
    """Return the headers by lower-case name; refuse what leaves the end of a body in doubt."""
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        name = name.lower()  # noqa: PLW2901 - the same name
        if name == "content-length" and headers.get(name, value) != value:
            raise HTTPException("two different Content-Lengths")
        headers[name] = value
    if "transfer-encoding" in headers and not response.chunked:
        raise HTTPException(f"unknown transfer encoding {headers['transfer-encoding'][:40]!r}")
    return headers
