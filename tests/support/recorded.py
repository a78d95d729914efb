"""A transport that plays recorded requests and answers.

A recording is a JSON object with `request` (method, path, query, headers, body) and `response`
(status, headers, body). The user of a request is the token itself: `Bearer normal` plays what
was recorded for the user *normal*.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

_USER = re.compile(r"Bearer <token of user '(\w+)'>")
#: Headers that describe the recorded transfer, not the one that is played.
_TRANSFER = {"content-length", "transfer-encoding", "content-encoding"}

Key = tuple[str, str, tuple[tuple[str, str], ...], str]


@dataclass(frozen=True)
class Recording:
    """One recorded pair."""

    name: str
    method: str
    path: str
    query: dict[str, str]
    user: str
    status: int
    headers: dict[str, str]
    body: Any

    @classmethod
    def load(cls, path: Path) -> "Recording":
        pair = json.loads(path.read_text("utf-8"))
        request, response = pair["request"], pair["response"]
        match = _USER.fullmatch(request["headers"].get("Authorization", ""))
        return cls(
            path.stem,
            request["method"],
            request["path"],
            {name: str(value) for name, value in request["query"].items()},
            match[1] if match else "",
            response["status"],
            response["headers"],
            response["body"],
        )

    def key(self, *, sized: bool) -> Key:
        query = {k: v for k, v in self.query.items() if sized or k != "limit"}
        return self.method, self.path, tuple(sorted(query.items())), self.user

    def played(self) -> httpx.Response:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _TRANSFER}
        is_json = "json" in self.headers.get("Content-Type", "") and self.body not in ("", None)
        content = json.dumps(self.body) if is_json else self.body or ""
        return httpx.Response(self.status, headers=headers, content=content.encode())


@cache
def recordings(folder: Path) -> dict[str, Recording]:
    """Every recording of a folder by its name."""
    return {path.stem: Recording.load(path) for path in sorted(folder.glob("*.json"))}


class Recorded(httpx.BaseTransport):
    """Plays a folder of recordings; a request that is not among them fails the test.

    A recording made with a small page answers a request for full pages as well.
    """

    def __init__(self, folder: Path) -> None:
        self.requests: list[httpx.Request] = []
        self._exact: dict[Key, Recording] = {}
        self._loose: dict[Key, Recording] = {}
        for recording in recordings(folder).values():
            self._exact.setdefault(recording.key(sized=True), recording)
            self._loose.setdefault(recording.key(sized=False), recording)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        user = request.headers.get("Authorization", "").removeprefix("Bearer ")
        query = dict(request.url.params)
        exact = (request.method, request.url.path, tuple(sorted(query.items())), user)
        query.pop("limit", None)
        loose = (request.method, request.url.path, tuple(sorted(query.items())), user)
        found = self._exact.get(exact) or self._loose.get(loose)
        assert found is not None, f"not recorded: {exact}"
        return found.played()
