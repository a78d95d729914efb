from pathlib import Path
from typing import Any

import duckdb
import pytest

from isic_cli.errors import LocalError
from isic_cli.index.parquet import write_parquet


def written(path: Path) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
    with duckdb.connect() as database:
        described = database.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
        rows = database.execute(f"SELECT * FROM '{path}'").fetchall()
    return {row[0]: row[1] for row in described}, rows


def test_columns_have_the_types_of_their_values(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows: list[dict[str, Any]] = [
        {"isic_id": "ISIC_0000001", "age_approx": 45, "mel_thick_mm": "0.35", "melanocytic": True},
        {"isic_id": "ISIC_0000002", "age_approx": None, "share": 1, "mixed": 1, "list": [1]},
        {"isic_id": "ISIC_0000003", "share": 0.5, "mixed": "x", "mel_thick_mm": "1.20"},
    ]
    write_parquet(iter(rows), path, ["isic_id"])
    types, found = written(path)
    assert types == {
        "isic_id": "VARCHAR",
        "age_approx": "BIGINT",
        "list": "JSON",
        "mel_thick_mm": "DOUBLE",
        "melanocytic": "BOOLEAN",
        "mixed": "VARCHAR",
        "share": "DOUBLE",
    }
    assert found == [
        ("ISIC_0000001", 45, None, 0.35, True, None, None),
        ("ISIC_0000002", None, "[1]", None, None, "1", 1.0),
        ("ISIC_0000003", None, None, 1.2, None, "x", 0.5),
    ]


def test_no_rows_are_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet([], path)
    assert written(path) == ({"isic_id": "VARCHAR"}, [])


def test_a_number_that_is_none_makes_a_column_of_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet([{"mel_thick_mm": "0.35"}, {"mel_thick_mm": "thick"}], path)
    assert written(path) == ({"mel_thick_mm": "VARCHAR"}, [("0.35",), ("thick",)])


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"a\.parquet"):
        write_parquet([{"a": 1}], tmp_path / "none" / "a.parquet")
