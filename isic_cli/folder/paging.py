"""Pages of a listing, with cursors as the real server gives them.

The position inside a cursor is the place of a row in its listing, which no two rows share: so
small pages lose no rows here, unlike on the real server.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx

from isic_cli.folder.call import Call
from isic_cli.folder.params import cursor, integer, wrong_position
from isic_cli.folder.replies import json_reply

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
        For a limit that is no number, or a cursor that is none.
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
