import random
from typing import Any

import pytest

from isic_cli.query import FIELDS, Query, parse, to_sql
from tests.support.trees import random_record, random_tree

TYPES = {"number": "DOUBLE", "boolean": "BOOLEAN", "text": "VARCHAR"}


def table(duckdb: Any, records: list[dict[str, Any]]) -> Any:
    connection = duckdb.connect(":memory:")
    columns = ", ".join(f'"{field.name}" {TYPES[field.kind]}' for field in FIELDS.values())
    connection.execute(f"CREATE TABLE images ({columns})")
    marks = ", ".join("?" for _ in FIELDS)
    rows = [[record.get(name) for name in FIELDS] for record in records]
    connection.executemany(f"INSERT INTO images VALUES ({marks})", rows)
    return connection


def test_a_query_becomes_a_condition_with_bound_parameters() -> None:
    query = parse(
        "sex:male AND (age_approx:{20 TO 40] OR -mel_thick_mm:[* TO 1.2}) OR image_type:clinical"
        " OR lesion_id:IL_* OR patient_id:*7 OR -patient_id:*8 OR melanocytic:true OR isic_id:*"
    )
    condition, parameters = to_sql(query)
    assert condition == (
        '(("sex" = ? AND ("age_approx" > ? AND "age_approx" <= ?'
        ' OR ("mel_thick_mm" < ?) IS NOT TRUE)) OR "image_type" = ?'
        ' OR starts_with("lesion_id", ?)'
        ' OR ends_with("patient_id", ?)'
        ' OR (starts_with("patient_id", ?)) IS NOT TRUE'
        ' OR "melanocytic" = ? OR "isic_id" IS NOT NULL)'
    )
    assert parameters == ["male", 20, 40, 1.2, "clinical: close-up", "IL_", "7", "8", True]


def test_many_texts_of_one_field_are_one_look_up() -> None:
    query = parse("isic_id:ISIC_0000001 OR age_approx:5 OR isic_id:ISIC_0000002 OR sex:male")
    assert to_sql(query) == (
        '("age_approx" = ? OR "sex" = ? OR "isic_id" IN (?, ?))',
        [5.0, "male", "ISIC_0000001", "ISIC_0000002"],
    )


def test_an_open_end_of_a_range_asks_nothing() -> None:
    assert to_sql(parse("age_approx:{20 TO *]")) == ('"age_approx" > ?', [20.0])


def test_everything_is_a_condition_that_always_holds() -> None:
    assert to_sql(parse("")) == ("TRUE", [])


@pytest.mark.slow
def test_sql_and_matches_agree_on_random_trees_and_records() -> None:
    duckdb = pytest.importorskip("duckdb")
    rng = random.Random(20)
    records = [{**random_record(rng), "isic_id": str(number)} for number in range(60)]
    connection = table(duckdb, records)
    for _ in range(150):
        query = Query("", random_tree(rng))
        where, parameters = to_sql(query)
        rows = connection.execute(f"SELECT isic_id FROM images WHERE {where}", parameters)
        found = {row[0] for row in rows.fetchall()}
        assert found == {r["isic_id"] for r in records if query.matches(r)}, str(query)
