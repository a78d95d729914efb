"""A generated archive without pictures: records, prefix queries and cursor pages."""

import base64
import importlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

_PREFIX = re.compile(r"^(?:\((?P<rest>.*)\) AND )?isic_id:(?P<prefix>[A-Za-z0-9_-]*)\*$", re.DOTALL)
_IDS = re.compile(r"isic_id:(ISIC_\d{7})")
_TURN = 7919  # a prime: the archive's order is not the order of the ids


def make_record(isic_id: str, origin: str, size: int = 40_000) -> dict[str, Any]:
    """One record with every kind of value that the archive sends."""
    number = int(re.sub(r"\D", "", isic_id) or 0)
    return {
        "isic_id": isic_id,
        "copyright_license": ("CC-0", "CC-BY", "CC-BY-NC")[number % 3],
        "attribution": f"Clinic {number % 5}",
        "files": {
            "full": {"url": f"{origin}/files/{isic_id}.jpg", "size": size},
            "thumbnail_256": {"url": f"{origin}/files/{isic_id}_thumbnail.jpg", "size": size},
        },
        "metadata": {
            "acquisition": {"pixels_x": 1024, "pixels_y": 768, "image_type": "dermoscopic"},
            "clinical": {
                "age_approx": number % 18 * 5,
                "sex": ("female", "male")[number % 2],
                "anatom_site_1": "Trunk",
                "diagnosis_1": ("Benign", "Malignant", "Indeterminate")[number % 3],
                "diagnosis_2": "Benign melanocytic proliferations",
                "diagnosis_3": "Nevus",
                "diagnosis_confirm_type": "single image expert consensus",
                "melanocytic": number % 3 == 0,
                "mel_thick_mm": "0.35",
                "lesion_id": f"IL_{number // 3:07d}",
                "patient_id": f"IP_{number // 9:07d}",
            },
        },
        "public": True,
    }


def flat(record: dict[str, Any]) -> dict[str, Any]:
    top = {name: record[name] for name in ("isic_id", "copyright_license", "public")}
    return {**top, **record["metadata"]["acquisition"], **record["metadata"]["clinical"]}


class Listing:
    """The images of a generated archive, with the archive's paging.

    Parameters
    ----------
    ids : iterable of str
        In the order of the archive; `spread` makes some.
    origin : str
        What links and file addresses begin with.
    size : int
        Bytes of each file.
    """

    def __init__(self, ids: Iterable[str], *, origin: str, size: int = 40_000) -> None:
        self.ids = list(ids)
        self.origin = origin
        self.size = size
        self._found: dict[str, list[str]] = {"": self.ids}

    def record(self, isic_id: str) -> dict[str, Any]:
        return make_record(isic_id, self.origin, self.size)

    def search(self, query: str) -> list[str]:
        """The ids that a query finds, in the archive's order.

        Prefixes, and lists of ids joined by OR, need no parser; anything else does.
        """
        if query not in self._found:
            self._found[query] = self._searched(query)
        return self._found[query]

    def _searched(self, query: str) -> list[str]:
        if match := _PREFIX.match(query):
            rest, prefix = match["rest"] or "", match["prefix"]
            if len(prefix) > len("ISIC_0"):  # out of the shorter prefix, not out of everything
                shorter = f"isic_id:{prefix[:-1]}*"
                rest = f"({rest}) AND {shorter}" if rest else shorter
            return [isic_id for isic_id in self.search(rest) if isic_id.startswith(prefix)]
        asked = set(_IDS.findall(query))
        if asked and not _IDS.sub("", query).replace("OR", "").strip(" ()"):
            return [isic_id for isic_id in self.ids if isic_id in asked]
        matches: Callable[[dict[str, Any]], bool]
        matches = importlib.import_module("isic_cli.query").parse(query).matches
        return [isic_id for isic_id in self.ids if matches(flat(self.record(isic_id)))]

    def page(self, url: str) -> bytes:
        """The JSON of `images/` or `images/search/` for this path and query string."""
        path, _, text = url.partition("?")
        asked = dict(parse_qsl(text))
        cursor = asked.pop("cursor", "")
        start = int(base64.b64decode(cursor)) if cursor else 0
        limit = min(int(asked.get("limit", 100)) or 100, 100)
        found = self.search(asked.get("query", ""))
        link = None
        if start + limit < len(found):
            cursor = base64.b64encode(str(start + limit).encode()).decode()
            link = f"{self.origin}{path}?{urlencode(sorted({**asked, 'cursor': cursor}.items()))}"
        return json.dumps(
            {
                "results": [self.record(i) for i in found[start : start + limit]],
                "count": None if start else len(found),
                "next": link,
                "previous": None,
            }
        ).encode()


def spread(count: int, *, step: int = 1, first: int = 0) -> list[str]:
    """Ids at equal distances, in an order that is not theirs."""
    return [f"ISIC_{first + (i * _TURN) % count * step:07d}" for i in range(count)]


class ListingTransport(httpx.BaseTransport):
    """Plays a listing inside the process.

    Attributes
    ----------
    queries : list of str
        The query of each search, in the order they came.
    """

    def __init__(self, ids: Sequence[str], *, origin: str) -> None:
        self.listing = Listing(ids, origin=origin)
        self.queries: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.queries.append(request.url.params.get("query", ""))
        content = self.listing.page(request.url.raw_path.decode())
        return httpx.Response(200, headers={"Content-Type": "application/json"}, content=content)
