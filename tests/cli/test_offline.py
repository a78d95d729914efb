"""The same selections, answered by the index on this machine."""

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest

from isic_cli.cli.main import run
from tests.cli.conftest import Isic
from tests.support.folders import make_folder

SELECTIONS = [
    [],
    ["-s", "sex:male"],
    ["-s", "-sex:male", "--license", "cc-by"],
    ["-c", "Nevi"],
    ["-c", "7", "-c", "8", "-s", "age_approx:[30 TO *]"],
    ["-c", "10.34970/123456"],
    ["-l", "2"],
    ["-s", "diagnosis_1:Benign", "-l", "1"],
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each test has its archive: an index is that of a folder by its path."""
    return tmp_path_factory.mktemp("offline")


@pytest.fixture(scope="module")
def index(place: Path) -> Path:
    """A cache with the index of the archive, which each test copies."""
    cache = place / "cache"
    folder = make_folder(place / "archive")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISIC_CACHE_DIR", str(cache))
        words = ["cache", "refresh", "--collections", "--progress", "none"]
        assert run(["--archive", str(folder), *words]) == 0
    return cache


@pytest.fixture
def folder(place: Path) -> Path:
    """The archive as it is at first, whatever the test before made of it."""
    shutil.rmtree(place / "archive", ignore_errors=True)
    return make_folder(place / "archive")


@pytest.fixture
def indexed(index: Path, isic: Isic) -> Isic:
    shutil.copytree(index, os.environ["ISIC_CACHE_DIR"])
    return isic


def columns_of(path: Path) -> list[str]:
    with duckdb.connect() as database:
        rows = database.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    return [row[0] for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("command", [["image", "list", "-f", "json"], ["metadata", "download"]])
def test_the_index_answers_as_the_archive_does(command: list[str], indexed: Isic) -> None:
    for selection in SELECTIONS:
        online = indexed(*command, *selection)
        offline = indexed(*command, *selection, "--offline")
        assert (selection, offline.code, offline.out) == (selection, 0, online.out)
        assert offline.err == ""


def test_ids_alone_are_those_of_the_records(indexed: Isic, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("ISIC_0000004\nISIC_0000002\n", "utf-8")
    parts = [["--shard", "1/2"], ["--shard", "2/2", "-l", "1"], ["--exclude", str(ids), "-l", "2"]]
    for selection in [*SELECTIONS, *parts, ["--from", str(ids)], ["--sample", "2"]]:
        chosen = [*selection, "--offline"]
        alone = indexed("image", "list", "-q", *chosen)
        records = indexed("image", "list", "-f", "tsv", "--fields", "isic_id", *chosen)
        assert (selection, alone.lines) == (selection, records.lines[1:])
        count = indexed("image", "list", "--count", *chosen).out
        assert (selection, count) == (selection, f"{len(alone.lines)}\n")


@pytest.mark.parametrize("option", ["--from", "--exclude"])
def test_lists_of_ids_work_as_they_do_online(option: str, indexed: Isic, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("ISIC_0000004\nnothing\nISIC_0000002\n", "utf-8")
    online = indexed("image", "list", "-q", option, str(ids))
    offline = indexed("image", "list", "-q", option, str(ids), "--offline")
    assert offline == online
    assert offline.code == 3


def test_an_id_that_the_index_lacks_is_told(indexed: Isic, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("ISIC_0000009\nISIC_0000003\nISIC_0000001\n", "utf-8")
    done = indexed("image", "list", "-q", "--from", str(ids), "--offline", "-s", "sex:male")
    assert (done.code, done.lines) == (3, ["ISIC_0000003", "ISIC_0000001"])
    assert done.err == ("Warning: ISIC_0000009: not in the index, or not visible to this user\n")


def test_the_count_needs_no_listing(indexed: Isic, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("ISIC_0000002\nISIC_0000001\n", "utf-8")
    chosen = ["--from", str(ids), "-s", "sex:male", "--offline", "--count"]
    assert indexed("image", "list", *chosen).out == "1\n"


def test_any_expression_narrows_the_rest(indexed: Isic) -> None:
    done = indexed(
        *("image", "list", "-q", "--offline", "-s", "sex:male"),
        *("--where", "pixels_x >= 32 and regexp_matches(attribution, 'Vienna')"),
    )
    assert (done.code, done.lines) == (0, ["ISIC_0000003"])


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("pixels_x >=", "Parser Error"),
        ("no_such_column = 1", "no_such_column"),
        ("1=1; DROP VIEW images", "statement"),
        ("isic_id IN (SELECT content FROM read_text('/etc/passwd'))", "/etc/passwd"),
    ],
)
def test_an_expression_that_is_none_ends_at_once(expression: str, says: str, indexed: Isic) -> None:
    done = indexed("image", "list", "--offline", "--where", expression)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


@pytest.mark.slow
@pytest.mark.parametrize("command", [["image", "list"], ["metadata", "stats"]])
@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("sex", "Could not convert string"),
        ("regexp_matches(attribution, '[')", "missing ]"),
        ("age_approx * 9223372036854775807 > 1", "Overflow"),
    ],
)
def test_an_expression_that_no_value_can_answer_is_blamed_not_the_index(
    expression: str, says: str, command: list[str], indexed: Isic
) -> None:
    done = indexed(*command, "--offline", "--where", expression)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Error: SQL: ")
    assert says in done.err
    assert "refresh" not in done.err


@pytest.mark.parametrize("expression", ["regexp_matches(attribution, '[')", "age_approx > 1"])
def test_a_damaged_index_is_blamed_whatever_the_expression(
    expression: str, indexed: Isic, folder: Path
) -> None:
    records = next(Path(os.environ["ISIC_CACHE_DIR"]).rglob("records*.parquet"))
    content = bytearray(records.read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    records.chmod(0o644)
    records.write_bytes(content)
    done = indexed("image", "list", "--offline", "--where", expression)
    assert (done.code, done.out) == (8, "")
    assert f"Hint: Run `isic --archive {folder} cache refresh --full`." in done.err


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        (["--where", "true"], "the index knows SQL"),
        (["--where", ""], "the index knows SQL"),
        (["--max-age", "1d"], "never old"),
    ],
)
def test_options_of_the_index_need_offline(option: list[str], reason: str, isic: Isic) -> None:
    done = isic("image", "list", *option)
    assert (done.code, done.out) == (2, "")
    assert f"Error: {option[0]} needs --offline\n" in done.err
    assert reason in done.err


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_expression_does_not_select_everything(text: str, indexed: Isic) -> None:
    done = indexed("image", "list", "--offline", "--where", text)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Error: --where is empty\n")


def test_without_an_index_the_command_that_makes_one_is_named(isic: Isic, folder: Path) -> None:
    done = isic("image", "list", "--local")
    assert (done.code, done.out) == (6, "")
    assert done.err == (
        f"Error: there is no index of {folder} yet\n"
        f"Hint: Run `isic --archive {folder} cache refresh`.\n"
    )


def test_an_old_index_is_refused_when_that_is_asked(indexed: Isic) -> None:
    assert indexed("image", "list", "--offline", "--max-age", "1h", "-q").code == 0
    state = next(Path(os.environ["ISIC_CACHE_DIR"]).rglob("state.json"))
    values = json.loads(state.read_text("utf-8"))
    state.write_text(json.dumps(values | {"refreshed": "2020-01-01T00:00:00+00:00"}), "utf-8")
    done = indexed("image", "list", "--offline", "--max-age", "7d")
    assert (done.code, done.out) == (7, "")
    assert "old, more than 7 days" in done.err
    assert "cache refresh brings it up to date." in done.err
    assert indexed("cache", "sql", "select 1", "--max-age", "7d").code == 7
    assert indexed("cache", "sql", "select 1", "--max-age", "7y").code == 2


def test_a_downloaded_folder_takes_its_selection_from_the_index(
    indexed: Isic, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = indexed("image", "download", "-y", str(out), "--offline", "--where", "age_approx > 30")
    assert done.code == 0
    assert sorted(path.name for path in out.glob("*.jpg")) == [
        "ISIC_0000001.jpg",
        "ISIC_0000003.jpg",
    ]


def test_an_image_that_the_archive_lost_since_is_told(
    indexed: Isic, folder: Path, tmp_path: Path
) -> None:
    (folder / "ISIC_0000002.jpg").unlink()
    text = (folder / "metadata.csv").read_text("utf-8").splitlines(keepends=True)
    (folder / "metadata.csv").write_text(
        "".join(line for line in text if "ISIC_0000002" not in line), "utf-8"
    )
    done = indexed(
        "image", "download", "-y", str(tmp_path / "out"), "--offline", "-s", "sex:female"
    )
    assert done.code == 3
    assert "ISIC_0000002" in done.err


def test_collections_need_an_index_that_has_them(isic: Isic, folder: Path) -> None:
    assert isic("cache", "refresh").code == 0
    for command in (
        ["image", "list", "-c", "7"],
        ["metadata", "download", "--with", "collections"],
    ):
        done = isic(*command, "--offline")
        assert (done.code, done.out) == (6, "")
        assert "the index has no collections" in done.err
        assert f"Hint: Run `isic --archive {folder} cache refresh --collections`" in done.err


@pytest.mark.parametrize(("name", "code"), [("Nevus", 6), ("MELANOMA", 2), ("99", 6)])
def test_collections_are_named_as_they_are_online(name: str, code: int, indexed: Isic) -> None:
    offline = indexed("image", "list", "--offline", "-c", name)
    assert (offline.code, offline.out) == (code, "")
    if not name.isdigit():
        assert offline.err == indexed("image", "list", "-c", name).err


@pytest.mark.slow
def test_a_table_can_tell_the_collections_of_each_image(indexed: Isic) -> None:
    done = indexed(
        *("metadata", "download", "--offline", "--with", "collections", "-f", "jsonl"),
        *("--fields", "collections,sex"),
    )
    assert [json.loads(line) for line in done.lines] == [
        {"collections": [8, 9], "sex": "male"},
        {"collections": [7], "sex": "female"},
        {"collections": [7], "sex": "male"},
        {"collections": [8], "sex": None},
    ]
    chosen = ("--fields", "isic_id,collections,size")
    assert indexed("metadata", "download", "--offline", "--with", "collections", *chosen).err == ""
    without = indexed("metadata", "download", "--offline", *chosen)
    assert (without.code, without.err.splitlines()[0]) == (
        2,
        "Error: there is no field collections",
    )
    table = indexed("metadata", "download", "--offline", "--with", "collections")
    assert table.lines[0].split(",")[3:6] == ["age_approx", "collections", "diagnosis_1"]
    assert '"[8, 9]"' in table.lines[1]
    refused = indexed("metadata", "download", "--with", "collections")
    assert refused.code == 2


@pytest.mark.slow
def test_parquet_goes_out_typed_and_its_ids_come_in_again(indexed: Isic, tmp_path: Path) -> None:
    for number, extra in enumerate((["--offline"], [])):
        path = tmp_path / f"{number}.parquet"
        assert indexed("metadata", "download", "-s", "sex:male", "-o", str(path), *extra).code == 0
        assert indexed("image", "list", "-q", "--from", str(path)).lines == [
            "ISIC_0000001",
            "ISIC_0000003",
        ]
        done = indexed("image", "list", "-q", "--exclude", str(path), "--offline")
        assert done.lines == ["ISIC_0000002", "ISIC_0000004"]


def test_a_parquet_file_without_ids_is_refused(indexed: Isic, tmp_path: Path) -> None:
    path = tmp_path / "sexes.parquet"
    done = indexed("cache", "sql", "select distinct sex from images", "-o", str(path))
    assert done.code == 0
    done = indexed("image", "list", "--from", str(path))
    assert (done.code, done.out) == (2, "")
    assert "no column of ids among sex" in done.err


def test_a_torn_parquet_file_of_ids_is_told(indexed: Isic, tmp_path: Path) -> None:
    path = tmp_path / "torn.parquet"
    path.write_bytes(b"PAR1 and nothing more")
    done = indexed("image", "list", "--from", str(path))
    assert (done.code, done.out) == (2, "")
    assert "torn.parquet" in done.err


def test_a_failed_export_leaves_an_existing_file_as_it_was(indexed: Isic, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("what was there", "utf-8")
    done = indexed("metadata", "download", "--offline", "--where", "nothing", "-o", str(path))
    assert done.code == 2
    assert path.read_text("utf-8") == "what was there"
    assert not list(tmp_path.glob(".out*"))


def test_an_export_to_a_folder_that_is_not_there_is_told(indexed: Isic, tmp_path: Path) -> None:
    done = indexed("metadata", "download", "--offline", "-o", str(tmp_path / "no" / "x.csv"))
    assert (done.code, done.out) == (8, "")
    path = tmp_path / "no" / "x.csv"
    assert done.err == f"Error: cannot write {path}: No such file or directory\n"


@pytest.mark.slow
@pytest.mark.parametrize("where", [[], ["--offline"]])
def test_parquet_has_the_columns_in_the_order_of_the_csv(
    where: list[str], indexed: Isic, tmp_path: Path
) -> None:
    path = tmp_path / "table.parquet"
    assert indexed("metadata", "download", *where, "-o", str(path)).code == 0
    header = indexed("metadata", "download", *where).lines[0]
    assert columns_of(path) == header.split(",")
    query = "select sex, count(*) as n, max(age_approx) as age from images group by sex"
    assert indexed("cache", "sql", query, "-o", str(path)).code == 0
    assert columns_of(path) == ["sex", "n", "age"]


@pytest.mark.slow
def test_the_index_answers_when_the_archive_is_gone(indexed: Isic, folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    assert indexed("image", "list", "-q").code == 8
    assert len(indexed("image", "list", "--offline", "-q").lines) == 4
    assert len(indexed("metadata", "download", "--offline").lines) == 5
    assert indexed("metadata", "stats", "--offline").code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "selection",
    [
        ["--shard", "1/2"],
        ["--shard", "2/2", "-s", "sex:male"],
        ["--sample", "2", "--by", "sex", "--seed", "3"],
        ["--sample", "3", "--one-per", "patient", "--shard", "1/2"],
    ],
    ids=" ".join,
)
def test_parts_and_samples_are_those_of_the_archive(selection: list[str], indexed: Isic) -> None:
    for command in (["image", "list", "-q"], ["metadata", "download"]):
        online = indexed(*command, *selection)
        offline = indexed(*command, *selection, "--offline")
        assert (offline.code, offline.out) == (0, online.out)


@pytest.mark.slow
def test_a_folder_remembers_an_expression_and_asks_the_index_again(
    indexed: Isic, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    chosen = ["--offline", "--where", "age_approx > 30"]
    assert indexed("image", "download", "-y", str(out), *chosen).code == 0
    (out / "ISIC_0000003.jpg").unlink()
    done = indexed("dataset", "sync", str(out))
    assert done.code == 0
    assert sorted(path.name for path in out.glob("*.jpg")) == [
        "ISIC_0000001.jpg",
        "ISIC_0000003.jpg",
    ]
