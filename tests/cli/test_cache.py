import json
import os
from pathlib import Path

import pytest

from isic_cli.index.state import index_lock
from tests.cli.conftest import Isic


def cache_dir() -> Path:
    return Path(os.environ["ISIC_CACHE_DIR"])


def test_a_refresh_says_what_it_found_and_reports_it(isic: Isic, tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    done = isic("cache", "refresh", "--report", str(report))
    assert (done.code, done.out) == (0, "")
    assert "4 images of" in done.err
    assert "4 added, 0 changed, 0 removed" in done.err
    lines = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    assert [(line["isic_id"], line["status"]) for line in lines[:-1]] == [
        (f"ISIC_000000{n}", "added") for n in (1, 2, 3, 4)
    ]
    assert lines[-1] == {"summary": {"counts": {"added": 4}, "exit_code": 0}}


def test_a_refresh_that_fails_says_so_in_its_report(isic: Isic, tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    options = ("--from-snapshot", "nowhere.parquet", "--report", str(report))
    assert isic("cache", "refresh", *options).code == 6
    (line,) = report.read_text("utf-8").splitlines()
    assert json.loads(line)["summary"] == {
        "counts": {},
        "exit_code": 6,
        "error": "no snapshot nowhere.parquet",
    }


def test_the_outcome_of_a_refresh_comes_after_its_progress(isic: Isic) -> None:
    lines = isic("cache", "refresh", "--progress", "json").err.splitlines()
    assert json.loads(lines[0])["done"] == 4
    assert lines[-1].startswith("4 images of")


def test_the_indexes_are_listed_with_their_age(isic: Isic, folder: Path) -> None:
    assert isic("cache", "info", "-f", "json").out == "[]\n"
    isic("cache", "refresh")
    (found,) = json.loads(isic("cache", "info", "-f", "json").out)
    assert (found["archive"], found["user"], found["records"]) == (str(folder), "anonymous", 4)
    assert found["age_hours"] == 0.0
    assert found["problem"] is None


def test_a_damaged_index_is_listed_as_such(isic: Isic) -> None:
    isic("cache", "refresh")
    next(cache_dir().rglob("state.json")).write_text("torn", "utf-8")
    (found,) = json.loads(isic("cache", "info", "-f", "json").out)
    assert found["records"] is None
    assert "is damaged" in found["problem"]
    assert isic("cache", "verify").code == 7
    assert isic("image", "list", "--offline").code == 8
    assert isic("cache", "refresh").code == 8
    assert isic("cache", "refresh", "--full").code == 0


def test_an_index_whose_records_are_cut_is_listed_as_such(isic: Isic) -> None:
    isic("cache", "refresh")
    records = next(cache_dir().rglob("records-*"))
    with records.open("r+b") as stream:
        stream.truncate(100)
    (found,) = json.loads(isic("cache", "info", "-f", "json").out)
    assert found["records"] == 4
    assert found["problem"].startswith(f"{records} is damaged: 100 bytes instead of")
    records.unlink()
    (found,) = json.loads(isic("cache", "info", "-f", "json").out)
    assert found["problem"] == f"cannot read {records}: No such file or directory"


def test_a_table_of_the_indexes_leaves_out_what_no_terminal_has_room_for(isic: Isic) -> None:
    isic("cache", "refresh")
    columns = ["archive", "user", "records", "as_of", "age_hours", "bytes"]
    assert isic("cache", "info", "-f", "table").lines[0].split() == columns
    next(cache_dir().rglob("state.json")).write_text("torn", "utf-8")
    assert isic("cache", "info", "-f", "table").lines[0].split() == [*columns, "problem"]


@pytest.mark.slow
def test_sql_answers_in_every_format(isic: Isic) -> None:
    isic("cache", "refresh", "--collections")
    query = "select sex, count(*) as n from images where sex is not null group by sex order by n"
    assert isic("cache", "sql", query).out == "sex\tn\nfemale\t1\nmale\t2\n"
    assert json.loads(isic("cache", "sql", query, "-f", "json").out) == [
        {"sex": "female", "n": 1},
        {"sex": "male", "n": 2},
    ]
    assert isic("cache", "sql", query, "-q").out == "female\nmale\n"
    query = "select name from collections join memberships on id = collection_id where isic_id = ?"
    done = isic("cache", "sql", query.replace("?", "'ISIC_0000001'"), "-f", "csv")
    assert sorted(done.lines) == ["Melanoma", "melanoma", "name"]


@pytest.mark.parametrize("comment", ["-- How many?\n", "--\n", "/* How many? */ "])
def test_a_query_may_begin_with_a_comment(comment: str, isic: Isic) -> None:
    isic("cache", "refresh")
    done = isic("cache", "sql", f"{comment}select count(*) as n from images", "-f", "json")
    assert (done.code, json.loads(done.out)) == (0, [{"n": 4}])
    assert "No such option" in isic("cache", "sql", "--no-such", "select 1").err


def test_sql_values_of_any_type_are_written(isic: Isic) -> None:
    isic("cache", "refresh")
    query = "select date '2026-01-02' as day, 1.5::decimal(4,2) as price, [1, 2] as list, 1e0 as x"
    done = isic("cache", "sql", query, "-f", "json")
    assert json.loads(done.out) == [{"day": "2026-01-02", "price": 1.5, "list": [1, 2], "x": 1.0}]
    assert done.code == 0


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "drop view images",
        "copy images to 'x.csv'",
        "selec 1",
    ],
)
def test_sql_that_writes_reaches_out_or_is_wrong_ends_with_usage(query: str, isic: Isic) -> None:
    isic("cache", "refresh")
    done = isic("cache", "sql", query)
    assert (done.code, done.out) == (2, "")
    assert "Error: SQL: " in done.err


