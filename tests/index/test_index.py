import hashlib
import json
from pathlib import Path

import pytest

from isic_cli.errors import LocalError, NotFoundError, QueryError, UsageError
from isic_cli.index.condition import Condition, where
from isic_cli.index.index import Index
from isic_cli.index.lookups import set_fields
from isic_cli.index.state import read_terms
from isic_cli.models.image import ImageRecord
from isic_cli.query import parse
from tests.support.indexes import ARCHIVE, build


@pytest.mark.slow
def test_every_recorded_query_gives_the_servers_answer(contract: Path, tmp_path: Path) -> None:
    data = json.loads((contract / "records.json").read_text("utf-8"))
    build(tmp_path, [ImageRecord.of(item) for item in data])
    cases = json.loads((contract / "search-oracle.json").read_text("utf-8"))
    with Index.open(tmp_path) as index:
        wrong = [case for case in cases if answer(index, case["query"]) != recorded(case)]
    assert wrong == []
    assert len(cases) == 321


def recorded(case: dict[str, object]) -> tuple[object, object]:
    if case["status"] != 200:
        return None, None
    return case["count"], case["ids_sha256"]


def answer(index: Index, query: str) -> tuple[object, object]:
    try:
        condition = Condition.of(parse(query))
    except QueryError:
        return None, None
    ids = sorted(index.ids(condition))
    assert index.count(condition) == len(ids)
    return len(ids), hashlib.sha256("\n".join(ids).encode()).hexdigest()


def test_ids_come_sorted_or_in_the_archives_order(tmp_path: Path) -> None:
    build(tmp_path)
    with Index.open(tmp_path) as index:
        assert list(index.ids()) == [f"ISIC_000000{n}" for n in (1, 2, 3, 4)]
        assert list(index.ids(archive_order=True)) == [f"ISIC_000000{n}" for n in (3, 1, 2, 4)]


def test_an_expression_of_sql_narrows_a_query(tmp_path: Path) -> None:
    build(tmp_path)
    with Index.open(tmp_path) as index:
        both = Condition.of(parse("diagnosis_1:Benign")) & where("pixels_x >= 2048 -- large")
        assert list(index.ids(both)) == ["ISIC_0000004"]
        assert list(index.ids(where("regexp_matches(attribution, 'Vienna')"))) == list(index.ids())
        assert index.size(both) == 1000


@pytest.mark.parametrize(
    "text",
    ["", "sex = 'male') OR (1=1", "1=1; DROP VIEW images", "sex, 1", "sex = ", "sex LIMIT 1"],
)
def test_what_is_not_one_expression_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="SQL"):
        where(text)


@pytest.mark.parametrize(
    "text", ["no_such = 1", "isic_id IN (SELECT line FROM read_text('/etc/passwd'))"]
)
def test_an_expression_that_does_not_fit_is_refused_before_it_is_used(
    text: str, tmp_path: Path
) -> None:
    build(tmp_path)
    with Index.open(tmp_path) as index, pytest.raises(UsageError, match="SQL"):
        index.check(where(text), text=text)


def test_the_columns_in_use_include_those_without_a_column(tmp_path: Path) -> None:
    from tests.support.indexes import image

    build(tmp_path, [image("ISIC_0000001", sex="male", colour="red"), image("ISIC_0000002")])
    with Index.open(tmp_path) as index:
        assert set_fields(index, Condition()) == ["colour", "pixels_x", "pixels_y", "sex"]


def test_the_terms_count_every_value(tmp_path: Path) -> None:
    state = build(tmp_path)
    terms = read_terms(tmp_path, state)
    assert terms["diagnosis_1"] == {"set": 4, "values": {"Benign": 2, "Malignant": 2}}
    assert terms["age_approx"] == {"set": 3}
    assert terms["copyright_license"] == {"set": 4, "values": {"CC-BY": 3, "CC-0": 1}}


def test_an_empty_index_answers_nothing(tmp_path: Path) -> None:
    build(tmp_path, [])
    with Index.open(tmp_path) as index:
        assert (index.count(), list(index.records()), index.size()) == (0, [], 0)


def test_without_an_index_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        Index.open(tmp_path / "none")
    assert caught.value.hint == "Run `isic cache refresh`."


def test_the_index_of_another_archive_is_refused(tmp_path: Path) -> None:
    build(tmp_path)
    with pytest.raises(LocalError, match=f"is of {ARCHIVE}, not of https://other.example"):
        Index.open(tmp_path, archive="https://other.example")


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_a_torn_file_is_told(cut: int, tmp_path: Path) -> None:
    path = tmp_path / build(tmp_path).files["records"].name
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(LocalError, match="damaged") as caught:
        Index.open(tmp_path)
    assert caught.value.hint == "Run `isic cache refresh --full`."


def test_a_file_of_the_right_size_and_wrong_content_is_told(tmp_path: Path) -> None:
    path = tmp_path / build(tmp_path).files["records"].name
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(LocalError, match=r"records-.*parquet"):
        Index.open(tmp_path)


def test_a_foreign_parquet_file_is_told(tmp_path: Path) -> None:
    import duckdb

    state = build(tmp_path)
    name = tmp_path / state.files["records"].name
    with duckdb.connect() as database:
        database.execute(f"COPY (SELECT 1 AS isic_id) TO '{name}' (FORMAT parquet)")
    text = (tmp_path / "state.json").read_text("utf-8")
    size = f'"bytes": {name.stat().st_size}'
    old = f'"bytes": {state.files["records"].bytes}'
    (tmp_path / "state.json").write_text(text.replace(old, size), "utf-8")
    with pytest.raises(LocalError, match="not part of this index"):
        Index.open(tmp_path)


def test_a_lost_file_is_told(tmp_path: Path) -> None:
    (tmp_path / build(tmp_path).files["records"].name).unlink()
    with pytest.raises(LocalError, match="No such file"):
        Index.open(tmp_path)


def test_an_export_writes_what_it_was_allowed_to(tmp_path: Path) -> None:
    build(tmp_path / "index")
    target = tmp_path / "out.csv"
    with Index.open(tmp_path / "index", writes=[target]) as index:
        written = index.export(
            "isic_id, sex", Condition.of(parse("sex:male")), target, "FORMAT csv, HEADER"
        )
        with pytest.raises(LocalError, match="other.csv"):
            index.export("isic_id", Condition(), tmp_path / "other.csv", "FORMAT csv")
    assert written == 2
    assert target.read_text("utf-8") == "isic_id,sex\nISIC_0000002,male\nISIC_0000003,male\n"
