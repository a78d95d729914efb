"""Answers in the shapes of the real server, its error bodies included."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import httpx

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
