"""SQL over the index reads the index, and reaches nothing else."""

from pathlib import Path

import pytest

from isic_cli.errors import UsageError
from isic_cli.index.index import Index
from tests.support.indexes import build


@pytest.fixture
def index_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    build(folder)
    return folder


def test_a_query_gives_columns_and_rows(index_folder: Path) -> None:
    with Index.open(index_folder) as index:
        columns, rows = index.sql(
            "SELECT sex, count(*) AS n FROM images GROUP BY sex ORDER BY n, sex"
        )
        assert columns == ("sex", "n")
        assert list(rows) == [
            {"sex": "female", "n": 1},
            {"sex": None, "n": 1},
            {"sex": "male", "n": 2},
        ]


def test_columns_of_one_name_are_told_apart(index_folder: Path) -> None:
    with Index.open(index_folder) as index:
        columns, rows = index.sql("SELECT 1 AS a, 2 AS a")
        assert columns == ("a", "a_2")
        assert list(rows) == [{"a": 1, "a_2": 2}]


def test_the_views_are_the_three_that_the_manual_names(index_folder: Path) -> None:
    with Index.open(index_folder) as index:
        _, rows = index.sql("SHOW TABLES")
        assert [row["name"] for row in rows] == ["collections", "images", "memberships"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM read_json('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_parquet('https://archive.example/x.parquet')",
        "SELECT * FROM 's3://bucket/x.parquet'",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/isic-evil.csv'",
        "COPY images TO 'evil.csv'",
        "ATTACH '/tmp/evil.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "RESET enable_external_access",
        "PRAGMA enable_external_access",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW images",
        "INSERT INTO memberships VALUES (1, 'x')",
        "EXPORT DATABASE '/tmp/evil'",
        "CREATE SECRET (TYPE s3)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'evil.csv'",
        "CALL pragma_version()",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW images",
        "",
        "SELEC 1",
        "SELECT nothing FROM images",
        "SELECT * FROM index_folder",
    ],
)
def test_no_query_reaches_out_or_writes(query: str, index_folder: Path) -> None:
    before = sorted((path.name, path.stat().st_size) for path in index_folder.iterdir())
    with Index.open(index_folder) as index:
        with pytest.raises(UsageError, match="SQL"):
            list(index.sql(query)[1])
        assert index.count() == 4
    assert sorted((path.name, path.stat().st_size) for path in index_folder.iterdir()) == before


def test_the_file_of_the_index_itself_cannot_be_written(index_folder: Path) -> None:
    records = next(index_folder.glob("records-*.parquet"))
    before = records.read_bytes()
    with Index.open(index_folder) as index:
        for query in (
            f"COPY (SELECT 1) TO '{records}'",
            f"WITH x AS (SELECT 1) COPY (SELECT 1) TO '{records}'",
            f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{records}'",
        ):
            with pytest.raises(UsageError, match="SQL"):
                index.sql(query)
    assert records.read_bytes() == before


def test_an_error_while_rows_are_read_is_told_too(index_folder: Path) -> None:
    with Index.open(index_folder) as index, pytest.raises(UsageError, match="Conversion"):
        list(index.sql("SELECT CAST(isic_id AS INTEGER) FROM images")[1])
