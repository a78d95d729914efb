"""A fast loopback archive for benchmarks: a paged listing and files of one size.

Run as a process of its own, so that the CPU time of the client under test is its own:
`python benchmarks/archive_server.py --images 2000 --bytes 40000 [--tls cert.pem key.pem]`.
It prints one line of JSON with its ports, then serves until it is killed. The API is plain http;
with `--tls` the files are served over TLS on a second port, as the real archive's file host is.
`--delay` holds every answer back by so many seconds, as a line of that round trip would, and the
first answer of a connection by that for each round trip it took: two for TCP and the request, three
with the handshake of TLS 1.3.
"""

import argparse
import asyncio
import io
import json
import random
import ssl
from urllib.parse import parse_qs, unquote, urlsplit

from PIL import Image

LICENSES = ("CC-0", "CC-BY", "CC-BY-NC")


def picture(size: int) -> tuple[bytes, int]:
    """Return a JPEG of exactly `size` bytes (noise, filled up by comments) and its side."""
    side = 8
    data = b""
    while True:
        noise = random.Random(side).randbytes(side * side * 3)
        stream = io.BytesIO()
        Image.frombytes("RGB", (side, side), noise).save(stream, "JPEG", quality=85)
        if len(stream.getvalue()) > size - 4:
            break
        data, side = stream.getvalue(), side + 8
    filling = size - len(data)
    parts = [data[:2]]
    while filling > 0:
        length = min(filling - 2, 65_000)
        parts.append(b"\xff\xfe" + length.to_bytes(2, "big") + b"x" * (length - 2))
        filling -= length + 2
    return b"".join([*parts, data[2:]]), side - 8


def record(number: int, base: str, size: int, side: int) -> dict[str, object]:
    isic_id = f"ISIC_{number:07d}"
    return {
        "isic_id": isic_id,
        "copyright_license": LICENSES[number % 3],
        "attribution": "Benchmark Clinic",
        "files": {
            "full": {"url": f"{base}/files/{isic_id}.jpg", "size": size},
            "thumbnail_256": {"url": f"{base}/files/{isic_id}_thumbnail.jpg", "size": size},
        },
        "metadata": {
            "acquisition": {"pixels_x": side, "pixels_y": side, "image_type": "dermoscopic"},
            "clinical": {
                "sex": "male",
                "age_approx": number % 18 * 5,
                "diagnosis_1": "Benign",
                "diagnosis_2": "Benign melanocytic proliferations",
                "diagnosis_3": "Nevus",
                "lesion_id": f"IL_{number // 2:07d}",
            },
        },
        "public": True,
    }


class Listing:
    """The answers, made once."""

    def __init__(self, images: int, size: int) -> None:
        self.images, self.size = images, size
        self.body, self.side = picture(size)
        self.api = self.files = ""
        self.sent = 0  # files; asked for at /sent

    def page(self, query: dict[str, list[str]]) -> dict[str, object]:
        text = query.get("query", [""])[0]
        prefix = text.partition("isic_id:")[2].rstrip("*)").strip() if "isic_id:" in text else ""
        low, high = 0, self.images
        if prefix:
            digits = prefix.removeprefix("ISIC_")
            low = int(digits.ljust(7, "0"))
            high = min(high, low + 10 ** (7 - len(digits)))
            low = min(low, high)
        limit = int(query.get("limit", ["100"])[0]) or 100
        start = int(query["cursor"][0]) if query.get("cursor") else low
        stop = min(start + min(limit, 100), high)
        more = f"{self.api}/api/v2/images/search/?query={text}&limit={limit}&cursor={stop}"
        return {
            "results": [
                record(number, self.files, self.size, self.side) for number in range(start, stop)
            ],
            "count": high - low if start == low else None,
            "next": more if stop < high else None,
            "previous": None,
        }

    def answer(self, target: str) -> tuple[int, str, bytes]:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        match parts.path:
            case path if path.startswith("/files/"):
                self.sent += 1
                return 200, "image/jpeg", self.body
            case "/sent":
                return self._json({"files": self.sent})
            case "/api/v2/images/search/size/":
                return self._json({"size": self.images * self.size})
            case "/api/v2/images/search/" | "/api/v2/images/":
                return self._json(self.page(query))
            case path if path.startswith("/api/v2/zip-download/license-file/"):
                return 200, "text/plain", b"A licence.\n"
            case "/api/v2/users/me/":
                return 401, "application/json", b'{"detail": "Unauthorized"}'
        return 404, "text/html", unquote(parts.path).encode()

    @staticmethod
    def _json(value: object) -> tuple[int, str, bytes]:
        return 200, "application/json", json.dumps(value).encode()


class Connection(asyncio.Protocol):
    def __init__(self, listing: Listing, delay: float, trips: int = 2) -> None:
        self.listing, self.delay, self.trips = listing, delay, trips
        self.buffer = b""
        self.requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode()
            status, kind, body = self.listing.answer(target)
            close = b"connection: close" in head.lower()
            header = (
                f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                f'ETag: "benchmark"\r\nConnection: {"close" if close else "keep-alive"}\r\n\r\n'
            )
            wait = self.delay * (self.trips if self.requests == 0 else 1)
            self.requests += 1
            self._send(header.encode() + body, wait, close=close)

    def _send(self, data: bytes, wait: float, *, close: bool) -> None:
        def write() -> None:
            self.transport.write(data)
            if close:
                self.transport.close()

        if wait:
            asyncio.get_running_loop().call_later(wait, write)
        else:
            write()


async def serve(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    listing = Listing(options.images, options.bytes)

    def connection() -> Connection:
        return Connection(listing, options.delay)

    api = await loop.create_server(connection, "127.0.0.1", options.port)
    listing.api = listing.files = f"http://127.0.0.1:{api.sockets[0].getsockname()[1]}"
    servers = [api]
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        files = await loop.create_server(
            lambda: Connection(listing, options.delay, trips=3), "127.0.0.1", 0, ssl=context
        )
        listing.files = f"https://localhost:{files.sockets[0].getsockname()[1]}"
        servers.append(files)
    print(json.dumps({"api": listing.api, "files": listing.files}), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--bytes", type=int, default=40_000)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
