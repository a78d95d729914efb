"""The routes that change collections. What the real server does later is done at once."""

from collections.abc import Callable, Iterable

import httpx

from isic_cli.errors import QueryError
from isic_cli.folder.accounts import Account
from isic_cli.folder.call import Call
from isic_cli.folder.payloads import (
    IdList,
    LongIdList,
    NewCollection,
    Pinning,
    SearchBody,
    Sharing,
    read_payload,
)
from isic_cli.folder.replies import json_reply, not_found, server_error, unauthorized
from isic_cli.folder.sets import LocalCollection
from isic_cli.query import parse

_NOT_YOURS = "You do not have permission to add images to this collection."
_LONGEST_NAME = 200


def add_list(call: Call) -> httpx.Response:
    """Answer `populate-from-list/`."""

    def act(collection: LocalCollection) -> httpx.Response:
        wanted = dict.fromkeys(read_payload(IdList, call.body).isic_ids)
        hidden = [isic_id for isic_id in wanted if isic_id not in call.store]
        private = [isic_id for isic_id in wanted if _is_misplaced(call, collection, isic_id)]
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

    return _changing(call, act, IdList)


def remove_list(call: Call) -> httpx.Response:
    """Answer `remove-from-list/`: what is no member counts as removed."""

    def act(collection: LocalCollection) -> httpx.Response:
        wanted = dict.fromkeys(read_payload(IdList, call.body).isic_ids)
        hidden = [isic_id for isic_id in wanted if isic_id not in call.store]
        gone = wanted.keys() - set(hidden)
        _set_members(call, collection, lambda members: [one for one in members if one not in gone])
        removed = [isic_id for isic_id in wanted if isic_id in gone]
        return json_reply({"no_perms_or_does_not_exist": hidden, "succeeded": removed})

    return _changing(call, act, IdList)


def add_ids(call: Call) -> httpx.Response:
    """Answer `populate-from-isic-ids/`: no upper limit, and no word of what was refused."""

    def act(collection: LocalCollection) -> httpx.Response:
        ids = read_payload(LongIdList, call.body).isic_ids
        _add_what_fits(call, collection, ids)
        return httpx.Response(202)

    return _changing(call, act, LongIdList)


def add_search(call: Call) -> httpx.Response:
    """Answer `populate-from-search/`: a bad query fails in silence, or with 500 where public."""

    def act(collection: LocalCollection) -> httpx.Response:
        body = read_payload(SearchBody, call.body)
        try:
            query = parse(body.query or "")
        except QueryError:
            return server_error() if collection.public else httpx.Response(202)
        found = [one for one in call.store.ids if query.matches(call.store.flat(one))]
        if chosen := body.collection_ids:
            members = {one for number in chosen for one in call.store.members(number)}
            found = [one for one in found if one in members]
        if any(_is_misplaced(call, collection, isic_id) for isic_id in found):
            message = "Collection is public and cannot contain private images."
            return json_reply({"error": message}, 409)
        _add_what_fits(call, collection, found)
        return httpx.Response(202)

    return _changing(call, act, SearchBody)


def create(call: Call) -> httpx.Response:
    """Answer `create-from-isic-ids/`: a private collection of the images one can see."""
    if call.user is None:
        return unauthorized()
    body = read_payload(NewCollection, call.body)
    user = call.user
    if problem := _name_problem(call, body.name, user):
        return json_reply({"message": problem}, 400)
    made: list[int] = []

    def change(collections: dict[int, LocalCollection]) -> dict[int, LocalCollection]:
        number = max(collections, default=0) + 1
        made.append(number)
        collection = LocalCollection(
            id=number,
            name=body.name,
            description=body.description,
            public=False,
            creator=user.id,
            isic_ids=tuple(one for one in dict.fromkeys(body.isic_ids) if one in call.store),
        )
        return collections | {number: collection}

    call.store.shelf.change(change)
    return json_reply({"collection_id": made[0]}, 202)


