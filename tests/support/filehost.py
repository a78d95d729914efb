"""A file host on loopback that can go wrong in every way a real one does."""

import hashlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from isic_cli.api.files import FileHost
from isic_cli.config import ArchiveSpec, Settings
from isic_cli.errors import NotFoundError
from isic_cli.models.image import ImageFiles, ImageMetadata, ImageRecord, RemoteFile

#: Answers one request on a socket; returns whether the connection can be used again.
Reply = Callable[[socket.socket, Mapping[str, str]], bool]


def _head(status: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(status: str, body: bytes = b"", **headers: str) -> Reply:
    """A whole answer; `retry_after="3"` becomes `Retry-After: 3`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def reply(sock: socket.socket, _: Mapping[str, str]) -> bool:
        sock.sendall(_head(status, {"Content-Length": str(len(body)), **named}) + body)
        return True

    return reply


def cut(body: bytes, after: int, *, etag: str | None = None, reset: bool = False) -> Reply:
    """Promise `body`, send `after` bytes of it, hang up."""
    headers = {"Content-Length": str(len(body))} | ({"ETag": etag} if etag else {})

    def reply(sock: socket.socket, _: Mapping[str, str]) -> bool:
        sock.sendall(_head("200 OK", headers) + body[:after])
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return reply


def stalled(body: bytes, after: int, release: threading.Event, *, etag: str = "") -> Reply:
    """Promise `body`, send `after` bytes of it, then nothing until released."""
    headers = {"Content-Length": str(len(body))} | ({"ETag": etag} if etag else {})

    def reply(sock: socket.socket, _: Mapping[str, str]) -> bool:
        if after:
            sock.sendall(_head("200 OK", headers) + body[:after])
        release.wait(10)
        return False

    return reply


def chunked(*pieces: bytes, ended: bool = True) -> Reply:
    """Send a body in chunks, with or without the last one."""

    def reply(sock: socket.socket, _: Mapping[str, str]) -> bool:
        data = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        end = b"0\r\n\r\n" if ended else b""
        sock.sendall(_head("200 OK", {"Transfer-Encoding": "chunked"}) + data + end)
        return ended

    return reply


def raw(data: bytes) -> Reply:
    """Send exactly these bytes and hang up."""

    def reply(sock: socket.socket, _: Mapping[str, str]) -> bool:
        sock.sendall(data)
        return False

    return reply


def endless(start: bytes, piece: bytes, pause: float = 0.0) -> Reply:
    """Send `start`, and then `piece` again and again until the other side hangs up."""

    def reply(sock: socket.socket, _: Mapping[str, str]) -> bool:
        sock.sendall(start)
        gone = threading.Event()
        while not gone.wait(pause):
            sock.sendall(piece)
        return False

    return reply


def redirect(url: str) -> Reply:
    return answer("302 Found", location=url)


@dataclass
class Loopback:
    """Serves `files` by path, with Range and If-Range; a path's `script` comes first."""

    files: dict[str, bytes] = field(default_factory=dict)
    script: dict[str, list[Reply]] = field(default_factory=dict)
    requests: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    #: What `image()` answers when a link has expired.
    fresh: dict[str, ImageRecord] = field(default_factory=dict)
    #: Serves https instead of http.
    tls: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        scheme = "https" if self.tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self._hosts: list[FileHost] = []
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for host in self._hosts:
            host.close()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, suppress(OSError):
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
                self._sockets.append(sock)
            self._converse(sock)

    def _converse(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as reader:
            while line := reader.readline():
                target = line.split()[1].decode()
                headers = {}
                while (header := reader.readline().decode("latin-1").strip()) != "":
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                reader.read(int(headers.get("content-length", 0)))
                self.requests.append((target, headers))
                if not self.answer(target)(sock, headers):
                    return

    def answer(self, target: str) -> Reply:
        """What answers a request for a path with its query."""
        return self._reply(target.partition("?")[0])

    def _reply(self, path: str) -> Reply:
        waiting = self.script.get(path)
        if waiting:
            return waiting.pop(0) if len(waiting) > 1 or path in self.files else waiting[0]
        if path in self.files:
            return self._file(self.files[path])
        return answer("404 Not Found", b"<Error>NoSuchKey</Error>")

    @staticmethod
    def _file(body: bytes) -> Reply:
        etag = etag_of(body)

        def reply(sock: socket.socket, headers: Mapping[str, str]) -> bool:
            wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", headers.get("range", ""))
            if wanted and headers.get("if-range") in {None, etag} and body:
                first, last = wanted.groups()
                begin = int(first) if first else max(0, len(body) - int(last))
                end = min(int(last), len(body) - 1) if first and last else len(body) - 1
                span = {"Content-Range": f"bytes {begin}-{end}/{len(body)}"}
                rest = body[begin : end + 1]
                head = {"Content-Length": str(len(rest)), "ETag": etag, **span}
                sock.sendall(_head("206 Partial Content", head) + rest)
            else:
                head = {"Content-Length": str(len(body)), "ETag": etag}
                sock.sendall(_head("200 OK", head) + body)
            return True

        return reply

    def host(
        self,
        *,
        timeout: float = 5.0,
        archive_url: str | None = None,
        lowest_speed: float = 0.0,
        max_answer: int = 1 << 28,
        ssl_context: Callable[[], ssl.SSLContext] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> FileHost:
        """A file host as the program uses it."""
        host = FileHost(
            ssl_context=ssl_context or no_tls,
            transport=transport,
            settings=Settings(
                archive=ArchiveSpec("remote", "test", archive_url or self.url),
                cache_dir=Path("/nonexistent"),
                timeout=timeout,
                lowest_speed=lowest_speed,
                max_answer=max_answer,
            ),
        )
        self._hosts.append(host)
        return host

    def source(
        self, *, timeout: float = 5.0, ssl_context: Callable[[], ssl.SSLContext] | None = None
    ) -> "Source":
        """An archive whose files are here."""
        return Source(self, self.host(timeout=timeout, ssl_context=ssl_context))

    def record(self, number: int, *, path: str = "", size: int | None = None) -> ImageRecord:
        """The record of image `number`, whose file is at `path`."""
        path = path or f"/ISIC_{number:07}.jpg"
        return record(number, self.url + path, size=size)


class Source:
    """What the engine needs of an archive."""

    over_network = True

    def __init__(self, loopback: Loopback, host: FileHost) -> None:
        self._fresh = loopback.fresh
        self.open_file = host.open_file
        self.abort = host.abort

    def image(self, isic_id: str) -> ImageRecord:
        if isic_id not in self._fresh:
            raise NotFoundError(f"no image {isic_id}")
        return self._fresh[isic_id]


def no_tls() -> ssl.SSLContext:
    raise AssertionError("plain http needs no TLS context")


def etag_of(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def record(number: int, url: str, *, size: int | None = None) -> ImageRecord:
    """An image record with a little metadata."""
    return ImageRecord(
        isic_id=f"ISIC_{number:07}",
        copyright_license="CC-0",
        attribution="Anonymous",
        files=ImageFiles(full=RemoteFile(url=url, size=size)),
        metadata=ImageMetadata(clinical={"age_approx": number % 90, "sex": "female"}),
    )
