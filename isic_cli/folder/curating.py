"""The routes that change collections. What the real server does later is done at once.

A folder has no users: nobody logs in, and whoever can write to it may change any collection that
is not locked.
"""

from collections.abc import Callable, Iterable
from typing import Any

import httpx

from isic_cli.errors import QueryError
from isic_cli.folder.local_collection import LocalCollection
from isic_cli.folder.payloads import IdsPayload, NewCollection, SearchBody, read_payload
from isic_cli.folder.replies import json_reply, not_found, server_error
from isic_cli.folder.request import Call

_LONGEST_NAME = 200


def add_list(call: Call) -> httpx.Response:
    """Answer `populate-from-list/`."""

    def act(collection: LocalCollection) -> httpx.Response:
        wanted = dict.fromkeys(read_payload(IdsPayload, call.body).isic_ids)
        known = call.store.among(wanted)
        hidden = [isic_id for isic_id in wanted if isic_id not in known]
        shown = [isic_id for isic_id in wanted if isic_id in known]
        private = [one for one in call.store.each(shown) if _is_misplaced(call, collection, one)]
        refused = {*hidden, *private}
        added = [isic_id for isic_id in wanted if isic_id not in refused]
        _set_members(call, collection, lambda members: [*members, *added])
        return json_reply(
            {
                "no_perms_or_does_not_exist": hidden,
                "private_image_public_collection": private,
                "succeeded": added,
            }
        )

    return _unlocked(call, act)


def remove_list(call: Call) -> httpx.Response:
    """Answer `remove-from-list/`: what is not a member counts as removed."""

    def act(collection: LocalCollection) -> httpx.Response:
        wanted = dict.fromkeys(read_payload(IdsPayload, call.body).isic_ids)
        known = call.store.among(wanted)
        hidden = [isic_id for isic_id in wanted if isic_id not in known]
        gone = wanted.keys() - set(hidden)
        _set_members(call, collection, lambda members: [one for one in members if one not in gone])
        removed = [isic_id for isic_id in wanted if isic_id in gone]
        return json_reply({"no_perms_or_does_not_exist": hidden, "succeeded": removed})

    return _unlocked(call, act)


def add_search(call: Call) -> httpx.Response:
    """Answer `populate-from-search/`: a bad query fails in silence, or with 500 where public."""

    def act(collection: LocalCollection) -> httpx.Response:
        body = read_payload(SearchBody, call.body)
        try:
            found = list(call.store.select(body.query or "", [*body.collection_ids] or None))
        except QueryError:
            return server_error() if collection.public else httpx.Response(202)
        if any(_is_misplaced(call, collection, isic_id) for isic_id in found):
            message = "Collection is public and cannot contain private images."
            return json_reply({"error": message}, 409)
        add_what_fits(call, collection, found)
        return httpx.Response(202)

    return _unlocked(call, act)


def create(call: Call) -> httpx.Response:
    """Answer `create-from-isic-ids/`."""
    body = read_payload(NewCollection, call.body)
    if any(one.name == body.name for one in call.store.collections.values()):
        return refused_name("Collection with this Creator and Name already exists.")
    return make_collection(call, body)


def make_collection(call: Call, body: NewCollection, **values: Any) -> httpx.Response:
    """Make a private collection of those images that are in the folder.

    Parameters
    ----------
    **values
        More of what `collections.json` keeps of it.
    """
    if not call.store.writable:
        return _read_only(call)
    if not body.name:
        return refused_name("This field cannot be blank.")
    if (length := len(body.name)) > _LONGEST_NAME:
        return refused_name(
            f"Ensure this value has at most {_LONGEST_NAME} characters (it has {length})."
        )
    made: list[int] = []
    known = call.store.among(body.isic_ids)

    def change(collections: dict[int, LocalCollection]) -> dict[int, LocalCollection]:
        number = max(collections, default=0) + 1
        made.append(number)
        collection = LocalCollection(
            id=number,
            name=body.name,
            description=body.description,
            public=False,
            isic_ids=tuple(one for one in dict.fromkeys(body.isic_ids) if one in known),
            **values,
        )
        return collections | {number: collection}

    call.store.collection_file.change(change)
    return json_reply({"collection_id": made[0]}, 202)


def refused_name(reason: str) -> httpx.Response:
    """Answer as the archive does to a name that it does not take."""
    return json_reply({"message": reason}, 400)


def delete(call: Call) -> httpx.Response:
    """Answer `DELETE collections/<id>/`."""

    def act(collection: LocalCollection) -> httpx.Response:
        if collection.locked:
            return json_reply({"error": "Can't modify the collection, it's locked."}, 400)
        if collection.doi:
            return json_reply({"error": "Collections with DOIs cannot be deleted."}, 400)
        call.store.collection_file.change(
            lambda all_: {key: one for key, one in all_.items() if key != collection.id}
        )
        return httpx.Response(204)

    return _found(call, act)


Act = Callable[[LocalCollection], httpx.Response]


def _unlocked(call: Call, act: Act) -> httpx.Response:
    def unlocked(collection: LocalCollection) -> httpx.Response:
        if collection.locked:
            return json_reply({"error": "Collection is locked"}, 409)
        return act(collection)

    return _found(call, unlocked)


def _found(call: Call, act: Act) -> httpx.Response:
    if not call.store.writable:
        return _read_only(call)
    collection = call.store.collections.get(call.number())
    return not_found() if collection is None else act(collection)


def _read_only(call: Call) -> httpx.Response:
    if call.store.has_users and call.store.user is None:
        return json_reply({"detail": "Unauthorized"}, 401)
    what = "archive cannot be changed" if call.store.user is None else "login may change nothing"
    return json_reply({"error": f"This {what}."}, 403)


def _is_misplaced(call: Call, collection: LocalCollection, isic_id: str) -> bool:
    return collection.public and call.store.is_private(isic_id)


def add_what_fits(call: Call, collection: LocalCollection, ids: Iterable[str]) -> None:
    """Add the images that are in the folder, and fit a public collection."""
    wanted = list(ids)
    known = call.store.among(wanted)
    fitting = [
        isic_id
        for isic_id in call.store.each(wanted)
        if isic_id in known and not _is_misplaced(call, collection, isic_id)
    ]
    _set_members(call, collection, lambda members: [*members, *fitting])


def _set_members(
    call: Call, collection: LocalCollection, change: Callable[[list[str]], list[str]]
) -> None:
    """Change the images of a collection; one that was a query becomes a list of its images."""
    matched = sorted(call.store.members(collection.id)) if collection.query is not None else []

    def changed(collections: dict[int, LocalCollection]) -> dict[int, LocalCollection]:
        current = collections.get(collection.id)
        if current is None:
            return collections  # another process has deleted it
        members = change(list(dict.fromkeys([*current.isic_ids, *matched])))
        update = {"isic_ids": tuple(dict.fromkeys(members)), "query": None}
        return collections | {collection.id: current.model_copy(update=update)}

    call.store.collection_file.change(changed)
