"""The routes of images: list, search, size, detail."""

from collections.abc import Sequence

import httpx

from isic_cli.errors import QueryError
from isic_cli.folder.call import Call
from isic_cli.folder.paging import page_reply
from isic_cli.folder.params import id_list
from isic_cli.folder.replies import (
    bad_query,
    html_not_found,
    json_reply,
    moved,
    not_found,
)


def listing(call: Call) -> httpx.Response:
    """Answer `images/`. Nothing is pinned in a folder, so `pin_sort` changes nothing."""
    return page_reply(call, call.store.ids, lambda isic_id: call.store.record(isic_id, call.origin))


def search(call: Call) -> httpx.Response:
    """Answer `images/search/`."""
    try:
        ids = selected(call)
    except QueryError:
        return bad_query()
    return page_reply(call, ids, lambda isic_id: call.store.record(isic_id, call.origin))


def size(call: Call) -> httpx.Response:
    """Answer `images/search/size/`: the bytes of the pictures found."""
    try:
        ids = selected(call)
    except QueryError:
        return bad_query()
    contents = call.store.contents
    sizes = (contents.size_of(contents.pictures[isic_id]) or 0 for isic_id in ids)
    return json_reply({"size": sum(sizes)})


def detail(call: Call) -> httpx.Response:
    """Answer `images/<id>/`."""
    isic_id = call.parts["isic_id"]
    if isic_id not in call.store:
        return not_found()
    return json_reply(call.store.record(isic_id, call.origin))


def web_page(call: Call) -> httpx.Response:
    """Answer the website's `/images/<number>/`: a redirect from the key to the ISIC id."""
    key = call.parts["id"]
    isic_id = f"ISIC_{key:0>7}"
    known = key.isdecimal() and isic_id in call.store
    return moved(f"/images/{isic_id}/") if known else html_not_found()


def key_of(isic_id: str) -> int:
    """Return the numeric key of an image, as tasks and annotations name it."""
    return int(isic_id.removeprefix("ISIC_"))


def selected(call: Call) -> Sequence[str]:
    """Return the images that `query` and `collections` select, in the order of the listing.

    Raises
    ------
    QueryError
        For a query that does not parse.
    ParameterError
        For a collection that is no number.
    """
    text = call.query.get("query", "")
    collections = id_list(call.query.get_list("collections"), "collections")
    return call.store.select(text, collections)
