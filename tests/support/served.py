"""A transport put behind a loopback server, so that a whole command can talk to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


@contextmanager
def served(transport: httpx.BaseTransport) -> Iterator[str]:
    """Serve what `transport` answers, and yield the address.

    A request that the transport refuses with an AssertionError is answered with 418, which no
    command expects. An answer with the header `X-Cut` breaks off after half of its body.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = f"http://{self.headers['Host']}{self.path}"
            request = httpx.Request(
                self.command, url, headers=dict(self.headers), content=sent or None
            )
            try:
                answer = transport.handle_request(request)
            except AssertionError as error:
                answer = httpx.Response(418, content=str(error).encode())
            content = answer.read()
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in {"content-length", "transfer-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if "X-Cut" in answer.headers else content)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Keep the output of tests clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
