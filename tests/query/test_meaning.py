import random
from typing import Any

import pytest

from isic_cli.query import And, Node, Or, Query, parse, to_sql
from isic_cli.query.tree import terms
from tests.query.test_sql import table
from tests.support.trees import random_record, random_tree

#: Observed at the server: decimals are rounded to five significant digits before they are
#: compared, and an end of a range of ages is passed over when it lies outside of 0 … 32767.
NUMBERS_OUT_OF_THE_ORDINARY: list[tuple[str, dict[str, Any], bool]] = [
    ("mel_thick_mm:0.349999", {"mel_thick_mm": "0.35"}, True),
    ("mel_thick_mm:0.34999", {"mel_thick_mm": "0.35"}, False),
    ("mel_thick_mm:{0.349999 TO 0.36}", {"mel_thick_mm": "0.35"}, False),
    ("mel_thick_mm:[0.350001 TO 0.36}", {"mel_thick_mm": "0.35"}, True),
    ("mel_thick_mm:[0.3 TO 0.349999]", {"mel_thick_mm": "0.35"}, True),
    ("clin_size_long_diam_mm:12345.6", {"clin_size_long_diam_mm": "12346"}, True),
    ("-clin_size_long_diam_mm:5.94001", {"clin_size_long_diam_mm": "5.94"}, False),
    ("-clin_size_long_diam_mm:5.94001", {}, True),
    ("age_approx:[-1 TO *]", {}, True),
    ("age_approx:[-1 TO *]", {"age_approx": 30}, True),
    ("age_approx:{-1 TO *]", {}, True),
    ("age_approx:[-0.5 TO *]", {}, False),
    ("age_approx:[0 TO *]", {}, False),
    ("age_approx:[* TO 99999]", {}, True),
    ("age_approx:[* TO 32768]", {}, True),
    ("age_approx:[* TO 32767]", {}, False),
    ("age_approx:[* TO 32767.5}", {}, True),
    ("age_approx:[* TO 1e19]", {}, True),
    ("age_approx:{-2.194 TO 1e308]", {}, True),
    ("age_approx:[-1 TO 50]", {}, False),
    ("age_approx:[-1 TO 50]", {"age_approx": 50}, True),
    ("age_approx:[-1 TO 50]", {"age_approx": 55}, False),
    ("age_approx:[40 TO 99999]", {"age_approx": 35}, False),
    ("age_approx:[40 TO 99999]", {}, False),
    ("age_approx:[99999 TO *]", {"age_approx": 85}, False),
    ("age_approx:[* TO -1]", {"age_approx": 0}, False),
    ("-age_approx:[-1 TO *]", {}, True),
    ("-age_approx:[-1 TO *]", {"age_approx": 30}, False),
]


@pytest.mark.parametrize(
    ("text", "record", "found"),
    [
        ("sex:male", {"sex": "male"}, True),
        ("sex:male", {"sex": "Male"}, False),
        ("sex:male", {}, False),
        ("-sex:male", {}, True),
        ("-sex:male", {"sex": None}, True),
        ("-sex:male", {"sex": "male"}, False),
        ("sex:*", {"sex": "male"}, True),
        ("sex:*", {"sex": None}, False),
        ("-sex:*", {}, True),
        ("sex:fe*", {"sex": "female"}, True),
        ("sex:*ale", {"sex": "female"}, True),
        ("sex:*al*", {"sex": "female"}, False),
        ("sex:*al*", {"sex": "al*"}, True),
        ("lesion_id:1*", {"lesion_id": 12}, False),
        ("lesion_id:*2", {"lesion_id": 12}, False),
        ("-sex:*ale", {"sex": "male"}, True),
        ("-sex:*ma", {"sex": "male"}, False),
        ("image_type:clinical", {"image_type": "clinical: close-up"}, True),
        ("image_type:overview", {"image_type": "clinical: overview"}, True),
        ("-image_type:clinical", {"image_type": "clinical: close-up"}, False),
        ("sex:clinical", {"sex": "clinical: close-up"}, False),
        ("public:true", {"public": True}, True),
        ("public:false", {"public": True}, False),
        ("mel_thick_mm:1.2", {"mel_thick_mm": "1.20"}, True),
        ("mel_thick_mm:{0.35 TO 1.2}", {"mel_thick_mm": "0.35"}, False),
        ("mel_thick_mm:[0.35 TO 1.2}", {"mel_thick_mm": "0.35"}, True),
        ("mel_thick_mm:[0.35 TO 1.2}", {"mel_thick_mm": 1.2}, False),
        ("mel_thick_mm:[0.35 TO 1.2]", {"mel_thick_mm": 1.2}, True),
        ("mel_thick_mm:[* TO 1]", {"mel_thick_mm": "thin"}, False),
        ("mel_thick_mm:[* TO 1]", {"mel_thick_mm": [1]}, False),
        ("-mel_thick_mm:[* TO 1]", {}, True),
        ("-mel_thick_mm:[50 TO 20]", {"mel_thick_mm": 30}, True),
        ("age_approx:5.5", {"age_approx": 5}, True),
        ("age_approx:-0.5", {"age_approx": 0}, True),
        ("age_approx:*", {"age_approx": 0}, True),
        ("age_approx:[5.5 TO *]", {"age_approx": 5}, False),
        ("age_approx:{4.5 TO *]", {"age_approx": 5}, True),
        ("age_approx:[* TO 4.5}", {"age_approx": 5}, False),
        ("age_approx:[* TO 5.5]", {"age_approx": 5}, True),
        ("age_approx:[* TO 5.5}", {"age_approx": 5}, True),
        *NUMBERS_OUT_OF_THE_ORDINARY,
    ],
)
def test_a_record_is_found_as_the_archive_finds_it(
    text: str, record: dict[str, Any], found: bool
) -> None:
    assert parse(text).matches(record) is found


@pytest.mark.slow
@pytest.mark.parametrize(("text", "record", "found"), NUMBERS_OUT_OF_THE_ORDINARY)
def test_sql_finds_what_the_archive_finds(text: str, record: dict[str, Any], found: bool) -> None:
    duckdb = pytest.importorskip("duckdb")
    where, parameters = to_sql(parse(text))
    rows = table(duckdb, [record]).execute(f"SELECT 1 FROM images WHERE {where}", parameters)
    assert bool(rows.fetchall()) is found


def brute(node: Node, record: dict[str, Any]) -> bool:
    """Evaluate a tree term by term, by the plain truth of every part."""
    if isinstance(node, And):
        return False not in [brute(part, record) for part in node.parts]
    if isinstance(node, Or):
        return True in [brute(part, record) for part in node.parts]
    return Query("", node).matches(record)


@pytest.mark.slow
def test_random_trees_combine_their_terms_as_and_and_or_say() -> None:
    rng = random.Random(7)
    records = [random_record(rng) for _ in range(20)]
    answers: set[bool] = set()
    for _ in range(200):
        tree = random_tree(rng)
        query = Query("", tree)
        assert [query.matches(r) for r in records] == [brute(tree, r) for r in records]
        answers.update(query.matches(record) for record in records)
    assert answers == {True, False}


def test_terms_come_in_the_order_of_the_text() -> None:
    tree = parse("sex:male AND (public:true OR isic_id:*) OR lesion_id:*").tree
    assert [term.field for term in terms(tree)] == ["sex", "public", "isic_id", "lesion_id"]
    assert list(terms(None)) == []
