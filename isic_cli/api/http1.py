"""HTTP/1.1 answers as they come over a connection: head, body, and its end.

Source of the rules: RFC 9112 sections 4 (status), 5 (fields), 6 and 7 (body and chunks).
"""

import io
import ssl
from collections.abc import Callable, Iterator, Mapping

from isic_cli.api.addresses import Address
from isic_cli.errors import TransferError

#: Most bytes of one read.
CHUNK = 1 << 18
_MOST_LINE = 1 << 16
_MOST_HEADERS = 100


class MalformedError(Exception):
    """What came is not HTTP/1.1; translated before it leaves this layer."""


class WireAnswer:
    """One answer: status and headers are here, the body is still to be read.

    Parameters
    ----------
    reader : BufferedReader
        What the host sends.
    address : Address
        What was asked for.
    hang_up : callable
        Closes the connection.

    Attributes
    ----------
    status : int
    headers : mapping
        By lower-case name.
    """

    def __init__(
        self, reader: io.BufferedReader, address: Address, hang_up: Callable[[], None]
    ) -> None:
        self._reader = reader
        self._address = address
        self._hang_up = hang_up
        self._done = False
        self.status, self.headers, old = _head(self._reader)
        self._keep = not old and "close" not in self.headers.get("connection", "").lower()
        self._chunked = "transfer-encoding" in self.headers
        self._left = None if self._chunked else _content_length(self.headers)

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes.

        Raises
        ------
        TransferError
            When it stalls, breaks off or ends before its length.
        """
        received = 0
        try:
            for chunk in self._in_chunks() if self._chunked else self._plain():
                received += len(chunk)
                yield chunk
        except (OSError, MalformedError) as error:
            raise translated(error, self._address, received) from error
        if self._left:
            total = received + self._left
            raise TransferError(f"{self._address}: cut after {received} of {total} bytes")
        # Without a length the body ends with the connection.
        self._done = self._keep and (self._chunked or self._left is not None)

    def _plain(self) -> Iterator[bytes]:
        while self._left is None or self._left > 0:
            chunk = self._reader.read1(CHUNK if self._left is None else min(CHUNK, self._left))
            if not chunk:
                return
            if self._left is not None:
                self._left -= len(chunk)
            yield chunk

    def _in_chunks(self) -> Iterator[bytes]:
        while left := _chunk_size(_line(self._reader)):
            while left > 0:
                chunk = self._reader.read1(min(CHUNK, left))
                if not chunk:
                    raise MalformedError("the connection closed inside a chunk")
                left -= len(chunk)
                yield chunk
            if _line(self._reader):
                raise MalformedError("a chunk is longer than it says")
        while _line(self._reader):
            pass  # trailers

    def close(self) -> None:
        """Leave the connection open when the body was read to its end, else close it."""
        if not self._done:
            self._hang_up()


def _line(reader: io.BufferedReader) -> bytes:
    line = reader.readline(_MOST_LINE)
    if not line.endswith(b"\n"):
        raise MalformedError("the connection closed inside a line")
    return line.rstrip(b"\r\n")


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not digits or digits.strip(b"0123456789abcdefABCDEF"):
        raise MalformedError("a chunk without a size")
    return int(digits, 16)


def _head(reader: io.BufferedReader) -> tuple[int, Mapping[str, str], bool]:
    """Read status and headers; the third value says that the host speaks HTTP/1.0."""
    while True:
        first = reader.readline(_MOST_LINE)
        if not first:
            raise EOFError("the host closed the connection without an answer")
        version, _, rest = first.partition(b" ")
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
            raise MalformedError("the answer is not HTTP/1.1")
        headers = _headers(reader)
        status = int(rest[:3])
        if status >= 200:
            return status, headers, version == b"HTTP/1.0"


def _headers(reader: io.BufferedReader) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MOST_HEADERS):
        line = _line(reader)
        if not line:
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        name, value = name.lower(), value.strip()
        if not colon or (name == "content-length" and headers.get(name, value) != value):
            raise MalformedError("a header makes no sense")
        headers[name] = value
    raise MalformedError("too many headers")


def _content_length(headers: Mapping[str, str]) -> int | None:
    value = headers.get("content-length")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()):
        raise MalformedError("Content-Length is no number")
    return int(value)


def translated(error: Exception, address: Address, received: int) -> TransferError:
    """Translate what went wrong with a connection after `received` bytes of a body."""
    if isinstance(error, TimeoutError):
        stage = f"stalled after {received} bytes" if received else "no answer in time"
        return TransferError(f"{address}: {stage}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return TransferError(
            f"{address}: {error.verify_message}",
            hint="Is there a proxy that inspects TLS? Point SSL_CERT_FILE at its certificate.",
        )
    why = str(error) or type(error).__name__
    return TransferError(
        f"{address}: cut after {received} bytes: {why}" if received else f"{address}: {why}"
    )
