"""The ASGI application: the page, and every other request handed to the folder's transport."""

import gzip
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
from anyio import CapacityLimiter, fail_after, to_thread
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from isic_cli.errors import IsicError, NotFoundError
from isic_cli.serve.guard import LARGEST_BODY, Guard, Rules

logger = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"

#: Bytes of an answer that is sent in one piece.
_WHOLE = 1 << 20
#: Bytes of JSON from which the real archive compresses.
_COMPRESSED = 200
#: Seconds that a body may take.
BODY_SECONDS = 60.0
#: Requests that are answered at once; more would need memory, and be no faster.
_THREADS = 8
_OF_A_BODY = frozenset({b"content-length", b"transfer-encoding"})
_OURS = _OF_A_BODY | {b"content-encoding"}


def make_app(transport: httpx.BaseTransport, rules: Rules) -> ASGIApp:
    """Return the application.

    Parameters
    ----------
    transport : httpx.BaseTransport
        Answers every request that is not about the page's own files.
    rules : Rules
        Who may ask.
    """
    page = _PageFiles(directory=PAGE, check_dir=False)

    async def index(request: Request) -> Response:
        return await page.get_response("index.html", request.scope)

    app = Starlette(
        routes=[
            Route("/", index),
            Mount("/page", page),
            Mount("/", _Bridge(transport)),
        ]
    )
    return Guard(app, rules)


class _PageFiles(StaticFiles):
    """The page's files, asked for again each time: a newer program has newer ones."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        reply = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # handed on
        reply.headers["Cache-Control"] = "no-cache"
        return reply


class _Bridge:
    """Hands ASGI requests to a transport of httpx, in threads, and its answers back."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self._threads = CapacityLimiter(_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body: bytes | None = b""
        try:
            if any(name in _OF_A_BODY for name, _ in scope["headers"]):
                with fail_after(BODY_SECONDS):
                    body = await _read(Request(scope, receive))
        except ClientDisconnect:
            return
        except TimeoutError:
            slow = JSONResponse({"detail": "the body took too long"}, 408, {"Connection": "close"})
            await slow(scope, receive, send)
            return
        reply = (
            JSONResponse({"detail": f"a body may have {LARGEST_BODY:,} bytes"}, 413)
            if body is None
            else await to_thread.run_sync(self._answer, scope, body, limiter=self._threads)
        )
        logger.info("%s %s: %d", scope["method"], scope["path"], reply.status_code)
        await reply(scope, receive, send)

    def _answer(self, scope: Scope, body: bytes) -> Response:
        try:
            request = _request(scope, body)
            reply = self._transport.handle_request(request)
        except (httpx.InvalidURL, UnicodeError) as error:
            return JSONResponse({"detail": f"bad request: {error}"}, 400)
        except NotFoundError as error:
            return JSONResponse({"detail": error.message}, 404)
        except IsicError as error:
            logger.warning("%s %s: %s", scope["method"], scope["path"], error.message)
            return JSONResponse({"detail": "the folder cannot be read; its server says why"}, 500)
        return _response(request, reply)


async def _read(request: Request) -> bytes | None:
    """Return the body of a request; None for one that is too large."""
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def _request(scope: Scope, body: bytes) -> httpx.Request:
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    host = dict(headers)[b"host"].decode("ascii")
    query = f"?{scope['query_string'].decode('ascii')}" if scope["query_string"] else ""
    url = f"{scope['scheme']}://{host}{scope['raw_path'].decode('ascii')}{query}"
    return httpx.Request(scope["method"], url, headers=headers, content=body)


def _response(request: httpx.Request, reply: httpx.Response) -> Response:
    names = ((name.lower(), value) for name, value in reply.headers.raw)
    headers = [(name, value) for name, value in names if name not in _OURS]
    length = int(reply.headers.get("Content-Length", 0))
    answer: Response
    if length > _WHOLE and request.method != "HEAD":
        headers.append((b"content-length", b"%d" % length))
        answer = StreamingResponse(_blocks(reply), reply.status_code)
    else:
        try:
            content = b"".join(_pieces(reply))
        except httpx.ReadError as error:
            logger.warning("%s: %s", request.url.path, error)
            return JSONResponse({"detail": "the file cannot be read"}, 500)
        finally:
            reply.close()
        if "json" in reply.headers.get("Content-Type", ""):
            headers.append((b"vary", b"Accept-Encoding"))
            if len(content) > _COMPRESSED and "gzip" in request.headers.get("Accept-Encoding", ""):
                content = gzip.compress(content, 1)
                headers.append((b"content-encoding", b"gzip"))
        answer = Response(content, reply.status_code)
    answer.raw_headers += headers
    if request.method == "HEAD" and "Content-Length" in reply.headers:
        answer.headers["Content-Length"] = str(length)
    return answer


def _pieces(reply: httpx.Response) -> Iterator[bytes]:
    """Return the pieces of a body as they are: httpx would look for encodings, and count."""
    stream = reply.stream
    assert isinstance(stream, httpx.SyncByteStream)  # noqa: S101 - a transport without async
    return iter(stream)


async def _blocks(reply: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for block in iterate_in_threadpool(_pieces(reply)):
            yield block
    finally:
        reply.close()
