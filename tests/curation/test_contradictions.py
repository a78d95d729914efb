"""Metadata that contradict each other within a lesion or a patient."""

import tracemalloc
from typing import Any

import pytest

from isic_cli.curation.contradictions import Contradiction, within_lesions, within_patients

NEVUS = {"diagnosis_1": "Benign", "diagnosis_2": "Melanocytic", "diagnosis_3": "Nevus"}
MELANOMA = {"diagnosis_1": "Malignant", "diagnosis_2": "Melanocytic", "diagnosis_3": "Melanoma"}


def lesion(*rows: dict[str, Any]) -> list[Contradiction]:
    return list(
        within_lesions(
            [{"isic_id": f"i{at}", "lesion_id": "L"} | row for at, row in enumerate(rows)]
        )
    )


def patient(*rows: dict[str, Any]) -> list[Contradiction]:
    return list(
        within_patients(
            [{"isic_id": f"i{at}", "patient_id": "P"} | row for at, row in enumerate(rows)]
        )
    )


def test_the_diagnosis_that_most_images_of_a_lesion_do_not_have() -> None:
    assert lesion(NEVUS, NEVUS, MELANOMA) == [
        Contradiction(
            "i2",
            1.0,
            "diagnosis is malignant > melanocytic > melanoma, and benign > melanocytic > nevus in "
            "other images of lesion L",
            ("i0", "i1"),
        )
    ]


def test_two_images_that_contradict_each_other_are_both_listed() -> None:
    assert [one.isic_id for one in lesion(NEVUS, MELANOMA)] == ["i0", "i1"]


def test_a_shorter_path_agrees_with_a_longer_one() -> None:
    assert lesion(NEVUS, {"diagnosis_1": "Benign"}, {"diagnosis_1": ""}, {}) == []
    assert [one.isic_id for one in lesion(NEVUS, NEVUS, {"diagnosis_1": "Malignant"})] == ["i2"]


def test_benign_diagnoses_apart_are_less_sure_than_benign_and_malignant() -> None:
    other = NEVUS | {"diagnosis_3": "Dermatofibroma"}
    assert [one.score for one in lesion(NEVUS, NEVUS, other)] == [0.7]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"dx": "nv"}, {"dx": "mel"}),
        ({"diagnosis": "nevus"}, {"diagnosis": "melanoma"}),
        ({"iddx_full": "Benign::Nevus"}, {"iddx_full": "Malignant::Melanoma"}),
        ({"anatom_site_general": "oral/genital"}, {"anatom_site_general": "palms/soles"}),
        ({"patient_id": "P1"}, {"patient_id": "P2"}),
    ],
)
def test_what_a_lesion_has_once_may_stand_in_any_of_its_columns(
    first: dict[str, str], second: dict[str, str]
) -> None:
    assert [one.isic_id for one in lesion(first, first, second)] == ["i2"]


@pytest.mark.parametrize("nothing", ["", "NA", "unknown", None])
def test_no_value_contradicts_nothing(nothing: str | None) -> None:
    assert lesion({"dx": "nv"}, {"dx": nothing}) == []
    assert patient({"sex": "male"}, {"sex": nothing}) == []


def test_the_sex_that_most_images_of_a_patient_do_not_have() -> None:
    (found,) = patient({"sex": "male"}, {"sex": "female"}, {"sex": "male"})
    assert (found.isic_id, found.score) == ("i1", 1.0)
    assert found.reason == "sex is female, and male in other images of patient P"


def test_an_age_that_does_not_fit_the_day_of_acquisition() -> None:
    rows = [(50, 0), (50, 300), (55, 1800), (35, 400)]
    found = patient(*({"age_approx": age, "acquisition_day": day} for age, day in rows))
    assert [one.isic_id for one in found] == ["i3"]
    assert found[0].reason == "age is 35, 16 years off the median of patient P at that day"
    assert 0.5 < found[0].score < 1


def test_ages_of_a_patient_who_was_followed_for_years_are_no_contradiction() -> None:
    assert patient(*({"age_approx": age} for age in (40, 45, 55))) == []
    found = patient(*({"age_approx": age} for age in (40, 45, 85)))
    assert [one.isic_id for one in found] == ["i2"]


def test_images_without_lesion_and_patient_are_not_compared() -> None:
    rows: list[dict[str, Any]] = [
        {"isic_id": "a", "lesion_id": "NA", "dx": "nv", "patient_id": "", "sex": "male"},
        {"isic_id": "b", "lesion_id": "NA", "dx": "mel", "patient_id": "", "sex": "female"},
    ]
    assert [*within_lesions(rows), *within_patients(rows)] == []


def test_a_shorter_path_that_agrees_with_most_is_not_listed_beside_the_one_that_does_not() -> None:
    found = lesion(NEVUS, NEVUS, MELANOMA, {"diagnosis_1": "Benign"})
    assert [one.isic_id for one in found] == ["i2"]


def test_of_two_ages_far_apart_both_are_listed() -> None:
    assert [one.isic_id for one in patient({"age_approx": 40}, {"age_approx": 70})] == ["i0", "i1"]
    assert patient({"age_approx": 40}, {"age_approx": 60}) == []


def test_a_row_takes_few_bytes() -> None:
    rows = [
        {"isic_id": "i", "lesion_id": f"IL_{at // 2:07d}", "sex": "male"} for at in range(6_000)
    ]
    tracemalloc.start()
    found = list(within_lesions(rows))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == []
    assert peak < 6_000 * 60


def test_lesions_come_in_the_order_of_their_first_rows_and_rows_as_they_are() -> None:
    found = lesion(
        {"lesion_id": "B", "patient_id": "2"},
        {"lesion_id": " A", "patient_id": "1"},
        {"lesion_id": None, "patient_id": "7"},
        {"lesion_id": "A", "patient_id": "2"},
        {"lesion_id": "C", "patient_id": "8"},
        {"lesion_id": "B", "patient_id": "1"},
    )
    assert [(one.isic_id, one.reason.rpartition(" ")[2]) for one in found] == [
        ("i0", "B"),
        ("i5", "B"),
        ("i1", "A"),
        ("i3", "A"),
    ]
