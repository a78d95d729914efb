"""The archive's CSV of responses becomes typed answers, whatever hides in its cells."""

import json
import re
from pathlib import Path

import pytest

from isic_cli.errors import AuthError, UsageError
from isic_cli.services.study.responses import (
    Response,
    ResponseTable,
    parse_responses,
    split_choices,
)

HEADER = "image,annotator,annotation_duration,question,question_type,answer\r\n"


def read(body: str, **choices: list[str]) -> list[Response]:
    found = parse_responses(HEADER + body, source="study.csv", choices=choices)
    assert not found.unreadable
    return list(found.responses)


def unreadable(row: str) -> str:
    """Return what is wrong with the second of three answers."""
    good = "ISIC_0000001,ACBZK,5.5,Q,select,No\r\n"
    found = parse_responses(HEADER + good + row + good, source="study.csv")
    assert [item.answer for item in found.responses] == ["No", "No"]
    (answer,) = found.unreadable
    assert answer.image == "ISIC_0000002"
    return answer.reason


def answer(kind: str, cell: str) -> object:
    (response,) = read(f"ISIC_0000001,ACBZK,5.5,Q,{kind},{cell}\r\n")
    return response.answer


def test_a_recorded_study_is_read_whole(contract: Path) -> None:
    (path,) = (contract / "http").glob("100-*.json")
    body = json.loads(path.read_text("utf-8"))["response"]["body"]
    patterns = ["Globules", "Network", "Streaks | pipes"]
    read = parse_responses(body, source="100", choices={"Which patterns are present?": patterns})
    found = read.responses
    assert len(found) == 44
    assert found[3] == Response(
        "ISIC_0000101", "BTJZ4", 5.000331, "Is the lesion malignant?", "select", "Yes"
    )
    assert {r.answer for r in found if r.kind == "number"} == {4.0, 4.5, 8.5}
    assert {r.answer for r in found if r.kind == "multiselect"} == {
        ("Globules",),
        ("Globules", "Network"),
        ("Globules", "Network", "Streaks | pipes"),
    }
    assert {r.answer for r in found if r.kind == "diagnosis"} == {
        "Benign",
        "Malignant:Malignant melanocytic proliferations (Melanoma)",
        "=1+1",
    }
    assert sum(r.seconds is None for r in found) == 8


def test_a_byte_order_mark_other_line_ends_and_columns_in_any_order() -> None:
    text = (
        "\ufeffanswer,question_type,extra,question,annotator,image,annotation_duration\n"
        "No,select,x,Q,ACBZK,ISIC_0000001,\n\n"
    )
    assert parse_responses(text, source="s") == ResponseTable(
        (Response("ISIC_0000001", "ACBZK", None, "Q", "select", "No"),)
    )


def test_a_quoted_cell_holds_line_ends_commas_and_quotes() -> None:
    assert answer("select", '"Unsure, ""maybe""\nor\u2028not"') == 'Unsure, "maybe"\nor\u2028not'


@pytest.mark.parametrize(
    ("cell", "plain"), [("\t=1+1", "=1+1"), ("\t-2", "-2"), ("\tplain", "\tplain"), ("=1", "=1")]
)
def test_the_websites_tab_is_taken_off_and_no_other(cell: str, plain: str) -> None:
    assert answer("diagnosis", cell) == plain


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ('"{""value"": ""4.5""}"', 4.5),
        ('"{""value"": 4}"', 4.0),
        ("4.5", 4.5),
        ('"{""value"": """"}"', None),
        ('"{""value"": null}"', None),
        ("", None),
    ],
)
def test_numbers_are_decoded(cell: str, number: float | None) -> None:
    assert answer("number", cell) == number


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("wide", "'wide' is not a number"),
        ('"{""value"": ""wide""}"', "'wide' is not a finite number"),
        ('"{""value"": true}"', "is not a number"),
        ("[4]", "is not a number"),
        ("NaN", "'nan' is not a finite number"),
        (f"1{'0' * 400}", "is not a finite number"),
        ("[" * 100_000, "is not a number"),
    ],
)
def test_an_answer_that_is_not_a_number_is_named_and_the_others_are_read(
    cell: str, message: str
) -> None:
    reason = unreadable(f"ISIC_0000002,ACBZK,5.5,Q,number,{cell}\r\n")
    assert re.fullmatch(rf"study\.csv, line 3: .*{message}", reason)


def test_a_duration_that_is_not_a_number() -> None:
    reason = unreadable("ISIC_0000002,ACBZK,long,Q,select,No\r\n")
    assert reason == "study.csv, line 3: 'long' is not a finite duration"


def test_a_login_page_is_no_csv() -> None:
    page = "\n\n<!DOCTYPE html>\n<html><body>Sign in</body></html>"
    with pytest.raises(AuthError, match="https://example/ is a web page, no CSV of responses"):
        parse_responses(page, source="https://example/")


@pytest.mark.parametrize("text", ["", "image,annotator\r\n"])
def test_another_table_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"s has no column .*annotation_duration, question"):
        parse_responses(text, source="s")


def test_a_study_without_responses_is_empty() -> None:
    assert read("") == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("ISIC_0000001,ACBZK,5.5,Q\r\n", "line 2: 4 cells instead of 6"),
        ('ISIC_0000001,ACBZK,5.5,Q,select,"No', "line 2: a quote that begins here is never closed"),
    ],
)
def test_a_cut_download_is_told(body: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read(body)
    assert caught.value.hint is not None


def test_a_row_without_an_annotator() -> None:
    reason = unreadable("ISIC_0000002,,5.5,Q,select,No\r\n")
    assert reason == "study.csv, line 3: an image, an annotator or a question is empty"


def test_choices_with_bars_are_resolved_by_the_questions_own() -> None:
    (response,) = read("ISIC_0000001,ACBZK,,Q,multiselect,a|b|c\r\n", Q=["a", "b|c"])
    assert response.answer == ("a", "b|c")


@pytest.mark.parametrize(
    ("text", "known", "parts"),
    [
        ("", ["a"], ()),
        ("a", ["a", "b"], ("a",)),
        ("a|b|a", ["a", "b"], ("a", "b", "a")),
        ("a|b", ["a", "b", "a|b"], ("a|b",)),
        ("b|a|b", ["a|b", "b", "a"], ("b", "a|b")),
        ("a|z", ["a", "b"], ("a", "z")),
        ("Network|Streaks | pipes|Dots", [], ("Network", "Streaks | pipes", "Dots")),
    ],
)
def test_multi_select_answers_are_split(text: str, known: list[str], parts: tuple[str]) -> None:
    assert split_choices(text, known) == parts
