"""What changed between two states of the metadata."""

from typing import Any

import pytest

from isic_cli.curation.diff import Change, Difference, diff
from isic_cli.errors import UsageError

OLD: list[dict[str, Any]] = [
    {"isic_id": "ISIC_1", "sex": "male", "age_approx": "30", "melanocytic": "True", "url": "a"},
    {"isic_id": "ISIC_2", "sex": "", "mel_thick_mm": "0.350"},
    {"isic_id": "ISIC_3", "sex": "female", "diagnosis_3": "Nevus"},
]
NEW: list[dict[str, Any]] = [
    {"isic_id": "ISIC_4"},
    {"isic_id": "ISIC_3", "sex": "female", "diagnosis_3": "Melanoma, NOS", "age_approx": 60},
    {"isic_id": "ISIC_1", "sex": "male", "age_approx": 30, "melanocytic": True, "url": "b"},
]


def test_images_are_added_withdrawn_and_relabelled_field_by_field() -> None:
    found = diff(OLD, NEW, ignore=("url",))
    assert found == Difference(
        added=["ISIC_4"],
        withdrawn=["ISIC_2"],
        changes=[
            Change("ISIC_3", "age_approx", None, "60"),
            Change("ISIC_3", "diagnosis_3", "Nevus", "Melanoma, NOS"),
        ],
        unchanged=1,
    )
    assert bool(found)
    assert found.by_field == {"age_approx": 1, "diagnosis_3": 1}
    assert found.rows()[1:3] == [
        {"change": "withdrawn", "isic_id": "ISIC_2", "field": None, "old": None, "new": None},
        {
            "change": "relabelled",
            "isic_id": "ISIC_3",
            "field": "age_approx",
            "old": None,
            "new": "60",
        },
    ]


def test_only_the_asked_fields_are_compared() -> None:
    found = diff(OLD, NEW, fields=("diagnosis_3", "isic_id"))
    assert [change.field for change in found.changes] == ["diagnosis_3"]
    assert diff(OLD[:1], NEW[2:]).changes == [Change("ISIC_1", "url", "a", "b")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, ""),
        (" ", None),
        (True, "true"),
        (False, "False"),
        (30, "30.0"),
        (0.35, "0.350"),
        (-5.0, "-5"),
        ("0.0", 0),
    ],
)
def test_one_value_in_two_spellings_is_no_change(one: object, other: object) -> None:
    found = diff([{"isic_id": "a", "f": one}], [{"isic_id": "a", "f": other}])
    assert found == Difference([], [], [], 1)
    assert not found


@pytest.mark.parametrize(
    ("one", "other"), [("10", "1"), ("I.0", "I"), (0, None), ("100", "1"), ("1.x", "1")]
)
def test_values_that_only_look_alike_are_changes(one: object, other: object) -> None:
    assert diff([{"isic_id": "a", "f": one}], [{"isic_id": "a", "f": other}]).by_field == {"f": 1}


def test_a_row_without_an_id_or_an_id_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="row 2 of the new state has no isic_id"):
        diff([], [{"isic_id": "a"}, {"sex": "male"}])
    with pytest.raises(UsageError, match="a is twice in the old state"):
        diff([{"isic_id": "a"}, {"isic_id": "a"}], [])
