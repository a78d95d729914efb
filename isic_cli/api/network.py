"""The network below httpx: which proxy, how slow and how long an answer may be, cutting it off.

httpx bounds the wait for the next byte only: a server that sends one byte a second, or heads
without end, holds a request for ever. Its streams are watched here, as are those of
`http_transport`.
"""

import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import httpcore
import httpx

from isic_cli.api.proxies import Proxies
from isic_cli.errors import ConfigError

#: Most bytes of a head, interim answers included.
HEAD_BYTES = 1 << 16


def shared_context() -> ssl.SSLContext:
    """Return a TLS context to share: building one costs 16 ms.

    Raises
    ------
    ConfigError
        When SSL_CERT_FILE or SSL_CERT_DIR names no certificates.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigError(
            f"no certificates could be read: {error.strerror or error}",
            hint="Check SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from error


class SlowAnswerError(TimeoutError):
    """An answer that comes, but slower than the lowest speed."""


class LongAnswerError(OSError):
    """A head or trailers that do not end."""


class ReadWatch(threading.local):
    """Bounds on what is read for a request, for each thread its own.

    Only time spent waiting for bytes counts, and none before the first byte of an answer: what
    a server needs to think is bounded by the time-out, and a slow reader is no slow sender.

    Parameters
    ----------
    lowest_speed : float
        Bytes per second that must come on average of a window; 0 for no bound.
    window : float
        Seconds of waiting after which the speed is looked at.

    Attributes
    ----------
    is_first : bool
        Whether nothing of the answer has come.
    """

    def __init__(self, lowest_speed: float, window: float) -> None:
        self._lowest_speed = lowest_speed
        self._window = window
        self.begin()

    def begin(self) -> None:
        """Expect the head of a new answer."""
        self.is_first = True
        self._left: int | None = HEAD_BYTES
        self._waited = 0.0
        self._received = 0

    def allow(self, most: int | None) -> None:
        """Let at most so many bytes come from now on; None for any number."""
        self._left = most

    def received(self, count: int, seconds: float) -> None:
        """Note that `count` bytes came after `seconds` of waiting.

        Raises
        ------
        SlowAnswerError
            Below the lowest speed.
        LongAnswerError
            Beyond what is allowed.
        """
        if self._left is not None:
            self._left -= count
            if self._left < 0:
                raise LongAnswerError("the head or the trailers of the answer do not end")
        if self.is_first:
            self.is_first = False
            return
        self._waited += seconds
        self._received += count
        if self._waited >= self._window:
            if self._received < self._lowest_speed * self._waited:
                raise SlowAnswerError(f"slower than {self._lowest_speed:g} bytes per second")
            self._waited, self._received = 0.0, 0


class OpenSockets:
    """The sockets of one client, so that another thread can cut its requests.

    Closing a client does not wake a thread that waits in `recv`; shutting its socket down does.
    """

    def __init__(self) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self.is_cut = False

    def add(self, sock: socket.socket) -> None:
        """Take note of a socket, before it is used.

        Raises
        ------
        ConnectionAbortedError
            After `cut`.
        """
        with self._lock:
            if self.is_cut:
                raise ConnectionAbortedError("stopped")
            self._sockets.add(sock)

    def cut(self) -> None:
        """Shut every connection down: blocked reads in other threads end at once."""
        with self._lock:
            self.is_cut = True
            sockets = list(self._sockets)
        for sock in sockets:
            # The base method: that of an SSL socket first forgets the encryption, and the
            # reading thread would take what is still in the kernel's buffer for plain text.
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _WatchedStream(httpcore.NetworkStream):
    def __init__(
        self, inner: httpcore.NetworkStream, sockets: OpenSockets, watch: ReadWatch
    ) -> None:
        self._inner = inner
        self._sockets = sockets
        self._watch = watch
        held = inner.get_extra_info("socket")
        if isinstance(held, socket.socket):
            try:
                sockets.add(held)
            except ConnectionAbortedError as error:
                inner.close()
                raise httpcore.ConnectError(str(error)) from error

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        begun = time.monotonic()
        data = self._inner.read(max_bytes, timeout)
        self._watch.received(len(data), time.monotonic() - begun)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, timeout)
        return _WatchedStream(inner, self._sockets, self._watch)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _WatchedBackend(httpcore.NetworkBackend):
    def __init__(self, sockets: OpenSockets, watch: ReadWatch) -> None:
        self._inner = httpcore.SyncBackend()
        self._sockets = sockets
        self._watch = watch

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            stream = self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        except ValueError as error:  # a name that is none, from the resolver's IDNA codec
            raise httpcore.ConnectError(f"{host}: {error}") from error
        return _WatchedStream(stream, self._sockets, self._watch)


class NetworkTransport(httpx.BaseTransport):
    """The network, watched, by way of the proxies in the environment.

    Parameters
    ----------
    ssl_context : callable
        Returns the shared context; asked for when the first request is sent.
    sockets : OpenSockets
        Takes note of every connection.
    watch : ReadWatch
        Watches what is read.

    Raises
    ------
    ConfigError
        For a proxy variable that is not understood.
    """

    def __init__(
        self, ssl_context: Callable[[], ssl.SSLContext], sockets: OpenSockets, watch: ReadWatch
    ) -> None:
        self._ssl_context = ssl_context
        self._backend = _WatchedBackend(sockets, watch)
        self._proxies = Proxies.from_environment()
        self._lock = threading.Lock()
        self._opened: dict[tuple[str | None, str], httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request the way that its address wants."""
        url = request.url
        proxy = self._proxies.of(url.scheme, url.host, url.port)
        with self._lock:
            key = (proxy, url.scheme)
            transport = self._opened.get(key)
            if transport is None:
                transport = self._opened[key] = self._open(proxy, url.scheme)
        return transport.handle_request(request)

    def _open(self, proxy: str | None, scheme: str) -> httpx.HTTPTransport:
        if scheme == "https" or (proxy or "").startswith("https:"):
            context = self._ssl_context()
        else:  # reading the certificates takes 16 ms: this one trusts nobody, and is never used
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if proxy is None:
            transport = httpx.HTTPTransport(verify=context)
        else:
            own = context if proxy.startswith("https:") else None
            transport = httpx.HTTPTransport(
                verify=context, proxy=httpx.Proxy(proxy, ssl_context=own)
            )
        # httpx has no parameter for it; httpcore, which it is made of, has.
        transport._pool._network_backend = self._backend  # noqa: SLF001
        return transport

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for transport in self._opened.values():
                transport.close()
