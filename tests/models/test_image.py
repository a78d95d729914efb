"""Records as the archive sends them, and what is refused of them."""

import json
import pkgutil
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from isic_cli import models
from isic_cli.models.image import Described, ImageRecord, SimilarImage

GIVEN: dict[str, Any] = {
    "isic_id": "ISIC_0000001",
    "files": {"full": {"url": "https://x/1.jpg", "size": 9, "hash": "h"}, "more": 1},
    "metadata": {"clinical": {"sex": "male"}, "more": {"a": None}},
    "more": [1],
    "distance": 3,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"distance": 10**400},
        {"distance": True},
        {"isic_id": None},
        {"public": 1},
        {"attribution": None},
        {"files": []},
        {"files": {"full": {"url": "x", "size": True}}},
        {"files": {"full": {"url": None}}},
        {"files": {"full": {"url": "x"}, "thumbnail_256": {}}},
        {"metadata": None},
        {"metadata": {"acquisition": []}},
    ],
)
def test_a_record_with_a_value_of_another_type_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(SimilarImage).validate_json(json.dumps({**GIVEN, **wrong}))


def test_unknown_keys_are_kept_and_written_as_they_came() -> None:
    record = ImageRecord.of(GIVEN)
    assert ImageRecord.of(json.loads(json.dumps(record.to_json()))) == record
    assert record.more == {"more": [1], "distance": 3}
    assert record.metadata.more == {"more": {"a": None}}
    assert (record.files.more, record.files.full.more) == ({"more": 1}, {"hash": "h"})


def described(base: type[Described] = Described) -> Iterator[type[Described]]:
    for kind in base.__subclasses__():
        yield kind
        yield from described(kind)


def test_every_field_of_every_object_of_the_api_is_read_and_written() -> None:
    # They are made without their constructor, which would miss what reading forgets.
    for module in pkgutil.iter_modules(models.__path__, "isic_cli.models."):
        import_module(module.name)
    kinds = {kind.__name__: kind for kind in described()}
    assert kinds.keys() >= {"RemoteFile", "ImageFiles", "ImageMetadata", "ImageRecord"}
    file = {"url": "https://x/1.jpg", "size": 9}
    credit = {"copyright_license": "CC-0", "attribution": "a", "public": False}
    given = file | credit | GIVEN | {"full": file, "thumbnail_256": file, "clinical": {"sex": "m"}}
    for name, kind in kinds.items():
        made = kind.of(given)
        assert vars(made).keys() == {field.name for field in fields(kind)}, name  # type: ignore[arg-type]
        keys = {field.name for field in fields(kind)} - {"more"}  # type: ignore[arg-type]
        assert made.to_json().keys() >= keys, name
        assert kind.of(made.to_json()) == made, name
