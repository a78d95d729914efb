"""An archive on loopback, API and files in one, that can go wrong in every way a real one does."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.filehost import Loopback, Reply, answer

SEARCH = "/api/v2/images/search/"
_ID = re.compile(r"ISIC_\d{7}")


def json_reply(value: Any, status: str = "200 OK") -> Reply:
    return answer(status, json.dumps(value).encode(), content_type="application/json")


@dataclass
class ArchiveHost(Loopback):
    """Lists `listed`, and serves their files.

    The script of an API path is played first, one reply for each request.
    """

    listed: list[int] = field(default_factory=list)
    #: Images of a page.
    page: int = 100
    #: What `files.full.size` says, by number; the true size where nothing is said.
    sizes: dict[int, int] = field(default_factory=dict)
    #: Whether it sends the texts of licences.
    has_licenses: bool = True

    def add(self, number: int, body: bytes) -> None:
        """List an image and serve its file."""
        self.listed.append(number)
        self.files[f"/ISIC_{number:07}.jpg"] = body

    def answer(self, target: str) -> Reply:
        parts = urlsplit(target)
        if not parts.path.startswith("/api/"):
            return super().answer(target)
        waiting = self.script.get(parts.path)
        if waiting:
            return waiting.pop(0)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == SEARCH:
            return json_reply(self.listing(query))
        if match := _ID.search(parts.path):
            number = int(match[0][5:])
            if number in self.listed:
                return json_reply(self.described(number))
        if "license-file" in parts.path and self.has_licenses:
            return answer("200 OK", b"A licence.\n", content_type="text/plain")
        return json_reply({"detail": "Not Found"}, "404 Not Found")

    def listing(self, query: dict[str, str]) -> dict[str, Any]:
        """One page: of everything, or of the ids that a query names."""
        found = self.listed
        if asked := _ID.findall(query.get("query", "")):
            found = [number for number in found if f"ISIC_{number:07}" in asked]
        start = int(query.get("cursor", 0))
        stop = start + self.page
        more = f"{self.url}{SEARCH}?cursor={stop}" if stop < len(found) else None
        return {
            "results": [self.described(number) for number in found[start:stop]],
            "count": None if start else len(found),
            "next": more,
            "previous": None,
        }

    def described(self, number: int) -> dict[str, Any]:
        """The record of an image, as the API sends it."""
        path = f"/ISIC_{number:07}.jpg"
        size = self.sizes.get(number, len(self.files.get(path, b"")))
        return self.record(number, size=size).to_json()
