"""A generated archive on loopback: HTTP/1.1, listings, files, and faults on demand.

In a test it is a context manager with threads; `python -m tests.support.server --images 20000`
serves it from a process of its own, for measurements, and prints its address.
"""

import argparse
import io
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qs, quote, urlsplit

from PIL import Image

from tests.support.listing import Listing, spread


@dataclass(frozen=True)
class Fault:
    """What happens instead of, or before, an answer.

    Attributes
    ----------
    kind : {"delay", "reset", "stall", "status", "cut"}
        Answer after `seconds`; reset the connection; send nothing until the server closes;
        answer `status` with `headers`; send `sent` bytes of the body, then reset.
    """

    kind: Literal["delay", "reset", "stall", "status", "cut"]
    seconds: float = 0.0
    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    sent: int = 0


#: Called for each request with its method, its path with the query, and its number from 1.
Hook = Callable[[str, str, int], Fault | None]


@lru_cache(maxsize=8)
def picture(size: int) -> bytes:
    """A whole JPEG of about `size` bytes: a small picture and comments that fill it up."""
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 150, 120)).save(stream, "JPEG")
    data = stream.getvalue()
    filling = b""
    left = size - len(data)
    while left > 4:
        length = min(left - 4, 65_000)
        filling += b"\xff\xfe" + struct.pack(">H", length + 2) + b"\x5a" * length
        left -= length + 4
    return data[:2] + filling + data[2:]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    server: "_Server"

    def do_GET(self) -> None:
        owner = self.server.owner
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = owner.note(self.command, self.path, dict(self.headers.items()))
        if fault is not None and not self._suffer(fault):
            return
        cut = fault.sent if fault is not None and fault.kind == "cut" else None
        code, content_type, content = owner.answer(
            self.path, self.headers.get("Authorization"), sent
        )
        self._send(code, {"Content-Type": content_type}, content, cut=cut)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def _suffer(self, fault: Fault) -> bool:
        """Play a fault; whether the answer follows."""
        if fault.kind == "delay":
            time.sleep(fault.seconds)
        elif fault.kind == "stall":
            self.server.owner.closing.wait()
        elif fault.kind == "status":
            self._send(fault.status, {"Content-Type": "text/html", **dict(fault.headers)}, b"<p/>")
        if fault.kind in {"reset", "stall"}:
            self._reset()
        return fault.kind in {"delay", "cut"}

    def _send(
        self, code: int, headers: dict[str, str], content: bytes, *, cut: int | None = None
    ) -> None:
        self.send_response_only(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:cut])
        self.wfile.flush()
        if cut is not None:
            self._reset()

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: Any) -> None:
        """Stay silent: the test reads `ArchiveServer.requests`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    owner: "ArchiveServer"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class ArchiveServer:
    """Serve a generated archive; a context manager.

    Parameters
    ----------
    ids : sequence of str
        The images, in the archive's order.
    size : int
        Bytes of each file.
    tokens : collection of str
        Those that `users/me/` accepts.
    hook : callable, optional
        Decides on a fault for each request.

    Attributes
    ----------
    url : str
        The origin.
    requests : list of (method, path, headers)
        Everything that was asked.
    credits : dict of str to str, or None
        The images' own attributions, which the table of a ZIP download has; None for an archive
        without ZIP downloads.
    """

    def __init__(
        self,
        ids: Sequence[str] = (),
        *,
        size: int = 40_000,
        tokens: Sequence[str] = (),
        hook: Hook | None = None,
    ) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._lock = threading.Lock()
        self._tokens = frozenset(tokens)
        self._hook = hook
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.listing = Listing(ids, origin=self.url, size=size)
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.closing = threading.Event()
        self.credits: dict[str, str] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def note(self, method: str, path: str, headers: dict[str, str]) -> Fault | None:
        """Write a request down and ask the hook."""
        with self._lock:
            self.requests.append((method, path, headers))
            number = len(self.requests)
        return self._hook(method, path, number) if self._hook else None

    def answer(
        self, target: str, authorization: str | None, sent: bytes = b""
    ) -> tuple[int, str, bytes]:
        """Return status, content type and body."""
        path = urlsplit(target).path
        if path.startswith("/api/v2/zip-download/") and self.credits is not None:
            return self._zip(target, sent)
        name = path.rpartition("/")[2].partition(".")[0].removesuffix("_thumbnail")
        if path in {"/api/v2/images/", "/api/v2/images/search/"}:
            return 200, "application/json", self.listing.page(target)
        if path == "/api/v2/users/me/":
            token = (authorization or "").removeprefix("Bearer ")
            if token not in self._tokens:
                return 401, "application/json", b'{"detail": "Unauthorized"}'
            return 200, "application/json", b'{"id": 3, "email": "normal@example.com"}'
        if path.startswith("/api/v2/images/"):
            name = path.split("/")[4]
            if name in self.listing.search(""):
                return 200, "application/json", json.dumps(self.listing.record(name)).encode()
        elif path.startswith("/files/") and name in self.listing.search(""):
            return 200, "image/jpeg", picture(self.listing.size)
        return 404, "application/json", b'{"detail": "Not Found"}'

    def _zip(self, target: str, sent: bytes) -> tuple[int, str, bytes]:
        """Answer the routes of ZIP downloads; the token is the query itself."""
        assert self.credits is not None
        parts = urlsplit(target)
        if parts.path.endswith("/url/"):
            address = f"https://zip.example/download?zsid={quote(json.loads(sent)['query'])}"
            return 200, "application/json", json.dumps(address).encode()
        found = self.listing.search(parse_qs(parts.query)["token"][0])
        rows = [f'{name},"{self.credits[name]}"\r\n' for name in found if name in self.credits]
        return 200, "text/csv", "".join(["isic_id,attribution\r\n", *rows]).encode()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--size", type=int, default=40_000)
    parser.add_argument("--page-delay", type=float, default=0.0, help="seconds")
    given = parser.parse_args()
    wait = Fault("delay", seconds=given.page_delay) if given.page_delay else None
    hook: Hook = lambda method, path, number: wait if path.startswith("/api/") else None  # noqa: E731
    with ArchiveServer(spread(given.images), size=given.size, hook=hook) as server:
        print(server.url, flush=True)  # noqa: T201  # the address is this program's answer
        threading.Event().wait()


if __name__ == "__main__":
    main()
