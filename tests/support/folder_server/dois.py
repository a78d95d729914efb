"""The routes of DOIs: drafts by staff. Nothing is registered; a draft's DOI is made up."""

from typing import Annotated, Any

import httpx
from pydantic import AfterValidator, Field

from isic_cli.folder.payloads import Payload, read_payload
from isic_cli.folder.replies import json_reply, not_found
from isic_cli.folder.request import Call
from isic_cli.models.names import slugify
from tests.support.folder_server.sets import DoiDraft, ServerCollection, as_served, update
from tests.support.folder_server.users import unauthorized, user_of

#: DOIs under this prefix never resolve.
TEST_PREFIX = "10.5555"

_RELATIONS = frozenset({"IsReferencedBy", "IsSupplementedBy", "IsDescribedBy"})


def _known_relations(given: list[dict[str, str]]) -> list[dict[str, str]]:
    wrong = [one.get("relation_type", "") for one in given]
    problems = [f"Invalid relation type: {one}" for one in wrong if one not in _RELATIONS]
    if problems:
        raise ValueError(str(problems))
    return given


class NewDoi(Payload):
    """A DOI to draft."""

    collection_id: int
    description: str
    supplemental_files: Annotated[list[dict[str, Any]], Field(max_length=10)]
    related_identifiers: Annotated[list[dict[str, str]], AfterValidator(_known_relations)] = Field(
        default_factory=list
    )


class DoiText(Payload):
    """A new description of a draft."""

    description: str


def create(call: Call) -> httpx.Response:
    """Answer a POST to `doi/`: the collection is locked from then on."""
    user = user_of(call)
    if user is None:
        return unauthorized()
    given = read_payload(NewDoi, call.body)
    if not user.staff:
        return _refused("create a DOI")
    found = call.store.collections.get(given.collection_id)
    if found is None:
        return not_found()
    collection = as_served(found)
    if problem := _draft_problem(call, collection):
        return json_reply({"message": problem}, 400)
    draft = DoiDraft(slug=slugify(collection.name), doi=f"{TEST_PREFIX}/isic-{collection.id}")
    update(
        call, collection.id, locked=True, draft=draft.model_dump(), description=given.description
    )
    return json_reply({"slug": draft.slug}, 201)


def update_draft(call: Call) -> httpx.Response:
    """Answer a PATCH of `doi/<slug>/`."""
    user = user_of(call)
    if user is None:
        return unauthorized()
    given = read_payload(DoiText, call.body)
    if not user.staff:
        return _refused("update this DOI")
    collection = _drafted(call)
    if collection is None:
        return not_found()
    update(call, collection.id, description=given.description)
    return json_reply({"message": "Draft DOI updated successfully."})


def publish(call: Call) -> httpx.Response:
    """Answer `doi/<slug>/publish/`."""
    user = user_of(call)
    if user is None:
        return unauthorized()
    if not user.staff:
        return _refused("publish this DOI")
    collection = _drafted(call)
    if collection is None or collection.draft is None:
        return not_found()
    if collection.doi:
        return json_reply({"error": "This DOI is already being published."}, 409)
    doi = collection.draft.doi
    update(call, collection.id, doi=doi, doi_url=f"https://doi.org/{doi}", public=True)
    return json_reply({"message": "DOI publish task started successfully."})


def _drafted(call: Call) -> ServerCollection | None:
    wanted = call.parts["slug"]
    found = map(as_served, call.store.collections.values())
    return next((one for one in found if one.draft and one.draft.slug == wanted), None)


def _draft_problem(call: Call, collection: ServerCollection) -> str | None:
    if collection.doi or collection.draft:
        return "This collection already has a DOI."
    if collection.magic:
        return "Magic collections cannot be the basis of a DOI."
    if not call.store.members(collection.id):
        return "An empty collection cannot be the basis of a DOI."
    return None


def _refused(what: str) -> httpx.Response:
    return json_reply({"error": f"You do not have permission to {what}."}, 403)
