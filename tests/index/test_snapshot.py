from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from isic_cli.errors import LocalError
from isic_cli.index.build import Builder
from isic_cli.index.index import Index
from isic_cli.index.snapshot import snapshot_source, snapshot_time
from isic_cli.models.image import ImageFiles, ImageRecord, RemoteFile
from tests.support.indexes import STATE

ROWS = (
    "SELECT * FROM (VALUES"
    " ('ISIC_0000002', 'Clinic', 'CC-0', 45, 0.35::DECIMAL(5,2), true, 'wet', 'IV'),"
    " ('ISIC_0000001', 'Clinic', 'CC-BY', NULL, NULL, NULL, NULL, '3')"
    ") AS t(isic_id, attribution, copyright_license, age_approx, mel_thick_mm, melanocytic,"
    " surface, acquisition_day)"
)


def write(path: Path, query: str = ROWS, options: str = "") -> Path:
    with duckdb.connect() as database:
        database.execute(
            f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION snappy{options})"
        )
    return path


def test_a_snapshot_becomes_records(tmp_path: Path) -> None:
    path = write(tmp_path / "snapshot.parquet")
    with Builder(tmp_path / "index") as builder:
        source, is_sorted = snapshot_source(builder.database, path)
        assert not is_sorted
        assert builder.records(source, sort=not is_sorted) == 2
        builder.commit(STATE)
    with Index.open(tmp_path / "index") as index:
        first, second = index.records()
    assert first == ImageRecord(
        isic_id="ISIC_0000001",
        attribution="Clinic",
        copyright_license="CC-BY",
        files=ImageFiles(full=RemoteFile(url="")),
        metadata=first.metadata,
    )
    assert first.metadata.clinical == {"acquisition_day": 3}
    assert second.fields == {
        "age_approx": 45,
        "mel_thick_mm": "0.35",
        "melanocytic": True,
        "surface": "wet",
        "acquisition_day": "IV",
    }


def test_the_time_of_a_snapshot_is_its_own_word(tmp_path: Path) -> None:
    stamp = ", KV_METADATA {snapshot_timestamp: '2026-03-04T05:06:07+00:00'}"
    told = write(tmp_path / "told.parquet", options=stamp)
    silent = write(tmp_path / "silent.parquet")
    wrong = write(tmp_path / "wrong.parquet", options=", KV_METADATA {snapshot_timestamp: 'now'}")
    with duckdb.connect() as database:
        assert snapshot_time(database, told) == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
        for path in (silent, wrong):
            modified = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
            assert snapshot_time(database, path) == modified


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1 AS a", "it has no column attribution"),
        ("SELECT 'x' AS isic_id, '' AS attribution, '' AS copyright_license", "have no ISIC id"),
        (f"{ROWS} WHERE FALSE", "no rows"),
        (f"{ROWS} UNION ALL {ROWS}", "names 2 images twice"),
    ],
)
def test_a_foreign_file_is_refused(query: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "foreign.parquet", query)
    with duckdb.connect() as database, pytest.raises(LocalError, match=message):
        snapshot_source(database, path)


@pytest.mark.parametrize("cut", [0, 3, 100, -4])
def test_a_torn_file_is_refused(cut: int, tmp_path: Path) -> None:
    path = write(tmp_path / "torn.parquet")
    path.write_bytes(path.read_bytes()[:cut])
    with duckdb.connect() as database, pytest.raises(LocalError, match="torn.parquet"):
        snapshot_source(database, path)
