import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from isic_cli.errors import LocalError, LockedError
from isic_cli.index.build import Builder, read_rows
from isic_cli.index.columns import to_line
from isic_cli.index.index import Index
from isic_cli.index.state import index_lock, read_state
from tests.support.indexes import FOUR, STATE, build, image


def test_the_state_tells_what_is_in_the_index(tmp_path: Path) -> None:
    written = build(tmp_path)
    found = read_state(tmp_path)
    assert found == written
    assert found.records == 4
    assert found.bytes == sum(
        (tmp_path / file.name).stat().st_size for file in found.files.values()
    )
    assert found.age(datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC)) == 3600


def test_a_state_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    build(tmp_path)
    path = tmp_path / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"version": 2}), "utf-8")
    with pytest.raises(LocalError, match="is of version 2, and this isic reads version 1"):
        Index.open(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "damaged"),
        ('{"format": "isic-index", "ver', "damaged"),
        ("[]", "not a state of an index"),
        ('{"format": "other"}', "not a state of an index"),
        ('{"format": "isic-index", "version": 1}', "damaged"),
    ],
)
def test_a_damaged_state_is_told(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(text, "utf-8")
    with pytest.raises(LocalError, match=message):
        read_state(tmp_path)


@pytest.mark.parametrize("name", ["../records.parquet", "/etc/passwd"])
def test_a_state_cannot_name_a_file_elsewhere(name: str, tmp_path: Path) -> None:
    build(tmp_path)
    path = tmp_path / "state.json"
    data = json.loads(path.read_text("utf-8"))
    data["files"]["records"]["name"] = name
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(LocalError, match="damaged"):
        read_state(tmp_path)


def test_a_reader_sees_the_old_index_until_the_new_one_is_whole(tmp_path: Path) -> None:
    build(tmp_path)
    lines = tmp_path / "lines.jsonl"
    lines.write_text(to_line(image("ISIC_0000009")), "utf-8")
    with Index.open(tmp_path) as reader:
        with Builder(tmp_path) as builder:
            builder.records(read_rows([lines]))
            with Index.open(tmp_path) as meanwhile:
                assert meanwhile.count() == 4
            builder.commit(STATE)
        assert len(list(reader.records())) == 4
    with Index.open(tmp_path) as after:
        assert list(after.ids()) == ["ISIC_0000009"]


def test_what_was_not_committed_changes_nothing(tmp_path: Path) -> None:
    build(tmp_path)
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"isic_id": "ISIC_0000001", "age_approx": "cut', "utf-8")
    with Builder(tmp_path) as builder, pytest.raises(LocalError):
        builder.records(read_rows([lines]))
    with Index.open(tmp_path) as index:
        assert index.count() == 4
    assert not list(tmp_path.glob("*.part"))


def test_old_generations_go_once_nobody_can_hold_them(tmp_path: Path) -> None:
    names = [build(tmp_path).files["records"].name for _ in range(3)]
    found = {path.name for path in tmp_path.glob("records-*")}
    assert found == set(names[1:])


def test_a_second_writer_is_told_at_once(tmp_path: Path) -> None:
    with (
        index_lock(tmp_path, "the index"),
        pytest.raises(LockedError, match="another run holds the index"),
        index_lock(tmp_path, "the index"),
    ):
        raise AssertionError("both held the lock")
    with index_lock(tmp_path, "the index"):
        assert (tmp_path / ".lock").exists()


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("", "utf-8")
    with (
        pytest.raises(LocalError, match="cannot write"),
        index_lock(tmp_path / "index", "the index"),
    ):
        raise AssertionError("a file was locked")
    with pytest.raises(LocalError, match="index"):
        Builder(tmp_path / "index")


def test_the_times_of_a_state_can_change_alone(tmp_path: Path) -> None:
    state = build(tmp_path, FOUR)
    with Builder(tmp_path) as builder:
        builder.commit(replace(state, refreshed="2026-02-01T00:00:00+00:00"))
    with Index.open(tmp_path) as index:
        assert index.count() == 4
        assert index.state.refreshed == "2026-02-01T00:00:00+00:00"
