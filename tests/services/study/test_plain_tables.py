"""Any table of answers is a study: a row for each answer, or a column for each annotator."""

from pathlib import Path

import pytest

from isic_cli.errors import UsageError
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.plain_tables import TableLayout
from isic_cli.services.study.sources import open_study

LONG = "image,rater,score\nISIC_0000001,anna,2\nISIC_0000001,ben,3\nISIC_0000002,anna,NA\n"
WIDE = "isic_id;anna;ben\nISIC_0000001;yes;no\nISIC_0000002;;no\n"


def answers(study: StudyData) -> list[tuple[object, ...]]:
    return [(r.image, r.annotator, r.question, r.kind, r.answer) for r in study.responses]


def opened(folder: Path, text: str, layout: TableLayout | None = None) -> StudyData:
    path = folder / "ratings.csv"
    path.write_text(text, "utf-8")
    return open_study(path) if layout is None else open_study(path, layout=layout)


def test_a_row_for_each_answer(tmp_path: Path) -> None:
    study = opened(tmp_path, LONG)
    assert answers(study) == [
        ("ISIC_0000001", "anna", "answer", "select", "2"),
        ("ISIC_0000001", "ben", "answer", "select", "3"),
    ]
    assert study.choices == {"answer": ("2", "3")}


def test_a_column_for_each_annotator(tmp_path: Path) -> None:
    study = opened(tmp_path, WIDE)
    assert answers(study) == [
        ("ISIC_0000001", "anna", "answer", "select", "yes"),
        ("ISIC_0000001", "ben", "answer", "select", "no"),
        ("ISIC_0000002", "ben", "answer", "select", "no"),
    ]
    assert study.choices == {}


def test_a_column_of_questions_is_heeded(tmp_path: Path) -> None:
    study = opened(tmp_path, "id,reader,question,answer\n1,anna,Blue?,yes\n1,anna,Size,4.5\n")
    assert answers(study) == [
        ("1", "anna", "Blue?", "select", "yes"),
        ("1", "anna", "Size", "number", 4.5),
    ]


def test_numbers_with_a_fraction_or_of_more_than_ten_kinds_are_measurements(tmp_path: Path) -> None:
    ten = "".join(f"{n},{n},{n}\n" for n in range(10))
    assert {r.kind for r in opened(tmp_path, "image,a,b\n" + ten).responses} == {"select"}
    assert {r.kind for r in opened(tmp_path, f"image,a,b\n{ten}10,10,1\n").responses} == {"number"}
    assert {r.kind for r in opened(tmp_path, "image,a,b\n1,2,2.5\n").responses} == {"number"}
    layout = TableLayout(numbers=True)
    assert {r.kind for r in opened(tmp_path, "image,a,b\n1,2,3\n", layout).responses} == {"number"}
    layout = TableLayout(numbers=False)
    found = opened(tmp_path, "image,a,b\n1,2,2.5\n", layout)
    assert [(r.kind, r.answer) for r in found.responses] == [("select", "2"), ("select", "2.5")]


def test_one_and_one_point_zero_are_one_choice_ordered_as_numbers(tmp_path: Path) -> None:
    study = opened(tmp_path, "image,a,b\n1,1,1.0\n2,10,\n3,2,2.0\n")
    assert [r.answer for r in study.responses] == ["1", "1", "10", "2", "2"]
    assert study.choices == {"answer": ("1", "2", "10")}


def test_columns_of_other_names_are_named(tmp_path: Path) -> None:
    text = "Bild,Wer,Was,annotator,answer\nx,anna,3,?,?\n"
    study = opened(tmp_path, text, TableLayout(("Bild", "Wer", "Was")))
    assert answers(study) == [("x", "anna", "answer", "select", "3")]


@pytest.mark.parametrize(
    ("text", "layout", "message"),
    [
        (LONG, TableLayout(("image", "who", "score")), "has no column 'who'"),
        ("image,rater,score\n,anna,2\n", None, "line 2: an image or an annotator is empty"),
        ("image,rater,score\nx,,2\n", None, "line 2: an image or an annotator is empty"),
        ("image,anna,ben\n,1,2\n", None, "line 2: the image is empty"),
        ("image\nx\n", None, "has one column, and no answers"),
        ("image,a\nx,yes\n", TableLayout(numbers=True), "a answered 'yes' to x, not a number"),
        ("image,a\nx,inf\n", TableLayout(numbers=True), "a answered 'inf' to x, not a number"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(
    tmp_path: Path, text: str, layout: TableLayout | None, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        opened(tmp_path, text, layout)
    assert message in caught.value.message


def test_a_long_table_has_three_columns() -> None:
    with pytest.raises(UsageError, match="a long table has three columns, not 2"):
        TableLayout(("a", "b"))
