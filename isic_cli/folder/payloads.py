"""The bodies of writes, checked as the real server checks them."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from isic_cli.files.load import parse_json
from isic_cli.folder.replies import json_reply
from isic_cli.folder.request import BodyError
from isic_cli.models.ids import ID_PATTERN

P = TypeVar("P", bound=BaseModel)

#: Not anchored: the real server's is not either.
IsicId = Annotated[str, Field(pattern=ID_PATTERN)]


class Payload(BaseModel):
    """A body whose keys are all known."""

    model_config = ConfigDict(extra="forbid")


class IdsPayload(Payload):
    """Up to 500 ids."""

    isic_ids: Annotated[list[IsicId], Field(max_length=500)]


class NewCollection(Payload):
    """A collection to make, of one image or more."""

    name: str
    description: str = ""
    isic_ids: Annotated[list[IsicId], Field(min_length=1)]


class SearchBody(Payload):
    """A search to add; collections as a list or with commas."""

    query: str | None = None
    collections: list[int] | str | None = None

    @property
    def collection_ids(self) -> frozenset[int]:
        """The collections as numbers."""
        given = self.collections
        if isinstance(given, str):
            return frozenset(int(piece) for piece in given.split(",") if piece.strip().isdigit())
        return frozenset(given or ())


def read_payload(kind: type[P], content: bytes) -> P:
    """Read the body of a request.

    Raises
    ------
    BodyError
        With the answer 400 for what is no JSON, and 422 for any other fault.
    """
    if not content:
        missing = {"type": "missing", "loc": ["body", "payload"], "msg": "Field required"}
        raise BodyError(json_reply({"detail": [missing]}, 422))
    try:
        value = parse_json(content)
    except ValueError as error:
        raise BodyError(json_reply({"detail": "Cannot parse request body"}, 400)) from error
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        problems = [_problem(detail) for detail in error.errors(include_url=False)]
        raise BodyError(json_reply({"detail": problems}, 422)) from error


def _problem(detail: Any) -> dict[str, Any]:
    problem = {
        "type": detail["type"],
        "loc": ["body", "payload", *detail["loc"]],
        "msg": detail["msg"],
    }
    if "ctx" in detail:
        problem["ctx"] = {name: _plain(value) for name, value in detail["ctx"].items()}
    return problem


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
