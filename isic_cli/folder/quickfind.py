"""The route of the archive's quick search: images, collections and studies by a piece of a name."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import httpx

from isic_cli.folder.collection_file import read_collections
from isic_cli.folder.replies import json_reply
from isic_cli.folder.request import Call, refused_value

_SHORTEST = 3
#: Of each kind, as the archive shows them.
_MOST = 5


def quickfind(call: Call) -> httpx.Response:
    """Answer `quickfind/`: at most five of a kind."""
    text = call.query.get("query", "").strip().casefold()
    if len(text) < _SHORTEST:
        raise refused_value("query", "Query too short.")
    if text in "isic_":
        raise refused_value("query", "Query too common.")
    kinds = (_images(call, text), _collections(call, text), _studies(call, text))
    return json_reply([one for kind in kinds for one in islice(kind, _MOST)])


def _images(call: Call, text: str) -> Iterator[dict[str, Any]]:
    for isic_id in call.store.ids if text.startswith("isic_") else ():
        if text in isic_id.casefold():
            license_, credit = call.store.credit(isic_id)
            url = f"/images/{isic_id}/"
            yield _entry("Image", isic_id, f"{credit} ({license_})", "ri-image-line", url)


def _collections(call: Call, text: str) -> Iterator[dict[str, Any]]:
    store = call.store
    # Somebody who is logged in has a copy of the collections: what only the copy has is theirs.
    shared = (
        read_collections(store.folder / "collections.json") if store.user else store.collections
    )
    for one in store.collections.values():
        if text in one.name.casefold():
            subtitle = f"{len(store.select('', [one.id]))} images"
            url = f"/collections/{one.id}/"
            entry = _entry("Collection", one.name, subtitle, "ri-stack-line", url)
            yield {**entry, "yours": one.id not in shared}


def _studies(call: Call, text: str) -> Iterator[dict[str, Any]]:
    for one in call.store.studies.values():
        if text in one.name.casefold():
            yield _entry("Study", one.name, "", "", f"/studies/{one.id}/")


def _entry(kind: str, title: str, subtitle: str, icon: str, url: str) -> dict[str, Any]:
    return {
        "title": title,
        "subtitle": subtitle,
        "icon": icon,
        "url": url,
        "yours": False,
        "result_type": kind,
    }
