"""Vectors of a user's own model, from whichever file they lie in."""

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.tables.embeddings import read_embeddings

IDS = ("ISIC_0000001", "ISIC_0000002")
VECTORS = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, -2.0]])
UNIT = [[0.6, 0.8, 0.0], [0.0, 0.0, -1.0]]


def parquet(path: Path, query: str) -> Path:
    duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def written(folder: Path, kind: str) -> Path:
    path = folder / f"vectors.{kind.split('-', maxsplit=1)[0]}"
    match kind:
        case "npy":
            np.save(path, VECTORS)
            path.with_suffix(".txt").write_text("a/ISIC_0000001.jpg\nISIC_0000002\n", "utf-8")
        case "npz":
            np.savez(path, ids=np.array(IDS), embeddings=VECTORS)
        case "parquet-list":
            rows = " UNION ALL ".join(
                f"SELECT '{one}' AS image, {vector.tolist()} AS v"
                for one, vector in zip(IDS, VECTORS, strict=True)
            )
            parquet(path, rows)
        case "parquet-columns":
            parquet(path, "SELECT * FROM (VALUES ('ISIC_0000001', 3, 4.0, 0), ('ISIC_0000002', 0, 0, -2)) t(isic_id, a, b, c)")  # fmt: skip
        case "csv":
            path.write_text("isic_id,a,b,c\nISIC_0000001,3,4,0\nISIC_0000002,0,0,-2\n", "utf-8")
        case "jsonl":
            lines = [
                json.dumps({"isic_id": one, "v": vector.tolist()})
                for one, vector in zip(IDS, VECTORS, strict=True)
            ]
            path.write_text("\n".join(lines), "utf-8")
    return path


@pytest.mark.parametrize("kind", ["npy", "npz", "parquet-list", "parquet-columns", "csv", "jsonl"])
def test_vectors_are_read_with_their_ids_and_made_one_long(tmp_path: Path, kind: str) -> None:
    found = read_embeddings(written(tmp_path, kind))
    assert found.ids == IDS
    assert found.vectors == pytest.approx(np.array(UNIT), abs=1e-6)
    assert found.vectors.dtype == np.float32


def test_the_rows_of_ids_are_told_in_the_order_asked_for(tmp_path: Path) -> None:
    found = read_embeddings(written(tmp_path, "csv"))
    wanted = ("ISIC_0000002", "ISIC_0000003", "ISIC_0000001")
    assert found.rows_of(wanted).tolist() == [1, -1, 0]


def test_a_file_without_ids_is_in_the_order_of_the_pictures(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", VECTORS)
    found = read_embeddings(tmp_path / "v.npy")
    assert found.ids == ()
    assert found.rows_of(("x", "y")).tolist() == [0, 1]
    with pytest.raises(UsageError, match="has 2 rows and no ids, for 3 pictures"):
        found.rows_of(("x", "y", "z"))


def test_names_without_an_isic_id_lose_folder_and_suffix(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", paths=np.array(["a/mole.png", "b/nevus.jpg"]), features=VECTORS)
    assert read_embeddings(tmp_path / "v.npz").ids == ("mole", "nevus")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"ids": ["a", "a"], "embeddings": VECTORS}, "a has two vectors"),
        ({"ids": ["a"], "embeddings": VECTORS}, "1 ids for 2 vectors"),
        ({"ids": ["a", "b"]}, "lacks ids or embeddings"),
        ({"ids": ["a", "b"], "embeddings": [1.0, 2.0]}, "has no table of vectors"),
        ({"ids": ["a", "b"], "embeddings": [[1.0], [0.0]]}, "the vector of b has no direction"),
        ({"ids": ["a", "b"], "embeddings": [[1.0], [np.nan]]}, "the vector of b has no direction"),
        ({"ids": ["a", "b"], "embeddings": [["x"], ["y"]]}, "is not a NumPy file of numbers"),
    ],
)
def test_vectors_that_are_none_are_refused(
    tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    held: Any = {name: np.array(one) for name, one in arrays.items()}
    np.savez(tmp_path / "v.npz", **held)
    with pytest.raises(UsageError, match=message):
        read_embeddings(tmp_path / "v.npz")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("v.npy", b"", "is not a NumPy file of numbers"),
        ("v.npz", b"PK\x03\x04", "is not a NumPy file of numbers"),
        ("v.parquet", b"PAR1", "is not a Parquet file of vectors"),
        ("v.csv", b"isic_id,a\nISIC_0000001,\n", "line 2: a number of the vector is missing"),
        ("v.csv", b"isic_id\nISIC_0000001\n", "has no table of vectors"),
        (
            "v.jsonl",
            b'{"isic_id":"a","v":[1]}\n{"isic_id":"b","v":[1,2]}\n',
            "not all equally long",
        ),
    ],
)
def test_broken_files_of_vectors_are_named(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=message):
        read_embeddings(tmp_path / name)


def test_lists_of_several_lengths_in_parquet_are_refused(tmp_path: Path) -> None:
    query = "SELECT 'a' AS image, [1.0] AS v UNION ALL SELECT 'b', [1.0, 2.0]"
    with pytest.raises(UsageError, match="the lists in v are not all equally long"):
        read_embeddings(parquet(tmp_path / "v.parquet", query))


@pytest.mark.parametrize("name", ["gone.npy", "gone.parquet", "gone.csv"])
def test_an_absent_file_of_vectors_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        read_embeddings(tmp_path / name)
