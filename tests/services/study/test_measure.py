"""Agreement of a study, as rows whose figures are checked by hand."""

from pathlib import Path

import pytest

from isic_cli.agreement.bootstrap import Bootstrap
from isic_cli.errors import UsageError
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.measure import by_annotator, by_image, by_question, study_tables
from isic_cli.services.study.responses import Answer, Response
from isic_cli.services.study.sources import open_study
from tests.support.studies import FIRST, SECOND, write_study


def study_of(*answers: tuple[str, str, Answer], kind: str = "select") -> StudyData:
    return StudyData(
        "study",
        responses=tuple(
            Response(image, who, None, "Q", kind, what) for image, who, what in answers
        ),
    )


def test_three_readers_of_two_images_by_question(tmp_path: Path) -> None:
    tables, ordered = study_tables(open_study(write_study(tmp_path)))
    rows = list(by_question(tables, ordered=ordered, bootstrap=None))
    figures = {(row["question"], row["coefficient"]): row["value"] for row in rows}
    # Image 1: Yes Yes No, one of three pairs agrees; image 2: No Yes, none does.
    assert figures["Malignant?", "percent agreement"] == pytest.approx(1 / 6)
    # Coincidences: 5 answers, D_o = 4 / 5 and D_e = 2 * 2 * 3 / (5 * 4).
    assert figures["Malignant?", "Krippendorff's α (nominal)"] == pytest.approx(1 - 0.8 / 0.6)
    assert list(figures) == [
        ("Malignant?", "percent agreement"),
        ("Malignant?", "Conger's κ"),
        ("Malignant?", "Fleiss' κ"),
        ("Malignant?", "Krippendorff's α (nominal)"),
        ("Malignant?", "Gwet's AC1"),
        ("Diameter (mm)", "Krippendorff's α (interval)"),
        ("Diameter (mm)", "ICC(1,1)"),
        ("Diameter (mm)", "ICC(2,1)"),
        ("Diameter (mm)", "ICC(3,1)"),
        ("Diameter (mm)", "ICC(1,k)"),
        ("Diameter (mm)", "ICC(2,k)"),
        ("Diameter (mm)", "ICC(3,k)"),
    ]
    assert {k: v for k, v in rows[0].items() if k not in {"question", "value"}} == {
        # Two shares, of 1/3 and 0: their deviation over the root of two.
        "error": pytest.approx(1 / 6),
        "kind": "select",
        "choice": None,
        "coefficient": "percent agreement",
        "low": None,
        "high": None,
        "readers": 3,
        "items": 2,
        "answers": 5,
        "missing": 1,
        "left_out": 0,
        "note": None,
    }
    assert rows[-1]["note"] == "fewer than two items were answered by every reader"
    assert rows[-1]["value"] is None


def test_two_readers_get_kappa_and_an_order_gets_weights() -> None:
    study = study_of(("a", "x", "low"), ("a", "y", "low"), ("b", "x", "high"), ("b", "y", "mid"))
    tables, ordered = study_tables(study, ordinal=["Q=low|mid|high"])
    rows = {row["coefficient"]: row for row in by_question(tables, ordered=ordered, bootstrap=None)}
    assert list(rows) == [
        "percent agreement",
        "Cohen's κ",
        "Fleiss' κ",
        "Krippendorff's α (nominal)",
        "Gwet's AC1",
        "Krippendorff's α (ordinal)",
        "weighted κ (linear)",
        "weighted κ (quadratic)",
        "Gwet's AC2 (linear)",
        "Gwet's AC2 (quadratic)",
    ]
    # Observed distance 1 of 2; by chance (0 + 1 + 2 + 1) / 4 for each item.
    assert rows["weighted κ (linear)"]["value"] == pytest.approx(1 - 0.5 / 1.0)


def test_the_order_of_choices_comes_from_the_description(tmp_path: Path) -> None:
    tables, ordered = study_tables(open_study(write_study(tmp_path)), ordinal=["Malignant?"])
    assert ordered == {"Malignant?"}
    names = [row["coefficient"] for row in by_question(tables, ordered=ordered, bootstrap=None)]
    assert "Krippendorff's α (ordinal)" in names


def test_an_order_that_nobody_knows_is_asked_for() -> None:
    study = study_of(("a", "x", "low"), ("a", "y", "high"))
    with pytest.raises(UsageError, match="the order of the choices of 'Q' is not known") as caught:
        study_tables(study, ordinal=["Q"])
    assert caught.value.hint == "Give it, from low to high: --ordinal 'Q=low|medium|high'."


@pytest.mark.parametrize(
    ("order", "fault"),
    [("low|high", "lacks 'mid'"), ("low|mid|mid|high", "has 'mid' twice"), ("", "lacks 'low'")],
)
def test_an_order_that_does_not_place_every_answer_once_is_refused(order: str, fault: str) -> None:
    study = study_of(("a", "x", "low"), ("a", "y", "mid"))
    with pytest.raises(UsageError) as caught:
        study_tables(study, ordinal=[f"Q={order}"])
    assert caught.value.message == f"the order given for 'Q' {fault}"


