"""CPU per request of the two ways to a file host: `http.client` and httpx.

`python benchmarks/transports.py [--files 2000] [--bytes 40000] [--threads 16] [--rounds 3]`

Both fetch the same files from the same loopback server, in turn, with so many threads. CPU time is
that of this process; the server is another.
"""

import argparse
import queue
import ssl
import statistics
import threading
import time
from urllib.parse import urlsplit

from download import server

from isic_cli.api.addresses import Address
from isic_cli.api.file_transport import FileTransport
from isic_cli.api.http_transport import HttpTransport
from isic_cli.api.httpx_transport import HttpxTransport


def fetch_all(transport: FileTransport, addresses: list[Address], threads: int) -> float:
    """Return the CPU seconds of fetching every address."""
    received: queue.SimpleQueue[int] = queue.SimpleQueue()
    todo: queue.SimpleQueue[Address | None] = queue.SimpleQueue()
    for address in [*addresses, *[None] * threads]:
        todo.put(address)

    def work() -> None:
        while (address := todo.get()) is not None:
            answer = transport.get(address, {"Accept-Encoding": "identity"})
            received.put(sum(map(len, answer.chunks())))
            answer.close()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    began = time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    used = time.process_time() - began
    transport.close()
    assert received.qsize() == len(addresses)
    assert len({received.get() for _ in addresses}) == 1
    return used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--bytes", type=int, default=40_000)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    options.images = options.files
    with server(options) as where:
        parts = urlsplit(where["files"])
        addresses = [
            Address("http", str(parts.hostname), parts.port, f"/files/ISIC_{number:07d}.jpg")
            for number in range(options.files)
        ]
        used: dict[str, list[float]] = {"http.client": [], "httpx": []}
        bounds = {"timeout": 20.0, "lowest_speed": 100.0}
        context = ssl.create_default_context
        for _ in range(options.rounds):
            plain = HttpTransport(ssl_context=context, **bounds)
            used["http.client"].append(fetch_all(plain, addresses, options.threads))
            full = HttpxTransport(ssl_context=context, transport=None, **bounds)
            used["httpx"].append(fetch_all(full, addresses, options.threads))
    plain_ms, full_ms = (
        statistics.median(seconds) / options.files * 1e3 for seconds in used.values()
    )
    print(
        f"http.client {plain_ms:.2f} ms CPU per file, httpx {full_ms:.2f}: "
        f"{full_ms / plain_ms:.1f} x"
    )


if __name__ == "__main__":
    main()
