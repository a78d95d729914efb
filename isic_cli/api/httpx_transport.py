"""Files by httpx: through proxies, and from transports without a network."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import httpx

from isic_cli.api.addresses import Address
from isic_cli.api.file_transport import (
    CONNECT,
    FOREIGN,
    body_length,
    check_length,
    translated,
)
from isic_cli.api.network import NetworkTransport, OpenSockets, ReadWatch
from isic_cli.files.turns import TURNS


class HttpxAnswer:
    """One answer of httpx; see `FileAnswer`."""

    def __init__(
        self, response: httpx.Response, address: Address, sockets: OpenSockets, *, waits: bool
    ) -> None:
        self._response = response
        self._waits = waits
        self._address = address
        self._sockets = sockets
        self.status = response.status_code
        # Taken out once: each look into those of httpx decodes them all again.
        self.headers: Mapping[str, str] = dict(response.headers.items())
        self.length = body_length(self.headers)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes."""
        received = 0
        try:
            chunks = self._response.iter_raw()
            while True:
                with TURNS.aside(when=self._waits):
                    chunk = next(chunks, None)
                # What still lay in the kernel's buffer of a connection that was shut down is cut.
                if chunk is None or self._sockets.is_cut:
                    break
                received += len(chunk)
                yield chunk
        except FOREIGN as error:
            raise translated(error, self._address, received) from error
        check_length(self._address, received, self.length)

    def close(self) -> None:
        """Keep the connection when the body was read to its end, else close it."""
        with suppress(httpx.HTTPError, OSError):
            self._response.close()


class HttpxTransport:
    """One httpx client for each thread, or a given transport in place of the network.

    Parameters
    ----------
    ssl_context : callable
        Returns the shared context.
    transport : httpx.BaseTransport or None
        Asked directly; somebody else closes it.
    timeout, lowest_speed : float
        See `HttpTransport`.
    """

    def __init__(
        self,
        *,
        ssl_context: Callable[[], ssl.SSLContext],
        transport: httpx.BaseTransport | None,
        timeout: float,
        lowest_speed: float,
    ) -> None:
        self._ssl_context = ssl_context
        self._timeout = httpx.Timeout(timeout, connect=min(CONNECT, timeout))
        self._transport = transport
        self._sockets = OpenSockets()
        self._watch = ReadWatch(lowest_speed, timeout)
        self._own = threading.local()
        self._lock = threading.Lock()
        self._clients: list[httpx.Client] = []

    def _client(self) -> httpx.Client:
        client: httpx.Client | None = getattr(self._own, "client", None)
        if client is None:
            transport = NetworkTransport(self._ssl_context, self._sockets, self._watch)
            client = self._own.client = httpx.Client(transport=transport, timeout=self._timeout)
            with self._lock:
                self._clients.append(client)
        return client

    def get(self, address: Address, headers: Mapping[str, str]) -> HttpxAnswer:
        """Send a GET and wait for the answer's head."""
        self._watch.begin()
        try:
            if self._sockets.is_cut:
                raise ConnectionAbortedError("stopped")
            if self._transport is not None:
                # A client's cookies, merged headers and log would be half of a local file's cost.
                request = httpx.Request("GET", address.url, headers=headers)
                response = self._transport.handle_request(request)
                return HttpxAnswer(response, address, self._sockets, waits=False)
            client = self._client()
            request = client.build_request("GET", address.url, headers=headers)
            request.headers.pop("cookie", None)
            with TURNS.aside():
                response = client.send(request, stream=True, follow_redirects=False)
            self._watch.allow(None)
            return HttpxAnswer(response, address, self._sockets, waits=True)
        except FOREIGN as error:
            raise translated(error, address, 0) from error

    def abort(self) -> None:
        """Cut every request in flight: blocked reads in other threads end at once."""
        self._sockets.cut()

    def close(self) -> None:
        """Close every client; no request may be in flight."""
        with self._lock:
            for client in self._clients:
                client.close()
            self._clients.clear()
