"""The routes of images and lesions."""

from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import Any, overload

import httpx

from isic_cli.errors import QueryError
from isic_cli.folder.replies import (
    bad_query,
    html_not_found,
    json_reply,
    moved,
    not_found,
    page_reply,
)
from isic_cli.folder.request import Call, id_list
from isic_cli.folder.store import FolderStore


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
    return json_reply({"size": call.store.size_of(ids)})


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
        For a collection that is not a number.
    """
    text = call.query.get("query", "")
    collections = id_list(call.query.get_list("collections"), "collections")
    return call.store.select(text, collections)


def lesions(call: Call) -> httpx.Response:
    """Answer `lesions/`, ordered by id."""
    return page_reply(call, _Lesions(call.store), lambda row: _shown(call, *row), always_count=True)


class _Lesions(Sequence[tuple[str, Sequence[str]]]):
    """The lesions by id; the images of a page of them are looked up together."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store
        self._ids = store.lesion_ids

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, place: int) -> tuple[str, Sequence[str]]: ...
    @overload
    def __getitem__(self, place: slice) -> list[tuple[str, Sequence[str]]]: ...
    def __getitem__(
        self, place: int | slice
    ) -> tuple[str, Sequence[str]] | list[tuple[str, Sequence[str]]]:
        """Return lesions and their images."""
        if isinstance(place, int):
            return self[slice(place, place + 1)][0]
        page: list[tuple[str, Sequence[str]]] = [
            (lesion, self._store.lesions[lesion]) for lesion in self._ids[place]
        ]
        wanted = chain.from_iterable(images for _, images in page)
        deque(self._store.each(wanted), maxlen=0)
        return page


def lesion(call: Call) -> httpx.Response:
    """Answer `lesions/<id>/`."""
    lesion_id = call.parts["lesion_id"]
    images = call.store.lesion(lesion_id)
    if not images:
        return not_found()
    return json_reply(_shown(call, lesion_id, list(call.store.each(images))))


def _shown(call: Call, lesion_id: str, images: Sequence[str]) -> dict[str, Any]:
    """Return a lesion as the API describes it.

    The index image is the first dermoscopic one, else the first; the outcome is its diagnosis;
    and a lesion is longitudinally monitored when its images are of more than one day. The
    server's own rules are not known.
    """
    fields = {isic_id: call.store.fields(isic_id) for isic_id in images}
    dermoscopic = [one for one in images if fields[one].get("image_type") == "dermoscopic"]
    index = (dermoscopic or images)[0]
    levels = [fields[index].get(f"diagnosis_{level}") for level in range(1, 6)]
    days = {row["acquisition_day"] for row in fields.values() if "acquisition_day" in row}
    return {
        "images": [call.store.record(isic_id, call.origin) for isic_id in images],
        "images_count": len(images),
        "longitudinally_monitored": len(days) > 1,
        "index_image_id": index,
        "outcome_diagnosis": ":".join(level for level in levels if level) or None,
        "outcome_diagnosis_1": levels[0],
        "id": lesion_id,
    }
