"""The way to a file host through httpx: proxies, and transports that are no network."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import httpx

from isic_cli.api.addresses import Address
from isic_cli.api.sockets import OpenSockets
from isic_cli.api.wire import CONNECT
from isic_cli.errors import TransferError


class _Borrowed(httpx.BaseTransport):
    """A transport that somebody else closes."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)


class HttpxAnswer:
    """One answer: status and headers are here, the body is still to be read.

    Attributes
    ----------
    status : int
    headers : httpx.Headers
    """

    def __init__(self, response: httpx.Response, what: str, is_cut: Callable[[], bool]) -> None:
        self._response = response
        self._what = what
        self._is_cut = is_cut
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes.

        Raises
        ------
        TransferError
            When it stalls, breaks off or ends before its Content-Length.
        """
        received = 0
        try:
            for chunk in self._response.iter_raw():
                if self._is_cut():
                    # A TLS socket that was shut down forgets its encryption: this may be what
                    # still lay in the kernel's buffer, taken for plain text.
                    break
                received += len(chunk)
                yield chunk
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise _translated(error, self._what, received) from error
        length = self.headers.get("content-length", "")
        if length.isdigit() and int(length) != received and "transfer-encoding" not in self.headers:
            raise TransferError(f"{self._what}: cut after {received} of {length} bytes")

    def close(self) -> None:
        """Give the connection back, or close it when the body was not read to its end."""
        with suppress(httpx.HTTPError):
            self._response.close()


class HttpxDoor:
    """One httpx client for each thread over one TLS context; one alone over a given transport.

    Parameters
    ----------
    ssl_context : callable
        Returns the shared context.
    transport : httpx.BaseTransport or None
        Instead of the network.
    timeout : float
        Seconds without a byte before a request is given up.
    """

    def __init__(
        self,
        *,
        ssl_context: Callable[[], ssl.SSLContext],
        transport: httpx.BaseTransport | None,
        timeout: float,
    ) -> None:
        self._ssl_context = ssl_context
        self._timeout = httpx.Timeout(timeout, connect=min(CONNECT, timeout))
        self._transport = None if transport is None else _Borrowed(transport)
        self._own = threading.local()
        self._lock = threading.Lock()
        self._clients: list[httpx.Client] = []
        self._sockets = OpenSockets()

    def _client(self) -> httpx.Client:
        client: httpx.Client | None = getattr(self._own, "client", None)
        if client is None:
            client = httpx.Client(
                transport=self._transport,
                verify=True if self._transport is not None else self._ssl_context(),
                timeout=self._timeout,
            )
            self._own.client = client
            with self._lock:
                self._clients.append(client)
        return client

    def get(self, address: Address, headers: Mapping[str, str]) -> HttpxAnswer:
        """Send a GET and wait for the answer's head.

        Raises
        ------
        TransferError
            When there is no answer.
        """
        what = str(address)
        client = self._client()
        request = client.build_request(
            "GET", address.url, headers=headers, extensions={"trace": self._sockets.trace}
        )
        request.headers.pop("cookie", None)
        try:
            if self._sockets.is_cut:
                raise httpx.ConnectError("stopped")
            response = client.send(request, stream=True, follow_redirects=False)
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise _translated(error, what, 0) from error
        return HttpxAnswer(response, what, lambda: self._sockets.is_cut)

    def abort(self) -> None:
        """Cut every request in flight: blocked reads in other threads end at once."""
        self._sockets.cut()

    def close(self) -> None:
        """Close every client; no request may be in flight."""
        with self._lock:
            for client in self._clients:
                client.close()
            self._clients.clear()


def _translated(
    error: httpx.HTTPError | httpx.StreamError, what: str, received: int
) -> TransferError:
    if isinstance(error, httpx.TimeoutException):
        stage = f"stalled after {received} bytes" if received else "no answer in time"
        return TransferError(f"{what}: {stage}")
    if received:
        return TransferError(f"{what}: cut after {received} bytes ({type(error).__name__})")
    return TransferError(f"{what}: {str(error) or type(error).__name__}")
