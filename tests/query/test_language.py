import random
from decimal import Decimal

import pytest

from isic_cli.errors import QueryError, UsageError
from isic_cli.query import Query, all_of, any_of, parse, term
from isic_cli.query.compose import number_text, to_text
from tests.support.trees import random_tree


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("sex : male\n-public:true", "sex:male AND -public:true"),
        ("((sex:male) OR (sex:female))", "sex:male OR sex:female"),
        ("(sex:male OR public:true) AND isic_id:*", "(sex:male OR public:true) AND isic_id:*"),
        ("(sex:male AND public:true) OR isic_id:*", "sex:male AND public:true OR isic_id:*"),
        ("age_approx:{20.0 TO *}", "age_approx:{20 TO *]"),
        ("age_approx:[* TO 20}", "age_approx:[* TO 20}"),
        ("-age_approx:[* TO *]", "-age_approx:*"),
        ("mel_thick_mm:.35", "mel_thick_mm:0.35"),
        ("mel_thick_mm:1e300", "mel_thick_mm:1e+300"),
        ('sex:"male"', "sex:male"),
        ('image_type:"RCM: *"', 'image_type:"RCM: *"'),
        ('diagnosis_1:*nign OR diagnosis_1:""', 'diagnosis_1:*nign OR diagnosis_1:""'),
        ("public:false", "public:false"),
    ],
)
def test_the_canonical_text_is_short_and_explicit(text: str, canonical: str) -> None:
    query = parse(text)
    assert str(query) == canonical
    assert parse(canonical).tree == query.tree


@pytest.mark.slow
def test_random_trees_come_back_from_their_text() -> None:
    rng = random.Random(2026)
    for _ in range(500):
        tree = random_tree(rng)
        assert parse(to_text(tree)).tree == tree


def test_numbers_are_written_as_short_as_they_read_back() -> None:
    assert [number_text(n) for n in (30.0, -0.5, 1e14, 1e20, 1e-7)] == [
        "30",
        "-0.5",
        "100000000000000",
        "1e+20",
        "1e-07",
    ]


def test_a_query_is_a_value() -> None:
    query = parse("sex:Male")
    assert query == Query("sex:Male", query.tree)
    assert hash(query) == hash(parse("sex:Male"))


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        ((), ""),
        (("", "  "), ""),
        (("", " sex:male ", ""), "sex:male"),
        (("sex:male OR sex:female",), "sex:male OR sex:female"),
        (("sex:male OR sex:female", "public:true"), "(sex:male OR sex:female) AND public:true"),
        (("sex:male public:true", "isic_id:*"), "sex:male public:true AND isic_id:*"),
    ],
)
def test_all_of_drops_what_is_empty_and_brackets_only_or(
    texts: tuple[str, ...], joined: str
) -> None:
    assert all_of(*texts) == joined


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (("sex:male", " public:true isic_id:* "), "sex:male OR public:true isic_id:*"),
        (("sex:male",), "sex:male"),
        (("sex:male", " "), ""),
    ],
)
def test_any_of_needs_no_brackets_and_everything_swallows_the_rest(
    texts: tuple[str, ...], joined: str
) -> None:
    assert any_of(*texts) == joined


def test_any_of_nothing_is_refused_since_no_query_finds_nothing() -> None:
    with pytest.raises(UsageError, match="there is no query to choose from"):
        any_of()


@pytest.mark.parametrize("join", [all_of, any_of])
def test_a_part_that_does_not_parse_is_shown_by_itself(join: object) -> None:
    assert callable(join)
    with pytest.raises(QueryError) as caught:
        join("sex:male", "sexx:male")
    assert (caught.value.query, caught.value.column) == ("sexx:male", 0)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("sex", "male", "sex:male"),
        ("image_type", "clinical: close-up", 'image_type:"clinical: close-up"'),
        ("isic_id", "ISIC_12*", "isic_id:ISIC_12*"),
        ("diagnosis_5", "", 'diagnosis_5:""'),
        ("public", True, "public:true"),
        ("public", "false", "public:false"),
        ("age_approx", 30, "age_approx:30"),
        ("age_approx", "[20 TO 40]", "age_approx:[20 TO 40]"),
        ("mel_thick_mm", 0.35, "mel_thick_mm:0.35"),
        ("mel_thick_mm", Decimal("1.20"), "mel_thick_mm:1.20"),
    ],
)
def test_one_term_is_written_as_the_grammar_needs_it(field: str, value: object, text: str) -> None:
    assert term(field, value) == text
    assert parse(text).warnings == ()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sex", 'a"b', "a query cannot hold this value for sex: 'a\"b'"),
        ("sex", "a\tb", "a query cannot hold this value for sex: 'a\\tb'"),
        ("sex", "a\nb", "this quote is never closed on its line"),
        ("age_approx", "5 OR sex:male", "not one value for age_approx: '5 OR sex:male'"),
        ("age_approx", float("inf"), "`age_approx` holds numbers"),
        ("public", None, "`public` is either true or false, in lower case"),
        ("sexx", "male", "there is no field `sexx`"),
        ("hairy", True, "the archive accepts the field `hairy`, but its server fails on it"),
    ],
)
def test_a_value_that_no_term_can_hold_is_a_usage_error(
    field: str, value: object, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        term(field, value)
    assert caught.value.message.startswith(message)