def delete(call: Call) -> httpx.Response:
    """Answer `DELETE collections/<id>/`."""

    def act(collection: LocalCollection) -> httpx.Response:
        if collection.locked:
            return json_reply({"error": "Can't modify the collection, it's locked."}, 400)
        if collection.has_study:
            message = "Collections with derived studies cannot be deleted."
            return json_reply({"error": message}, 400)
        if collection.doi or collection.draft:
            return json_reply({"error": "Collections with DOIs cannot be deleted."}, 400)
        call.store.shelf.change(
            lambda all_: {key: one for key, one in all_.items() if key != collection.id}
        )
        return httpx.Response(204)

    message = "You do not have permission to delete this collection."
    return _owned(call, act, message)


def share(call: Call) -> httpx.Response:
    """Answer `share/`: for staff only."""

    def act(collection: LocalCollection) -> httpx.Response:
        wanted = read_payload(Sharing, call.body).user_ids
        if collection.magic:
            return json_reply({"error": "Magic collections cannot be shared."}, 400)
        if call.user is not None and call.user.id in wanted:
            return json_reply({"error": "Cannot share a collection with yourself."}, 400)
        shared = tuple(dict.fromkeys([*collection.shared_with, *wanted]))
        call.store.shelf.update(collection.id, shared_with=shared)
        return httpx.Response(202)

    return _for_staff(call, act)


def set_pinned(call: Call) -> httpx.Response:
    """Answer `set-pinned/`: for staff only, and only for a public collection."""

    def act(collection: LocalCollection) -> httpx.Response:
        wanted = read_payload(Pinning, call.body).pinned
        if wanted and not collection.public:
            message = "Constraint “collection_pinned_implies_public” is violated."
            return json_reply({"error": message}, 400)
        call.store.shelf.update(collection.id, pinned=wanted)
        return httpx.Response(200)

    return _for_staff(call, act)


Act = Callable[[LocalCollection], httpx.Response]


def _changing(
    call: Call, act: Act, payload: type[IdList | LongIdList | SearchBody]
) -> httpx.Response:
    """Check in the server's order: the login, the body, visible, yours, not locked."""
    if call.user is not None:
        if not call.parts["id"].isdigit():
            return server_error()  # the real routes do not say that it is no number either
        read_payload(payload, call.body)

    def unlocked(collection: LocalCollection) -> httpx.Response:
        if collection.locked:
            return json_reply({"error": "Collection is locked"}, 409)
        return act(collection)

    return _owned(call, unlocked, _NOT_YOURS)


def _owned(call: Call, act: Act, refusal: str) -> httpx.Response:
    if call.user is None:
        return unauthorized()
    collection = call.store.collections.get(call.number())
    if collection is None:
        return not_found()
    may = not call.store.accounts.are_kept or call.user.staff or collection.creator == call.user.id
    return act(collection) if may else json_reply({"error": refusal}, 403)


def _for_staff(call: Call, act: Act) -> httpx.Response:
    if call.user is None or not call.user.staff:
        return unauthorized()
    collection = call.store.collections.get(call.number())
    return not_found() if collection is None else act(collection)


def _is_misplaced(call: Call, collection: LocalCollection, isic_id: str) -> bool:
    return collection.public and isic_id in call.store and call.store.is_private(isic_id)


def _add_what_fits(call: Call, collection: LocalCollection, ids: Iterable[str]) -> None:
    fitting = [
        isic_id
        for isic_id in ids
        if isic_id in call.store and not _is_misplaced(call, collection, isic_id)
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

    call.store.shelf.change(changed)


def _name_problem(call: Call, name: str, user: Account) -> str | None:
    if not name:
        return "This field cannot be blank."
    if len(name) > _LONGEST_NAME:
        return f"Ensure this value has at most {_LONGEST_NAME} characters (it has {len(name)})."
    everyone = call.store.shelf.collections.values()
    if any(one.name == name and one.creator == user.id for one in everyone):
        return "Collection with this Creator and Name already exists."
    return None
