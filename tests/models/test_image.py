"""Records as the archive sends them, and what is refused of them."""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from isic_cli.models.image import ImageRecord, SimilarImage

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
