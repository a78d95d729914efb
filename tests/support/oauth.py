"""An archive's OAuth endpoints on the loopback: PKCE, rotation, revocation, and users/me."""

import base64
import hashlib
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


class Html(str):
    """A page, where other answers are JSON."""


class OAuthArchive:
    """What the server knows; tests read and set it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.codes: dict[str, dict[str, str]] = {}
        self.access: set[str] = set()
        self.refresh: dict[str, str] = {}
        self.revoked: list[dict[str, str]] = []
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.asked: list[str] = []
        #: What else is answered, by path: JSON values, or `Html`.
        self.pages: dict[str, Any] = {}
        self.url = ""

    def sign_in(self, url: str) -> str:
        """Do what the user does in a browser: open the page, consent, copy the code."""
        parts = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert parts.path == "/oauth/authorize/"
        assert asked["response_type"] == "code"
        assert asked["redirect_uri"] == OUT_OF_BAND
        assert asked["code_challenge_method"] == "S256"
        code = f"code{next(self.numbers):026d}"
        self.codes[code] = asked
        return code

    def issue(self) -> dict[str, Any]:
        """Make a token pair."""
        number = next(self.numbers)
        access, refresh = f"access{number:024d}", f"refresh{number:023d}"
        self.access.add(access)
        self.refresh[refresh] = access
        return {
            "access_token": access,
            "expires_in": 86400.0,
            "token_type": "Bearer",
            "scope": "identity image:read image:write",
            "refresh_token": refresh,
        }

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any] | None]:
        """Answer a POST of a form."""
        with self.lock:
            self.seen.append((path, form))
            if path == "/oauth/revoke_token/":
                self.revoked.append(form)
                self.access.discard(self.refresh.pop(form["token"], form["token"]))
                return 200, None
            if form.get("grant_type") == "authorization_code":
                return self._redeem(form)
            if form.get("grant_type") == "refresh_token":
                return self._rotate(form)
            return 400, {"error": "unsupported_grant_type"}

    def _redeem(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        same = asked is not None and (
            asked["code_challenge"] == challenge
            and asked["redirect_uri"] == form.get("redirect_uri")
            and asked["client_id"] == form.get("client_id")
        )
        return (200, self.issue()) if same else (400, {"error": "invalid_grant"})

    def _rotate(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        access = self.refresh.pop(form.get("refresh_token", ""), None)
        if access is None:
            return 400, {"error": "invalid_grant"}
        self.access.discard(access)
        return 200, self.issue()


@contextmanager
def serve_oauth() -> Iterator[OAuthArchive]:
    """Serve until the block ends."""
    archive = OAuthArchive()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            text = self.rfile.read(length).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            self._send(*archive.answer(self.path, form))

        def do_GET(self) -> None:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            path = self.path.partition("?")[0]
            archive.asked.append(self.path)
            if path in archive.pages:
                self._send(200, archive.pages[path])
            elif path != "/api/v2/users/me/":
                self._send(404, {"detail": "Not Found"})
            elif token not in archive.access:
                self._send(401, {"detail": "Unauthorized"})
            else:
                self._send(200, {"id": 2, "email": "owner@example.com", "full_name": "Olga Owner"})

        def _send(self, status: int, body: Any) -> None:
            kind, data = "application/json", b"" if body is None else json.dumps(body).encode()
            if isinstance(body, Html):
                kind, data = "text/html; charset=utf-8", body.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    archive.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield archive
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