def test_the_cache_is_verified(isic: Isic) -> None:
    isic("cache", "refresh", "--collections")
    done = isic("cache", "verify")
    assert done.code == 0
    assert "5 files" in done.err
    path = next(cache_dir().rglob("terms-*.json"))
    path.write_text(path.read_text("utf-8").replace("1", "2"), "utf-8")
    done = isic("cache", "verify", "-f", "json")
    assert done.code == 7
    assert "Error: 1 file of the cache is not what was stored\n" in done.err
    assert [(row["status"], Path(row["path"]).name) for row in json.loads(done.out)] == [
        ("damaged", path.name)
    ]
    path.unlink()
    (row,) = json.loads(isic("cache", "verify", "-f", "json").out)
    assert row["status"] == "missing"


def test_a_prune_needs_to_know_what_may_stay(isic: Isic) -> None:
    done = isic("cache", "prune")
    assert done.code == 2
    assert "--max-size" in done.err
    assert isic("cache", "prune", "--max-size", "many").code == 2


def test_clearing_removes_indexes_and_files(isic: Isic) -> None:
    isic("cache", "refresh")
    assert isic("cache", "clear", "--files").code == 0
    assert isic("image", "list", "--offline", "-q").code == 0
    planned = isic("cache", "clear", "-n")
    assert planned.code == 0
    assert planned.err.endswith(" would be freed.\n")
    assert isic("cache", "info").code == 0
    done = isic("cache", "clear", "-y")
    assert (done.code, done.out) == (0, "")
    assert "freed" in done.err
    assert isic("image", "list", "--offline").code == 6


def test_a_first_refresh_is_not_cleared_away_while_it_runs(isic: Isic) -> None:
    isic("cache", "refresh")
    state = next(cache_dir().rglob("state.json"))
    state.unlink()  # as long as the first refresh lists, there is none
    with index_lock(state.parent, "the index"):
        done = isic("cache", "clear", "-y")
    assert done.code == 10
    assert list(state.parent.glob("records-*")) != []


def test_a_snapshot_that_is_not_there_is_told(isic: Isic) -> None:
    done = isic("cache", "refresh", "--from-snapshot", "none.parquet")
    assert (done.code, done.out) == (6, "")
    assert "no snapshot none.parquet" in done.err


def test_a_snapshot_is_not_fetched_by_ftp(isic: Isic) -> None:
    done = isic("cache", "refresh", "--from-snapshot", "ftp://x/s.parquet")
    assert (done.code, done.out) == (2, "")
    assert "a snapshot is not fetched by ftp: ftp://x/s.parquet" in done.err


def test_a_snapshot_makes_an_index_of_its_images(isic: Isic, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.parquet"
    isic("metadata", "download", "-o", str(path))
    assert isic("cache", "refresh", "--from-snapshot", str(path)).code == 0
    online = isic("metadata", "download")
    assert isic("metadata", "download", "--offline").out == online.out
    out = tmp_path / "out"
    assert isic("image", "download", "-y", str(out), "--offline", "-l", "1").code == 0
    assert (out / "ISIC_0000001.jpg").is_file()
