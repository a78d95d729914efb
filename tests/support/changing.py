"""A generated archive that can change between two refreshes, and break off in one."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

from isic_cli.api.archive import ArchiveApi
from isic_cli.config import ArchiveSpec, Settings
from tests.support.listing import Listing, spread

ORIGIN = "http://127.0.0.1:8010"


class ChangingArchive(httpx.BaseTransport):
    """Plays an archive with collections and users.

    Attributes
    ----------
    ids : list of str
        Its images in its order; replace the list to change it.
    collections : dict of int to list of str
        The members of each collection.
    corrected : dict
        Clinical values by id that differ from the generated ones.
    requests : list of str
        Path and query of each request.
    dies_after : int or None
        Requests that are answered before the connection is lost for good.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self.ids = list(ids)
        self.collections: dict[int, list[str]] = {}
        self.corrected: dict[str, Mapping[str, Any]] = {}
        self.requests: list[str] = []
        self.dies_after: int | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.raw_path.decode()
        self.requests.append(url)
        if self.dies_after is not None and len(self.requests) > self.dies_after:
            raise httpx.ConnectError("connection lost", request=request)
        path = request.url.path
        if path.endswith("users/me/"):
            number = {"Bearer one": 1, "Bearer two": 2}[request.headers["Authorization"]]
            return self._json({"id": number, "email": "someone@example.org"})
        if path.endswith("collections/"):
            rows = [
                {"id": number, "name": f"Collection {number}", "doi": f"10.1/{number}"}
                for number in sorted(self.collections, reverse=True)
            ]
            return self._json({"results": rows, "count": len(rows), "next": None, "previous": None})
        chosen = request.url.params.get("collections")
        ids = self.collections[int(chosen)] if chosen else self.ids
        page = json.loads(Listing(ids, origin=ORIGIN).page(url))
        for record in page["results"]:
            record["metadata"]["clinical"].update(self.corrected.get(record["isic_id"], {}))
        return self._json(page)

    @staticmethod
    def _json(value: Any) -> httpx.Response:
        return httpx.Response(200, json=value)

    def open(self, cache_dir: Path, *, token: str | None = None) -> ArchiveApi:
        """Open it as `https://archive.example` with a cache of its own."""
        spec = ArchiveSpec("remote", "example", ORIGIN)
        settings = Settings(archive=spec, cache_dir=cache_dir, token=token, retries=0)
        return ArchiveApi.open(settings, transport=self)


def many(count: int = 2500, step: int = 400) -> list[str]:
    """Ids spread over the whole range."""
    return spread(count, step=step)
