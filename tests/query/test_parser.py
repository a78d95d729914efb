import time

import pytest

from isic_cli.errors import QueryError
from isic_cli.query import (
    And,
    Between,
    EndsWith,
    Exact,
    HasValue,
    Node,
    Or,
    StartsWith,
    Term,
    Test,
    parse,
)
from isic_cli.query.parser import DEEPEST

MALE = Term("sex", Exact("male"))
FEMALE = Term("sex", Exact("female"))
YOUNG = Term("age_approx", Exact(30.0))


@pytest.mark.parametrize("text", ["", "   ", "\t\r\n"])
def test_an_empty_query_means_everything(text: str) -> None:
    query = parse(text)
    assert (query.text, query.tree, query.warnings, str(query)) == (text, None, (), "")
    assert query.matches({})


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("sex:male", MALE),
        ("- sex : male", Term("sex", Exact("male"), negated=True)),
        ("((sex:male))", MALE),
        ("sex:male sex:female OR age_approx:30", Or((And((MALE, FEMALE)), YOUNG))),
        ("sex:male OR sex:female age_approx:30", Or((MALE, And((FEMALE, YOUNG))))),
        ("sex:male OR sex:female AND age_approx:30", Or((MALE, And((FEMALE, YOUNG))))),
        ("(sex:male OR sex:female) AND age_approx:30", And((Or((MALE, FEMALE)), YOUNG))),
        ("sex:male AND (sex:female AND age_approx:30)", And((MALE, FEMALE, YOUNG))),
        ("sex:male OR (sex:female OR age_approx:30)", Or((MALE, FEMALE, YOUNG))),
        ("(sex:male)AND(age_approx:30)", And((MALE, YOUNG))),
        ('sex:"male"sex:"female"', And((MALE, FEMALE))),
        ("age_approx:30-sex:male", And((YOUNG, Term("sex", Exact("male"), negated=True)))),
        ("melanocytic:*AND sex:male", And((Term("melanocytic", HasValue()), MALE))),
        ("sex: AND age_approx:30", And((Term("sex", Exact("AND")), YOUNG))),
    ],
)
def test_terms_in_a_row_bind_tightest_then_and_then_or(text: str, tree: Node) -> None:
    assert parse(text).tree == tree


@pytest.mark.parametrize(
    ("value", "test"),
    [
        ("-male-", Exact("-male-")),
        ('"clinical: close-up"', Exact("clinical: close-up")),
        ('""', Exact("")),
        (r'"back\slash"', Exact(r"back\slash")),
        ("*", HasValue()),
        ('"*"', HasValue()),
        ("IL_*", StartsWith("IL_")),
        ('"*or genital"', EndsWith("or genital")),
        ("*x*", EndsWith("x*")),
        ("**", EndsWith("*")),
        ("m*e", Exact("m*e")),
    ],
)
def test_text_values_take_one_star_at_one_end(value: str, test: Test) -> None:
    assert parse(f"image_type:{value}").tree == Term("image_type", test)


def test_a_tab_in_quotes_counts_as_the_spaces_up_to_the_next_stop() -> None:
    assert parse('sex:male image_type:"a\tb"').tree == And(
        (MALE, Term("image_type", Exact("a  b")))
    )


@pytest.mark.parametrize(
    ("value", "test"),
    [
        ("30", Exact(30.0)),
        ("+30.", Exact(30.0)),
        (".9", Exact(0.9)),
        ("-5", Exact(-5.0)),
        ("1e1", Exact(10.0)),
        ("2.5E-1", Exact(0.25)),
        ("*", HasValue()),
        ("[1 TO 2]", Between(1.0, 2.0)),
        ("{1 TO 2}", Between(1.0, 2.0, above=True, below=True)),
        ("[ 1TO2 }", Between(1.0, 2.0, below=True)),
        ("{* TO 2}", Between(None, 2.0, below=True)),
        ("{1 TO *}", Between(1.0, None, above=True)),
        ("{* TO *]", HasValue()),
        ("[50 TO 20]", Between(50.0, 20.0)),
    ],
)
def test_numbers_and_ranges(value: str, test: Test) -> None:
    assert parse(f"mel_thick_mm:{value}").tree == Term("mel_thick_mm", test)


@pytest.mark.parametrize(
    ("value", "test"),
    [("true", Exact(value=True)), ("false", Exact(value=False)), ("*", HasValue())],
)
def test_booleans_are_lower_case_words(value: str, test: Test) -> None:
    assert parse(f"public:{value}").tree == Term("public", test)


def test_brackets_nest_to_a_limit_and_then_are_an_error() -> None:
    assert parse("(" * DEEPEST + "sex:male" + ")" * DEEPEST).tree == MALE
    text = "(" * 10_000 + "sex:male" + ")" * 10_000
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert (caught.value.message, caught.value.column) == (
        "more than 64 brackets inside each other",
        64,
    )


@pytest.mark.slow
def test_time_grows_with_the_length_and_no_faster() -> None:
    def seconds(count: int) -> float:
        text = "sex:male OR " * count + "sex:male"
        best = 1e9
        for _ in range(3):
            start = time.process_time()
            parse(text)
            best = min(best, time.process_time() - start)
        return best

    # Quadratic time would give 64.
    assert seconds(6_400) / seconds(800) < 24
