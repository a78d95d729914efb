"""A transport that does what a test's script says: answers, cuts, resets, stalls.

>>> script = Script({"GET /api/v2/users/me/": [status(503), json_answer({"id": 1})]})
>>> with ArchiveApi.open(settings, transport=script, sleep=naps.append) as api: ...
>>> script.asked
['GET /api/v2/users/me/', 'GET /api/v2/users/me/']
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx

#: One answer: makes a response, or raises what the network would raise.
Step = Callable[[httpx.Request], httpx.Response]

JSON = {"Content-Type": "application/json; charset=utf-8"}


def json_answer(value: Any, code: int = 200, **headers: str) -> Step:
    """Answer with JSON; header names are given with underscores."""
    return body(
        json.dumps(value).encode(), code, **{"Content_Type": JSON["Content-Type"], **headers}
    )


def page(results: Sequence[Any], *, count: int | None = None, next: str | None = None) -> Step:  # noqa: A002  # the archive's word
    """Answer with one page of a listing."""
    return json_answer({"results": list(results), "count": count, "next": next, "previous": None})


def body(content: bytes, code: int = 200, **headers: str) -> Step:
    """Answer with these bytes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(code, headers=named, content=content)


def unframed(content: bytes, **headers: str) -> Step:
    """Answer with these bytes and never say how many they are."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(200, headers=named, stream=httpx.ByteStream(content))


def status(code: int, **headers: str) -> Step:
    """Answer with an HTML page of this status, as the archive and its router do."""
    text = f"<html><body><h1>Error ({code})</h1></body></html>".encode()
    return body(text, code, **{"Content_Type": "text/html; charset=utf-8", **headers})


def redirect(location: str, code: int = 302) -> Step:
    """Send the client elsewhere."""
    return status(code, Location=location)


def raising(error: type[httpx.TransportError], message: str = "broken") -> Step:
    """Raise what httpx raises: `httpx.ConnectError`, `httpx.ReadTimeout`, ..."""

    def step(request: httpx.Request) -> httpx.Response:
        raise error(message, request=request)

    return step


def cut_after(content: bytes, sent: int, **headers: str) -> Step:
    """Answer 200 and break the connection after some bytes of the body."""

    class Cut(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield content[:sent]
            raise httpx.RemoteProtocolError("peer closed connection without sending complete body")

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(200, headers={**JSON, **named}, stream=Cut())


class Forever:
    """A step that is played again and again."""

    def __init__(self, step: Step) -> None:
        self.step = step


class Script(httpx.BaseTransport):
    """Plays a list of steps for each `METHOD /path`, or for each `/path` whatever the method.

    Parameters
    ----------
    routes : mapping
        The steps of each route, played in turn; a `Forever` ends a list.
    fallback : httpx.BaseTransport, optional
        Answers what the script does not name, and routes whose steps are used up. Without one
        such a request fails the test.

    Attributes
    ----------
    requests : list of httpx.Request
        Everything that was sent, in order.
    """

    def __init__(
        self,
        routes: Mapping[str, Sequence[Step | Forever]],
        *,
        fallback: httpx.BaseTransport | None = None,
    ) -> None:
        self.requests: list[httpx.Request] = []
        self._left = {route: list(steps) for route, steps in routes.items()}
        self._fallback = fallback
        self._lock = threading.Lock()

    @property
    def asked(self) -> list[str]:
        """Method and path of everything that was sent."""
        return [f"{request.method} {request.url.path}" for request in self.requests]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        step = self._next(request)
        if step is not None:
            return step(request)
        assert self._fallback is not None, f"not in the script: {request.method} {request.url}"
        return self._fallback.handle_request(request)

    def _next(self, request: httpx.Request) -> Step | None:
        with self._lock:
            self.requests.append(request)
            for route in (f"{request.method} {request.url.path}", request.url.path):
                steps = self._left.get(route)
                if steps:
                    step = steps[0]
                    if isinstance(step, Forever):
                        return step.step
                    return steps.pop(0)  # type: ignore[return-value]  # narrowed above
        return None
