"""Fetch a list of files with `http.client` alone: what a downloader in Python can reach at best.

`python benchmarks/http_client.py LIST FOLDER`: LIST has a URL in each line, all of one host. 16
threads keep a connection each over one TLS context, and write what comes; nothing is checked.
"""

import http.client
import os
import queue
import ssl
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

THREADS = 16


def main() -> None:
    urls = [urlsplit(line) for line in Path(sys.argv[1]).read_text("utf-8").split()]
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True)
    context = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
    todo: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    for path in [*(url.path for url in urls), *[None] * THREADS]:
        todo.put(path)

    def work() -> None:
        host, port = str(urls[0].hostname), urls[0].port
        connection = (
            http.client.HTTPSConnection(host, port, context=context)
            if urls[0].scheme == "https"
            else http.client.HTTPConnection(host, port)
        )
        while (path := todo.get()) is not None:
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200
            (folder / path.rpartition("/")[2]).write_bytes(answer.read())

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
