"""Who may change collections, in the order in which the real server checks it."""

from collections.abc import Callable
from typing import Annotated

import httpx
from pydantic import Field

from isic_cli.folder import curating
from isic_cli.folder.payloads import (
    IdsPayload,
    IsicId,
    NewCollection,
    Payload,
    SearchBody,
    read_payload,
)
from isic_cli.folder.replies import json_reply, not_found, server_error
from isic_cli.folder.request import Call
from isic_cli.folder.transport import Handler
from tests.support.folder_server.sets import ServerCollection, as_served, update
from tests.support.folder_server.users import unauthorized, user_of

_NOT_YOURS = "You do not have permission to add images to this collection."
_NOT_YOURS_TO_DELETE = "You do not have permission to delete this collection."


class LongIdList(Payload):
    """Any number of ids, worked on later."""

    isic_ids: Annotated[list[IsicId], Field(min_length=1)]


class Sharing(Payload):
    """Whom to share a collection with."""

    user_ids: list[int]
    notify: bool = True


class Pinning(Payload):
    """Whether to pin."""

    pinned: bool


def _changing(handler: Handler, payload: type[Payload]) -> Handler:
    """Check in the server's order: the login, the body, visible, yours."""

    def checked(call: Call) -> httpx.Response:
        if user_of(call) is not None:
            if not call.parts["id"].isdigit():
                return server_error()  # the real routes do not say that it is no number either
            read_payload(payload, call.body)
        return _owned(call, lambda _: handler(call), _NOT_YOURS)

    return checked


def _owned(
    call: Call, act: Callable[[ServerCollection], httpx.Response], refusal: str
) -> httpx.Response:
    user = user_of(call)
    if user is None:
        return unauthorized()
    found = call.store.collections.get(call.number())
    if found is None:
        return not_found()
    collection = as_served(found)
    may = user.staff or collection.creator == user.id
    return act(collection) if may else json_reply({"error": refusal}, 403)


def _add_ids(call: Call) -> httpx.Response:
    """Add ids; no word of what was refused."""
    collection = call.store.collections[call.number()]
    if collection.locked:
        return json_reply({"error": "Collection is locked"}, 409)
    curating.add_what_fits(call, collection, read_payload(LongIdList, call.body).isic_ids)
    return httpx.Response(202)


add_list = _changing(curating.add_list, IdsPayload)
add_search = _changing(curating.add_search, SearchBody)
add_ids = _changing(_add_ids, LongIdList)
remove_list = _changing(curating.remove_list, IdsPayload)


def create(call: Call) -> httpx.Response:
    """Answer `create-from-isic-ids/`: a private collection of the images one can see."""
    user = user_of(call)
    if user is None:
        return unauthorized()
    body = read_payload(NewCollection, call.body)
    everyone = [as_served(one) for one in call.store.collection_file.collections.values()]
    if any((one.name, one.creator) == (body.name, user.id) for one in everyone):
        return curating.refused_name("Collection with this Creator and Name already exists.")
    return curating.make_collection(call, body, creator=user.id)


def delete(call: Call) -> httpx.Response:
    """Answer `DELETE collections/<id>/`."""

    def act(collection: ServerCollection) -> httpx.Response:
        if collection.has_study and not collection.locked:
            message = "Collections with derived studies cannot be deleted."
            return json_reply({"error": message}, 400)
        if collection.draft and not collection.locked:
            return json_reply({"error": "Collections with DOIs cannot be deleted."}, 400)
        return curating.delete(call)

    return _owned(call, act, _NOT_YOURS_TO_DELETE)


def share(call: Call) -> httpx.Response:
    """Answer `share/`: for staff only."""

    def act(collection: ServerCollection) -> httpx.Response:
        wanted = read_payload(Sharing, call.body).user_ids
        if collection.magic:
            return json_reply({"error": "Magic collections cannot be shared."}, 400)
        user = user_of(call)
        if user is not None and user.id in wanted:
            return json_reply({"error": "Cannot share a collection with yourself."}, 400)
        shared = tuple(dict.fromkeys([*collection.shared_with, *wanted]))
        update(call, collection.id, shared_with=shared)
        return httpx.Response(202)

    return _for_staff(call, act)


def set_pinned(call: Call) -> httpx.Response:
    """Answer `set-pinned/`: for staff only, and only for a public collection."""

    def act(collection: ServerCollection) -> httpx.Response:
        wanted = read_payload(Pinning, call.body).pinned
        if wanted and not collection.public:
            message = "Constraint “collection_pinned_implies_public” is violated."
            return json_reply({"error": message}, 400)
        update(call, collection.id, pinned=wanted)
        return httpx.Response(200)

    return _for_staff(call, act)


def _for_staff(call: Call, act: Callable[[ServerCollection], httpx.Response]) -> httpx.Response:
    user = user_of(call)
    if user is None or not user.staff:
        return unauthorized()
    found = call.store.collections.get(call.number())
    return not_found() if found is None else act(as_served(found))
