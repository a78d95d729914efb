"""Answers in the shapes of the real server: pages with cursors, tables, and its errors.

The position inside a cursor is the place of a row in its listing, which no two rows share: so
small pages lose no rows here, unlike on the real server.
"""

import base64
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx

from isic_cli.folder.request import Call, cursor, integer, wrong_position

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"

_NOT_FOUND_PAGE = (
    '\n<!doctype html>\n<html lang="en">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n'
    "  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n"
    "</body>\n</html>\n"
)


def json_reply(value: Any, status: int = 200) -> httpx.Response:
    """Answer with a JSON value."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return httpx.Response(status, headers={"Content-Type": JSON}, content=body)


def not_found() -> httpx.Response:
    """Answer as the API does when an object is not there."""
    return json_reply({"detail": "Not Found"}, 404)


def bad_query() -> httpx.Response:
    """Answer as the API does to a search that does not parse."""
    return json_reply({"message": "Could not parse search query."}, 400)


def html_not_found() -> httpx.Response:
    """Answer as the server does to a path it does not know."""
    return httpx.Response(404, headers={"Content-Type": HTML}, text=_NOT_FOUND_PAGE)


def server_error() -> httpx.Response:
    """Answer as the server does when it fails."""
    page = _NOT_FOUND_PAGE.replace("<title>Not Found", "<title>Server Error (500)")
    page = re.sub(r"<h1>.*</p>", "<h1>Server Error (500)</h1><p></p>", page)
    return httpx.Response(500, headers={"Content-Type": HTML}, text=page)


def wrong_method(allowed: Iterable[str], *, head: bool) -> httpx.Response:
    """Answer to a method that a path does not take; to HEAD without a body."""
    text = "Method not allowed"
    headers = {"Content-Type": HTML, "Allow": ", ".join(allowed), "Content-Length": str(len(text))}
    return httpx.Response(405, headers=headers, content=b"" if head else text.encode())


def moved(location: str) -> httpx.Response:
    """Answer with a lasting redirect."""
    return httpx.Response(301, headers={"Content-Type": HTML, "Location": location})


def no_such_key(key: str) -> httpx.Response:
    """Answer as the file host does to a file that is not there."""
    return _xml(404, "NoSuchKey", "The specified key does not exist.", key)


def access_denied(key: str) -> httpx.Response:
    """Answer as the file host does to a file that may not be read."""
    return _xml(403, "AccessDenied", "Access Denied.", key)


def _xml(status: int, code: str, message: str, key: str) -> httpx.Response:
    escaped = key.replace("&", "&amp;").replace("<", "&lt;")
    body = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<Error><Code>{code}</Code>'
        f"<Message>{message}</Message><Key>{escaped}</Key></Error>"
    )
    return httpx.Response(status, headers={"Content-Type": "application/xml"}, text=body)


def csv_reply(name: str, rows: Iterable[Sequence[str]]) -> httpx.Response:
    """Answer with a table to be saved as `name`."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return csv_bytes(name, text.getvalue().encode())


def csv_bytes(name: str, body: bytes) -> httpx.Response:
    """Answer with a table that is written already."""
    headers = {"Content-Type": "text/csv", "Content-Disposition": f'attachment; filename="{name}"'}
    return httpx.Response(200, headers=headers, content=body)


T = TypeVar("T")

LARGEST_PAGE = 100


def page_reply(
    call: Call, rows: Sequence[T], render: Callable[[T], Any], *, always_count: bool = False
) -> httpx.Response:
    """Answer with the page of `rows` that `limit` and `cursor` ask for.

    Parameters
    ----------
    rows : sequence
        The whole listing.
    render : callable
        Makes the JSON of a row.
    always_count : bool
        Whether later pages have a count too, as lesions do.

    Raises
    ------
    ParameterError
        For a limit that is not a number, or a cursor that is none.
    """
    limit = integer(call.query.get("limit", "100"), "query", "limit")
    limit = LARGEST_PAGE if limit == 0 else min(limit, LARGEST_PAGE)
    given = cursor(call.query.get("cursor", ""))
    place = _position(given.get("p"))
    start, stop = _window(place, limit, len(rows), backwards=given.get("r") == "1")
    following = _link(call, stop - 1) if limit < 0 or stop < len(rows) else None
    previous = _link(call, start, backwards=True) if start > 0 and limit > 0 else None
    return json_reply(
        {
            "results": [render(row) for row in rows[start:stop]],
            "count": len(rows) if always_count or place is None else None,
            "next": following,
            "previous": previous,
        }
    )


def _position(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal():
        raise wrong_position()
    return int(text)


def _window(place: int | None, limit: int, total: int, *, backwards: bool) -> tuple[int, int]:
    """Return the first row of a page and the one after its last; a negative limit holds none."""
    if backwards and place is not None:
        stop = min(place, total)
        return max(0, stop - max(limit, 0)), stop
    start = 0 if place is None else min(place + 1, total)
    return start, min(start + max(limit, 0), total)


def _link(call: Call, place: int, *, backwards: bool = False) -> str:
    """Return the absolute URL of a neighbouring page: every parameter, sorted."""
    position = {"r": "1"} if backwards else {}
    position["p"] = str(max(place, 0))
    text = base64.b64encode(urlencode(position).encode()).decode()
    others = [(name, value) for name, value in call.query.multi_items() if name != "cursor"]
    return f"{call.origin}{call.path}?{urlencode(sorted([*others, ('cursor', text)]))}"
