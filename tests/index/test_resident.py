"""An index that is asked again and again answers from memory, and answers the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from isic_cli.index.condition import Condition, where
from isic_cli.index.index import Index
from isic_cli.query import parse
from tests.support.indexes import FOUR, build, image

#: Each answer in turn from the file, the file, and memory.
THRICE = 3
ODD = (*FOUR, image("ISIC_0000005", sex="it's", diagnosis_1="Indeterminate"))


def asked(index: Index, ask: Callable[[], object]) -> list[object]:
    return [ask() for _ in range(THRICE)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("sex = 'male'", [2, 3]),
        ("sex = 'nobody'", []),
        ("sex = 'it''s'", [5]),
        ("sex IS DISTINCT FROM 'male'", [1, 4, 5]),
        ("diagnosis_1 > 'Indeterminate'", [1, 2]),
        ("diagnosis_1 < 'F'", [3, 4]),
        ("images.sex || '!' = 'male!'", [2, 3]),
        ("coalesce(sex, 'unknown') = 'unknown'", [4]),
        ("regexp_matches(diagnosis_1, 'nign')", [3, 4]),
        ("sex IN (SELECT unnest(['male', 'other']))", [2, 3]),
        ("isic_id IN (SELECT max(isic_id) FROM images)", [5]),
        ("attribution LIKE '%Vienna' AND NOT melanocytic IS TRUE", [1, 2, 4, 5]),
    ],
)
def test_the_same_ids_are_found_in_memory(text: str, ids: list[int], tmp_path: Path) -> None:
    build(tmp_path, ODD)
    expected = [f"ISIC_000000{number}" for number in ids]
    with Index.open(tmp_path) as index:
        found = asked(index, lambda: list(index.ids(where(text))))
        assert index.count(where(text)) == len(ids)
    assert found == [expected] * THRICE


def test_records_come_back_as_they_were_stored_and_in_the_archives_order(tmp_path: Path) -> None:
    build(tmp_path, ODD)
    with Index.open(tmp_path) as index:
        found = asked(index, lambda: list(index.records(archive_order=True)))
        ids = asked(index, lambda: list(index.ids(archive_order=True)))
    assert found == [list(ODD)] * THRICE
    assert ids == [[record.isic_id for record in ODD]] * THRICE


def test_memory_is_used_from_the_third_question_on_and_only_for_small_indexes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path)
    held = []
    for most in (len(FOUR) - 1, len(FOUR)):
        monkeypatch.setattr("isic_cli.index.resident.MOST_RECORDS", most)
        with Index.open(tmp_path) as index:
            held.append([index._in_memory() is not None for _ in range(THRICE)])
    assert held == [[False] * THRICE, [False, False, True]]


def test_a_question_without_memory_for_it_is_still_answered(tmp_path: Path) -> None:
    build(tmp_path)
    with Index.open(tmp_path) as index:
        index.count()
        index.count()
        # What would stand in the way of the table.
        index._db.execute("CREATE TABLE held.resident AS SELECT 1 AS one")
        assert [index.count(Condition("sex = 'male'")) for _ in range(THRICE)] == [2, 2, 2]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("sex:male", [2, 3]),
        ("-sex:male", [1, 4, 5]),
        ("sex:* AND -diagnosis_1:Ind*", [1, 2, 3]),
        ("sex:male OR diagnosis_1:Indeterminate", [2, 3, 5]),
        ("isic_id:*5 OR age_approx:[0 TO 1]", [5]),
    ],
)
@pytest.mark.parametrize("values", [0, 1000], ids=["in SQL", "by lookup"])
def test_a_query_finds_the_same_in_memory(
    query: str, ids: list[int], values: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isic_cli.index.columnar.MOST_VALUES", values)
    build(tmp_path, ODD)
    condition = Condition.of(parse(query))
    expected = [f"ISIC_000000{number}" for number in ids]
    with Index.open(tmp_path) as index:
        assert asked(index, lambda: list(index.ids(condition))) == [expected] * THRICE
        assert index.count(condition) == len(ids)
        narrowed = condition & where("isic_id <> 'ISIC_0000005'")
        assert index.count(narrowed) == len(set(ids) - {5})
