"""What every request must fulfil before it is answered, and what every answer says."""

import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from isic_cli.config import is_loopback
from isic_cli.serve.live import signature

#: Bytes of a request line, as the real archive has it.
LONGEST_LINE = 8190
#: Bytes of a body: half a million ids.
LARGEST_BODY = 10_000_000
#: Requests at once, those that wait included; further ones are told to come again.
MOST_REQUESTS = 256

_TOO_LONG = (
    "<html>\n  <head>\n    <title>Bad Request</title>\n  </head>\n  <body>\n"
    "    <h1><p>Bad Request</p></h1>\n    Request Line is too large ({} &gt; {})\n"
    "  </body>\n</html>\n"
)
#: Below these are files, which clients ask for without their token.
FILES = ("/images/", "/thumbnails/", "/superpixels/", "/masks/")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

#: What browsers may do with an answer: show pictures, run the page's own scripts, ask this host.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Rules:
    """Who may ask.

    Attributes
    ----------
    names : collection of str
        Names of this host, in lower case, beside its addresses. A name that is not among them
        belongs to a page that has set its own name to this address (DNS rebinding).
    token : str or None
        What every request must carry; None where only this machine can ask.
    """

    names: Collection[str] = ()
    token: str | None = None

    def allows_host(self, host: str) -> bool:
        """Whether a `Host` header names this server, at whatever port a tunnel has it."""
        try:
            parts = urlsplit(f"//{host}")
            name = parts.hostname or ""
            # With a path in it, another file would be answered than the one that is checked.
            if parts.netloc != host or "@" in host or parts.port == 0:
                return False
        except ValueError:
            return False
        if is_loopback(name) or name in self.names:
            return True
        return self.token is not None and _is_address(name)

    def allows_link(self, path: str, query: str) -> bool:
        """Whether a link to a file is one that was given to somebody with the token."""
        if self.token is None or not path.startswith(FILES):
            return False
        return secrets.compare_digest(f"?{query}".encode(), signature(self.token, path).encode())

    def allows(self, authorization: str) -> bool:
        """Whether a header carries the token: as a bearer, or as the password of a browser."""
        if self.token is None:
            return True
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                given = b64decode(given, validate=True).decode("utf-8").partition(":")[2]
            except (Base64Error, UnicodeDecodeError):
                return False
        elif scheme.lower() != "bearer":
            return False
        return secrets.compare_digest(given.strip().encode(), self.token.encode())


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


class Guard:
    """ASGI middleware that refuses what must not be answered.

    Parameters
    ----------
    app : ASGI application
        Answers what passes.
    rules : Rules
        Who may ask.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self._running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        target = len(scope["raw_path"]) + len(scope["query_string"]) + bool(scope["query_string"])
        line = len(scope["method"]) + target + len("  HTTP/1.1")
        if not self._rules.allows_host(host):
            return _refused(
                400, f"this server is not called {host[:100]!r}: see `isic serve --host`"
            )
        if _is_foreign(headers, scope["method"], host):
            return _refused(403, "a page of another site may not ask here")
        if line > LONGEST_LINE:
            return HTMLResponse(_TOO_LONG.format(line, LONGEST_LINE), 400)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            return _refused(413, f"a body may have {LARGEST_BODY:,} bytes")
        linked = self._rules.allows_link(scope["path"], scope["query_string"].decode("latin-1"))
        if not linked and not self._rules.allows(headers.get("authorization", "")):
            return JSONResponse(
                {"detail": "Unauthorized"},
                401,
                {"WWW-Authenticate": 'Basic realm="isic serve: the token is the password"'},
            )
        if self._running >= MOST_REQUESTS:
            return JSONResponse({"detail": "too many requests at once"}, 503, {"Retry-After": "1"})
        return None


def _is_foreign(headers: Headers, method: str, host: str) -> bool:
    """Whether a page of another origin asks; browsers say so in what they write."""
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        return True
    site = headers.get("sec-fetch-site", "none")
    if site in {"none", "same-origin"}:
        return False
    is_link = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
    return method in _WRITES or not is_link


def _refused(status: int, reason: str) -> Response:
    return JSONResponse({"detail": reason}, status)
