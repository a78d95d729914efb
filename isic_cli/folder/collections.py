"""The routes of collections: list, detail, attribution, autocomplete, and the website's CSV."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import httpx

from isic_cli.folder.replies import csv_reply, html_not_found, json_reply, not_found, page_reply
from isic_cli.folder.request import Call, boolean, choice, refused_value
from isic_cli.models.image import LEADING_COLUMNS
from isic_cli.tables.names import guarded

_SHORTEST_QUERY = 3
_SUGGESTED = 20


def listing(call: Call) -> httpx.Response:
    """Answer `collections/`: newest first, that is by falling id; or by `sort`."""
    found = sorted(call.store.collections.values(), key=lambda one: one.id, reverse=True)
    if pinned := call.query.get("pinned"):
        wanted = boolean(pinned, "pinned")
        found = [one for one in found if one.pinned == wanted]
    if (order := call.query.get("sort")) is not None:
        by_name = choice(order, "sort", ("name", "created")) == "name"
        found.sort(key=lambda one: (one.name, one.id) if by_name else ("", one.id))
    return page_reply(call, found, lambda one: one.shown())


def detail(call: Call) -> httpx.Response:
    """Answer `collections/<id>/`."""
    collection = call.store.collections.get(call.number())
    return not_found() if collection is None else json_reply(collection.shown())


def attribution(call: Call) -> httpx.Response:
    """Answer `collections/<id>/attribution/`, the most frequent credit first."""
    number = call.number()
    if number not in call.store.collections:
        return not_found()
    counts = Counter(call.store.credit(isic_id) for isic_id in _members(call, number))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return json_reply(
        [
            {"license": license_, "attribution": credit, "count": count}
            for (license_, credit), count in ordered
        ]
    )


def autocomplete(call: Call) -> httpx.Response:
    """Answer `collections/autocomplete/`: unlocked collections whose name holds the query."""
    text = call.query.get("query", "").strip().casefold()
    if len(text) < _SHORTEST_QUERY:
        raise refused_value("query", "Query too short.")
    found = [
        one.shown()
        for one in sorted(call.store.collections.values(), key=lambda one: one.id, reverse=True)
        if text in one.name.casefold() and not one.locked
    ]
    return json_reply(found[:_SUGGESTED])


def web_metadata(call: Call) -> httpx.Response:
    """Answer the website's `/collections/<id>/metadata/`."""
    collection = call.store.collections.get(call.number())
    if collection is None:
        return html_not_found()
    ids = call.store.select("", [collection.id])
    return metadata_table(call, f"{slug(collection.name)}_metadata.csv", ids)


def metadata_table(call: Call, name: str, ids: Iterable[str]) -> httpx.Response:
    """Answer with the table of some images that the archive writes for people.

    Sorted by ISIC id, only the columns that some row uses, no dimensions, and, as the website
    has it, an age of 0 left blank.
    """
    rows = {isic_id: _web_row(call, isic_id) for isic_id in call.store.each(ids)}
    used = {name for row in rows.values() for name, cell in row.items() if cell}
    columns = [*LEADING_COLUMNS, *sorted(used - {*LEADING_COLUMNS, "pixels_x", "pixels_y"})]
    table = [[rows[isic_id].get(column, "") for column in columns] for isic_id in sorted(rows)]
    return csv_reply(name, [columns, *table])


def slug(name: str) -> str:
    """Make a part of a file name of a name."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "unnamed"


def _web_row(call: Call, isic_id: str) -> dict[str, str]:
    license_, credit = call.store.credit(isic_id)
    row: dict[str, Any] = {**call.store.fields(isic_id), "isic_id": isic_id}
    row |= {"attribution": credit, "copyright_license": license_}
    if row.get("age_approx") == 0:
        del row["age_approx"]
    return {name: guarded(str(value)) for name, value in row.items()}


def _members(call: Call, number: int) -> Iterator[str]:
    return call.store.each(call.store.select("", [number]))
