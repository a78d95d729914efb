"""The file host: one file at a time, streamed, with no credentials whatsoever."""

import re
import ssl
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Self

import httpx

from isic_cli import __version__
from isic_cli.api.addresses import Address, AddressRule
from isic_cli.api.file_transport import FileAnswer, FileTransport
from isic_cli.api.http_transport import HttpTransport
from isic_cli.api.httpx_transport import HttpxTransport
from isic_cli.api.retry import parse_retry_after
from isic_cli.config import Settings
from isic_cli.distribution import NAME as DISTRIBUTION
from isic_cli.errors import (
    ChangedError,
    ExpiredLinkError,
    NotFoundError,
    RefusedError,
    ServerError,
    TransferError,
    UnsafeError,
)
from isic_cli.models.image import RemoteFile

_MOST_REDIRECTS = 5
#: A body without a length may be so many times larger than the archive says.
_MOST_TIMES = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
_HEADERS = {
    "User-Agent": f"{DISTRIBUTION}/{__version__}",
    "Accept": "image/*,*/*;q=0.5",
    "Accept-Encoding": "identity",
}


class FileStream:
    """A file's body on its way; a context manager.

    Attributes
    ----------
    status : int
        200 for a whole file, 206 for the rest of one.
    start : int
        The byte of the file at which the body begins, proved by Content-Range.
    length : int or None
        Bytes of the body by its own Content-Length; None when it is sent in chunks.
    total : int or None
        Bytes of the whole file.
    etag, content_type : str or None
        As the file host sent them. Neither is believed: an ETag is not a checksum, a type a hint.
    """

    def __init__(
        self, answer: FileAnswer, address: Address, *, start: int, total: int | None, most: int
    ) -> None:
        self._answer = answer
        self._address = address
        self._most = most
        self.status = answer.status
        self.start = start
        self.length = answer.length
        self.total = self.length if answer.status != 206 else total
        self.etag = answer.headers.get("etag")
        self.content_type = answer.headers.get("content-type")

    def __enter__(self) -> Self:
        """Return the stream."""
        return self

    def __exit__(self, *_: object) -> None:
        """Keep the connection when the body was read to its end, else close it."""
        self._answer.close()

    def chunks(self) -> Iterator[bytes]:
        """Yield the body in large pieces, as they come.

        Raises
        ------
        TransferError
            When it stalls, breaks off, ends before its Content-Length, or has none and does
            not end.
        """
        return self._answer.chunks() if self.length is not None else self._bounded()

    def _bounded(self) -> Iterator[bytes]:
        received = 0
        for chunk in self._answer.chunks():
            received += len(chunk)
            if received > self._most:
                raise UnsafeError(
                    f"{self._address}: more than {self._most} bytes without a Content-Length",
                    hint="Set max_answer in isic.toml if such a file is in order.",
                )
            yield chunk


