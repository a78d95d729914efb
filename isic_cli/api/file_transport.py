"""What carries the bodies of files: one interface, and one translation of what goes wrong."""

import re
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Protocol

import httpx

from isic_cli.api.addresses import Address
from isic_cli.api.faults import certificate_trouble
from isic_cli.api.network import SlowAnswerError
from isic_cli.errors import ConnectionSetupError, NetworkError, TransferError

#: Seconds to wait for a connection; a file host that needs longer is not there.
CONNECT = 10.0
#: What a transport may meet; `translated` makes a TransferError of it.
FOREIGN = (OSError, HTTPException, httpx.HTTPError, httpx.StreamError, ValueError)

#: Fields of a head that leave nothing to interpret: no folded line, no other character.
_PLAIN_FIELDS = re.compile(r"(?:[A-Za-z0-9-]+:[ -~]*\r\n)*[A-Za-z0-9-]+:[ -~]*")
_FIELD = re.compile(r"([A-Za-z0-9-]+): *((?:[ -~]*[!-~])?)")
_PLAIN_STATUS = ("HTTP/1.1 200 ", "HTTP/1.1 206 ")


class FileAnswer(Protocol):
    """One answer: status and headers are here, the body is still to be read.

    Attributes
    ----------
    headers : mapping
        By lower-case name.
    length : int or None
        Bytes of the body; None when the answer does not say.
    """

    status: int
    headers: Mapping[str, str]
    length: int | None

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes.

        Raises
        ------
        TransferError
            When it stalls, breaks off or ends before its Content-Length.
        """
        ...

    def close(self) -> None:
        """Keep the connection when the body was read to its end, else close it."""
        ...


class FileTransport(Protocol):
    """Sends requests for files, from several threads."""

    def get(self, address: Address, headers: Mapping[str, str]) -> FileAnswer:
        """Send a GET and wait for the answer's head.

        Raises
        ------
        TransferError
            When there is no answer.
        """
        ...

    def abort(self) -> None:
        """Cut every request in flight: blocked reads in other threads end at once."""
        ...

    def close(self) -> None:
        """Close every connection; no request may be in flight."""
        ...


def translated(error: Exception, address: Address, received: int) -> NetworkError:
    """Translate what went wrong after `received` bytes of a body."""
    if trouble := certificate_trouble(error):
        reason, hint = trouble
        return ConnectionSetupError(f"{address}: {reason}", hint=hint)
    is_timeout = isinstance(error, TimeoutError | httpx.TimeoutException)
    if is_timeout and not isinstance(error, SlowAnswerError):
        stage = f"stalled after {received} bytes" if received else "no answer in time"
        return TransferError(f"{address}: {stage}")
    why = str(error) or type(error).__name__
    return TransferError(
        f"{address}: cut after {received} bytes: {why}" if received else f"{address}: {why}"
    )


def body_length(headers: Mapping[str, str]) -> int | None:
    """Return the bytes of a body by its Content-Length, which counts for nothing beside chunks.

    Raises
    ------
    ValueError
        For a length that is not a number of bytes.
    """
    value = headers.get("content-length")
    if value is None or "transfer-encoding" in headers:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        raise ValueError(f"the Content-Length {value[:40]!r} is not a number of bytes")
    return int(value)


def check_length(address: Address, received: int, length: int | None) -> None:
    """Raise a TransferError for a body that ended before its Content-Length."""
    if length is not None and received != length:
        raise TransferError(f"{address}: cut after {received} of {length} bytes")


def plain_head(data: bytes) -> tuple[dict[str, str], int] | None:
    """Return headers and status of a head as nearly all hosts send it; None for any other.

    `http.client` has the parser of e-mail read its heads, which takes as long as all else that
    is done for a small file. Whatever it could read in another way is left to it.
    """
    end = data.find(b"\r\n\r\n")
    text = data[:end].decode("latin-1") if end > 0 else ""
    first, _, fields = text.partition("\r\n")
    if not first.startswith(_PLAIN_STATUS) or not _PLAIN_FIELDS.fullmatch(fields):
        return None
    given = _FIELD.findall(fields)
    headers = {name.lower(): value for name, value in given}
    if (
        len(headers) < len(given)  # one that comes twice
        or "transfer-encoding" in headers
        or not headers.get("content-length", "").isdigit()
        or headers.get("connection", "keep-alive").lower() != "keep-alive"
    ):
        return None
    return headers, int(first[9:12])


def strong(etag: str | None) -> str | None:
    """Return an ETag that may be used in If-Range (RFC 9110 section 13.1.5), else None."""
    return etag if etag and etag.startswith('"') and etag.endswith('"') and len(etag) > 2 else None
