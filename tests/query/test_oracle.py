"""What the real server answered, query by query, is what we answer."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from isic_cli.errors import QueryError
from isic_cli.query import parse, to_sql


def flat(record: dict[str, Any]) -> dict[str, Any]:
    top = {name: record[name] for name in ("isic_id", "copyright_license", "public")}
    return {**record["metadata"]["acquisition"], **record["metadata"]["clinical"], **top}


def digest(ids: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


@pytest.fixture(scope="module")
def records(contract: Path) -> list[dict[str, Any]]:
    return [flat(record) for record in json.loads((contract / "records.json").read_bytes())]


@pytest.fixture(scope="module")
def oracle(contract: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((contract / "search-oracle.json").read_bytes())
    assert len(entries) == 321
    return entries


def test_every_recorded_query_is_answered_as_the_server_did(
    oracle: list[dict[str, Any]], records: list[dict[str, Any]]
) -> None:
    wrong = []
    for entry in oracle:
        try:
            query = parse(entry["query"])
        except QueryError:
            ours: tuple[int, Any, Any] = (400, None, None)
        else:
            ids = [record["isic_id"] for record in records if query.matches(record)]
            ours = (200, len(ids), digest(ids))
        if ours != (entry["status"], entry.get("count"), entry.get("ids_sha256")):
            wrong.append((entry["query"], ours))
    assert wrong == []


def test_every_recorded_query_reads_back_from_its_canonical_text(
    oracle: list[dict[str, Any]],
) -> None:
    queries = [parse(entry["query"]) for entry in oracle if entry["status"] == 200]
    assert [parse(str(query)).tree for query in queries] == [query.tree for query in queries]


@pytest.mark.slow
def test_every_recorded_query_gives_the_same_rows_in_sql(
    oracle: list[dict[str, Any]], records: list[dict[str, Any]]
) -> None:
    duckdb = pytest.importorskip("duckdb")
    from tests.query.test_sql import table

    connection = table(duckdb, records)
    wrong = []
    for entry in oracle:
        if entry["status"] != 200:
            continue
        where, parameters = to_sql(parse(entry["query"]))
        rows = connection.execute(f"SELECT isic_id FROM images WHERE {where}", parameters)
        if digest([row[0] for row in rows.fetchall()]) != entry["ids_sha256"]:
            wrong.append(entry["query"])
    assert wrong == []
