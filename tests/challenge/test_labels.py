"""The truth of a challenge as labels, whatever table tells it."""

import pytest

from isic_cli.challenge.labels import TruthLabels
from isic_cli.errors import NotFoundError, UsageError


@pytest.mark.parametrize(
    ("name", "row", "label"),
    [
        ("challenge:2019", {"challenge_class": "SCC"}, "SCC"),
        ("challenge:2019", {"challenge_class": "AKIEC"}, "unmapped"),  # of another year
        ("challenge:2018:3", dict.fromkeys("ABC", 1), "unmapped"),
        ("challenge:2016:3", {"label": "malignant"}, "malignant"),
        ("challenge:2016:3b", {"malignant": "0.0"}, "benign"),
        ("challenge:2017:3", {"melanoma": 0, "seborrheic_keratosis": 1}, "seborrheic_keratosis"),
        ("challenge:2017:3", {"melanoma": "0.0", "seborrheic_keratosis": "0.0"}, "neither"),
        ("challenge:2017:3", {"melanoma": "", "seborrheic_keratosis": "0.0"}, "unmapped"),
        ("challenge:2017:3", {"melanoma": 1, "seborrheic_keratosis": 1}, "unmapped"),
        ("challenge:2020", {"target": "1", "benign_malignant": "malignant"}, "malignant"),
        ("challenge:2024", {"target": 0}, "benign"),
        ("challenge:2024", {"target": None, "label": "benign"}, "benign"),
    ],
)
def test_the_class_that_a_task_published(name: str, row: dict[str, object], label: str) -> None:
    scheme = TruthLabels.named(name)
    assert scheme.explain(row).label == label
    assert label in (*scheme.labels, "unmapped")


def test_a_table_without_the_truth_is_refused_with_the_way_to_it() -> None:
    scheme = TruthLabels.named("challenge:2018:3")
    with pytest.raises(UsageError, match=r"a\.csv has no truth of 2018:3") as told:
        scheme.telling(["isic_id", "MEL", "diagnosis_1"], name="a.csv")
    assert told.value.hint == ("Fetch it: isic challenge download 2018:3 FOLDER --only truth.")
    assert scheme.telling(["isic_id", "challenge_class"], name="a") == ("challenge_class",)


def test_a_task_without_classes_has_no_labels() -> None:
    with pytest.raises(UsageError, match="2018:1 has segmentation and no classes"):
        TruthLabels.named("challenge:2018:1")
    with pytest.raises(NotFoundError, match="no challenge '2031'"):
        TruthLabels.named("challenge:2031")