class FileHost:
    """Opens files.

    Parameters
    ----------
    ssl_context : callable
        Returns the context that all connections share; building one costs 16 ms.
    transport : httpx.BaseTransport or None
        Instead of the network; it stays open when this is closed.
    settings : Settings
        The archive whose files they are decides which addresses are in order; `timeout`,
        `lowest_speed` and `max_answer` bound what comes.

    Attributes
    ----------
    over_network : bool
        Whether there is no transport instead of it.
    """

    def __init__(
        self,
        *,
        ssl_context: Callable[[], ssl.SSLContext],
        transport: httpx.BaseTransport | None,
        settings: Settings,
    ) -> None:
        self.over_network = transport is None
        self._rule = AddressRule(settings.archive.url)
        self._max_answer = settings.max_answer
        self._transport: FileTransport
        timeout, speed = settings.timeout, settings.lowest_speed
        proxies = urllib.request.getproxies().keys() & {"http", "https", "all"}
        if transport is not None or proxies:
            self._transport = HttpxTransport(
                ssl_context=ssl_context, transport=transport, timeout=timeout, lowest_speed=speed
            )
        else:
            self._transport = HttpTransport(
                ssl_context=ssl_context, timeout=timeout, lowest_speed=speed
            )

    def open_file(
        self, file: RemoteFile, *, offset: int = 0, etag: str | None = None
    ) -> FileStream:
        """Open a file, or the rest of one.

        Parameters
        ----------
        offset : int
            Bytes that are here already. Only with `etag`: the host sends the rest when the
            file still has it, and the whole file when not.
        etag : str, optional
            The strong ETag of the version that the bytes belong to.

        Raises
        ------
        NotFoundError
            For 404 and 410.
        ExpiredLinkError
            For 401 and 403.
        ServerError
            For 429 and 5xx.
        UnsafeError
            When the address, or one it redirects to, may not be fetched.
        TransferError
            When there is no answer, or one that makes no sense.
        """
        address = self._rule.first(file.url)
        headers = _HEADERS
        if offset and etag:
            headers = {**_HEADERS, "Range": f"bytes={offset}-", "If-Range": etag}
        else:
            offset, etag = 0, None
        answer = self._follow(address, headers)
        try:
            start, total = _range(answer, offset, etag)
            if start is None:
                # The range was refused, or is not the one asked for: take the whole file.
                answer.close()
                answer = self._follow(address, _HEADERS)
                start, total = _range(answer)
            _check_status(answer, address)
            most = max(self._max_answer, _MOST_TIMES * (file.size or 0))
            start = _known_start(start, address)
            return FileStream(answer, address, start=start, total=total, most=most)
        except BaseException:
            answer.close()
            raise

    @contextmanager
    def open_part(
        self, url: str, first: int, last: int | None = None, *, etag: str | None = None
    ) -> Iterator[FileStream]:
        """Open some bytes of a file, such as one member of a ZIP.

        Parameters
        ----------
        first, last : int
            The first and the last byte; a negative `first` alone means so many at the end.
        etag : str, optional
            Of the version that earlier parts were of.

        Raises
        ------
        RefusedError
            When the host sends no parts of files.
        ChangedError
            When the file has become another.
        IsicError
            As `open_file` does.
        """
        address = self._rule.first(url)
        span = f"{first}" if first < 0 else f"{first}-{'' if last is None else last}"
        answer = self._follow(address, {**_HEADERS, "Range": f"bytes={span}"})
        try:
            _check_status(answer, address)
            found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
            if answer.status != 206:
                raise RefusedError(
                    f"{address}: the host sends no parts of files",
                    status=answer.status,
                    hint="Fetch the whole file.",
                )
            if found is None or found[3] == "*" or (first >= 0 and int(found[1]) != first):
                raise TransferError(f"{address}: another part was sent than was asked for")
            if etag is not None and answer.headers.get("etag") != etag:
                raise ChangedError(f"{address}: the file changed while it was read")
            start, total = int(found[1]), int(found[3])
            yield FileStream(answer, address, start=start, total=total, most=self._max_answer)
        finally:
            answer.close()

    def _follow(self, address: Address, headers: Mapping[str, str]) -> FileAnswer:
        first = address
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._transport.get(address, headers)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            answer.close()
            address = self._rule.redirect(address, location)
        raise UnsafeError(f"{first}: redirected more than {_MOST_REDIRECTS} times")

    def abort(self) -> None:
        """Cut every request in flight, from any thread, and refuse further ones."""
        self._transport.abort()

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()


def _range(
    answer: FileAnswer, offset: int = 0, etag: str | None = None
) -> tuple[int | None, int | None]:
    """Return where the body begins, and the size of the file; None when a resume is refused.

    A part is of the version that was asked for only if it says so: some hosts and proxies know
    Range and not If-Range (RFC 9110 section 15.3.7.3).
    """
    if answer.status == 416:
        return None, None
    if answer.status != 206:
        return 0, None
    found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
    if not offset or found is None or int(found[1]) != offset:
        return None, None
    if answer.headers.get("etag") != etag:
        return None, None
    total = None if found[3] == "*" else int(found[3])
    if total is not None and int(found[2]) + 1 != total:
        return None, None
    return offset, total


def _known_start(start: int | None, address: Address) -> int:
    if start is None:
        raise TransferError(f"{address}: a part was sent where the whole was asked for")
    return start


def _check_status(answer: FileAnswer, address: Address) -> None:
    status = answer.status
    if status in {200, 206}:
        return
    message = f"{address}: HTTP {status}"
    if status in {401, 403}:
        raise ExpiredLinkError(message, hint="The link has expired, or the image was withdrawn.")
    if status in {404, 410}:
        raise NotFoundError(message, hint="The archive lists the image but does not have its file.")
    if status == 429 or status >= 500:
        wait = parse_retry_after(answer.headers.get("retry-after"))
        raise ServerError(message, status=status, retry_after=wait)
    if 400 <= status < 500:
        raise RefusedError(message, status=status)
    raise TransferError(message)