@pytest.mark.parametrize("options", [{"questions": ["R"]}, {"ordinal": ["R=a|b"]}])
def test_an_unknown_question_is_refused(options: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError, match="has no answers to 'R'") as caught:
        study_tables(study_of(("a", "x", "low")), **options)
    assert caught.value.hint == "Its questions are: Q."


def test_a_study_without_answers_says_where_marks_are_compared() -> None:
    with pytest.raises(UsageError, match="holds no answers") as caught:
        study_tables(StudyData("study"))
    assert caught.value.hint == "Annotations are compared by `isic study consensus`."


def test_equal_answers_have_no_kappa_and_the_row_says_why() -> None:
    study = study_of(("a", "x", "no"), ("a", "y", "no"), ("b", "x", "no"), ("b", "y", "no"))
    tables, ordered = study_tables(study)
    rows = {
        row["coefficient"]: (row["value"], row["note"])
        for row in by_question(tables, ordered=ordered, bootstrap=Bootstrap(rounds=10))
    }
    assert rows["percent agreement"] == (1.0, None)
    assert rows["Cohen's κ"] == (
        None,
        "every answer is the same, so agreement by chance is complete",
    )


def test_bootstrap_samples_without_a_value_are_counted() -> None:
    study = study_of(("a", "x", "no"), ("a", "y", "no"), ("b", "x", "yes"), ("b", "y", "yes"))
    tables, ordered = study_tables(study)
    rows = {
        row["coefficient"]: row
        for row in by_question(tables, ordered=ordered, bootstrap=Bootstrap(rounds=100))
    }
    # Half of the samples draw one image twice, and then every answer is the same.
    note = str(rows["Cohen's κ"]["note"])
    assert note.startswith("undefined in ")
    assert note.endswith(" of 100 bootstrap samples")
    assert (rows["Cohen's κ"]["low"], rows["Cohen's κ"]["high"]) == (1.0, 1.0)


def test_an_annotator_is_compared_with_the_majority_of_the_others() -> None:
    study = study_of(
        *(("a", who, "no") for who in "xyz"),
        *(("b", who, answer) for who, answer in zip("xyz", ("yes", "no", "no"), strict=True)),
        *(("c", who, answer) for who, answer in zip("xyz", ("no", "yes", "no"), strict=True)),
    )
    tables, _ = study_tables(study)
    rows = [
        (row["annotator"], row.get("coefficient"), row.get("value"), row.get("items"))
        for row in by_annotator(tables, ["x", "y", "z", "w"], bootstrap=None)
        if row.get("coefficient") != "Cohen's κ"
    ]
    assert rows == [
        # On c the others of x say yes and no, a tie that compares with nothing.
        ("x", "percent agreement", 0.5, 2),
        ("y", "percent agreement", 0.5, 2),
        ("z", "percent agreement", 1.0, 1),
        ("w", None, None, None),
    ]


def test_an_annotator_without_answers_is_named(tmp_path: Path) -> None:
    study = study_of(("a", "x", "no"))
    tables, _ = study_tables(study)
    assert list(by_annotator(tables, ["w"], bootstrap=None)) == [
        {"annotator": "w", "question": "Q", "kind": "select", "choice": None, "note": "no answers"}
    ]


def test_numbers_of_an_annotator_are_compared_with_the_median_of_the_others() -> None:
    study = study_of(
        *(("a", who, n) for who, n in zip("xyz", (1.0, 1.0, 3.0), strict=True)),
        *(("b", who, n) for who, n in zip("xyz", (5.0, 5.0, 5.0), strict=True)),
        ("c", "x", 9.0),
        kind="number",
    )
    tables, _ = study_tables(study)
    (row,) = by_annotator(tables, ["x"], bootstrap=None)
    # x says 1 and 5, the medians of the others are 2 and 5. Mean squares: items 12.25,
    # readers 0.25, residual 0.25.
    assert (row["coefficient"], row["items"], row["left_out"]) == ("ICC(2,1)", 2, 1)
    assert row["value"] == pytest.approx((12.25 - 0.25) / (12.25 + 0.25 + 2 * (0.25 - 0.25) / 2))


def test_each_image_has_its_share_of_agreeing_pairs(tmp_path: Path) -> None:
    tables, _ = study_tables(open_study(write_study(tmp_path)))
    rows = [
        (row["image"], row["coefficient"], row["value"], row["answers"], row["missing"])
        for row in by_image(tables)
    ]
    assert rows == [
        (FIRST, "percent agreement", pytest.approx(1 / 3), 3, 0),
        (SECOND, "percent agreement", 0.0, 2, 1),
        (FIRST, "standard deviation", pytest.approx(0.125**0.5), 2, 0),
    ]


def test_an_image_with_one_answer_has_no_agreement() -> None:
    tables, _ = study_tables(study_of(("a", "x", "no"), ("b", "x", "no"), ("b", "y", "no")))
    assert [(row["image"], row["value"], row["note"]) for row in by_image(tables)] == [
        ("a", None, "only one reader answered"),
        ("b", 1.0, None),
    ]
