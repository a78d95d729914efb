"""What a synchronisation tells of changed metadata, and the earlier states that a folder keeps."""

import json
import re
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from isic_cli.errors import LocalError
from isic_cli.files.lock import folder_lock
from isic_cli.services.dataset.history import (
    KeptState,
    LockChange,
    kept_states,
    parse_moment,
    state_at,
)
from tests.cli.conftest import Isic, relabel


def wait_for_the_next_second() -> None:
    """The time of a lock has no fractions."""
    now = time.time()
    time.sleep(1 - now % 1)


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_sync_tells_each_changed_field_and_a_dry_run_tells_it_too(
    dataset: Isic, out: Path, folder: Path, tmp_path: Path
) -> None:
    relabel(folder, 1, diagnosis_3="Nevus, blue", sex="female")
    before = files(out)
    planned = dataset("sync", str(out), "-n", "--report", "plan.jsonl")
    assert planned.code == 0
    assert "skip               4" in planned.lines
    assert files(out) == before
    done = dataset("sync", str(out), "--report", "done.jsonl")
    assert done.code == 0
    for words, said in (("would be updated", planned.err), ("were updated", done.err)):
        assert "Updated: ISIC_0000001: diagnosis_3: " in said
        assert f"The metadata of 1 image {words}: diagnosis_3 1, sex 1.\n" in said
    for name in ("plan.jsonl", "done.jsonl"):
        lines = map(json.loads, (tmp_path / name).read_text("utf-8").splitlines())
        told = [line for line in lines if line.get("status") == "updated"]
        assert [line["isic_id"] for line in told] == ["ISIC_0000001"]
        assert told[0]["changes"]["sex"] == ["male", "female"]
        assert told[0]["changes"]["diagnosis_3"][1] == "Nevus, blue"
    assert "Updated" not in dataset("sync", str(out)).err


def test_the_states_that_a_sync_replaced_are_listed_and_compared(
    dataset: Isic, out: Path, folder: Path
) -> None:
    first = json.loads(dataset("log", str(out), "-f", "json").out)
    assert [(row["images"], row.get("added")) for row in first] == [(4, None)]
    wait_for_the_next_second()
    relabel(folder, 1, sex="female")
    assert dataset("sync", str(out)).code == 0
    assert dataset("sync", str(out)).code == 0  # nothing new: no state more
    states = json.loads(dataset("log", str(out), "-f", "json").out)
    assert [(s["images"], s.get("changed"), s.get("removed")) for s in states] == [
        (4, 1, 0),
        (4, None, None),
    ]
    assert states[1]["time"] == first[0]["time"]
    then = dataset("diff", str(out), "--at", states[1]["time"], "-f", "csv", "--exit-code")
    assert (then.code, then.lines[1:]) == (7, ["relabelled,ISIC_0000001,sex,male,female"])
    now = dataset("diff", str(out), "--at", "2100-01-01", "--exit-code")
    assert (now.code, now.lines[1:]) == (0, [])
    too_old = dataset("diff", str(out), "--at", "2000-01-01")
    assert too_old.code == 6
    assert "The oldest is of" in too_old.err


@pytest.mark.parametrize(
    "words",
    [
        *([], ["--at", "soon"], ["--at", ""], ["other", "--at", "2100-01-01"]),
        *(["--at", "0001-01-01T00:00+14:00"], ["--at", "9999-12-31T23:59-10:00"]),
    ],
)
def test_a_date_that_is_none_and_two_states_with_a_date_are_usage_errors(
    words: list[str], dataset: Isic, out: Path
) -> None:
    (out.parent / "other").mkdir()
    assert dataset("diff", str(out), *words).code == 2


def test_the_oldest_states_go_first_and_a_damaged_one_is_named(
    dataset: Isic, out: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isic_cli.services.dataset.history.KEPT", 2)
    (out / ".isic" / ".history-of-a-killed-run").mkdir()
    for sex in ("female", "male", "female", "male"):
        relabel(folder, 1, sex=sex)
        assert dataset("sync", str(out)).code == 0
    assert [state.number for state in kept_states(out)] == [3, 4]
    assert len(dataset("log", str(out), "-q").lines) == 3
    assert [path.name for path in (out / ".isic").glob(".history*")] == []
    kept_states(out)[1].path.write_bytes(b"no archive")
    damaged = dataset("log", str(out))
    assert damaged.code == 8
    assert "000004" in damaged.err


def date_lock(folder: Path, when: str) -> None:
    lock = folder / "isic.lock"
    text = re.sub('"time":"[^"]*"', f'"time":"{when}"', lock.read_text("utf-8"), count=1)
    lock.write_text(text, "utf-8")


@pytest.fixture
def earlier(dataset: Isic, out: Path, folder: Path) -> KeptState:
    """The state of `out` before a change, which is dated long after it."""
    relabel(folder, 1, sex="female")
    assert dataset("sync", str(out)).code == 0
    date_lock(out, "2099-01-01T00:00:00Z")
    (state,) = kept_states(out)
    return state


def test_a_state_with_wrong_bytes_is_damaged_wherever_they_are(
    out: Path, earlier: KeptState
) -> None:
    whole = earlier.path.read_bytes()
    told = []
    for at in range(0, len(whole), 5):
        earlier.path.write_bytes(whole[:at] + b"\xff" * 4 + whole[at + 4 :])
        try:
            earlier.header()
            earlier.change()
            with state_at(out, earlier.time):
                pass
        except LocalError as error:
            told.append(error.message)
    assert len(told) > len(whole) // 10
    assert all(earlier.path.name in message for message in told)


def test_what_goes_wrong_with_an_earlier_state_is_not_blamed_on_its_file(
    out: Path, earlier: KeptState
) -> None:
    with pytest.raises(KeyError, match="of the reader"), state_at(out, earlier.time):
        raise KeyError("of the reader")


def test_a_linked_history_is_neither_written_nor_shortened(
    dataset: Isic, out: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isic_cli.services.dataset.history.KEPT", 1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "000001-20200101T000000Z.zip").write_bytes(b"somebody's")
    (out / ".isic" / "history").symlink_to(tmp_path / "other")
    relabel(folder, 1, sex="female")
    refused = dataset("sync", str(out))
    assert refused.code == 8
    assert "history is a symbolic link" in refused.err
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["000001-20200101T000000Z.zip"]


def test_a_lock_without_a_zone_is_of_utc_and_one_without_a_time_is_damaged(
    dataset: Isic, out: Path, earlier: KeptState
) -> None:
    for when, code in (("2099-01-01T00:00:00", 0), ("soon", 8)):
        date_lock(out, when)
        assert dataset("diff", str(out), "--at", earlier.time.isoformat()).code == code


def test_a_merge_into_a_folder_keeps_the_state_that_it_replaced_whatever_ends_it(
    dataset: Isic, isic: Isic, tmp_path: Path
) -> None:
    for name, isic_id in (("a", "ISIC_0000001"), ("b", "ISIC_0000002"), ("c", "ISIC_0000003")):
        assert isic("image", "download", isic_id, name).code == 0
    assert dataset("merge", "b", "--into", "a").code == 0
    assert [state.change() for state in kept_states(tmp_path / "a")] == [LockChange(1, 0, 0)]
    (tmp_path / "a" / "metadata.csv").unlink()
    (tmp_path / "a" / "metadata.csv").mkdir()
    assert dataset("merge", "c", "--into", "a").code == 8
    assert [state.header().images for state in kept_states(tmp_path / "a")] == [1, 2]


def test_a_state_that_a_killed_run_held_is_kept_by_the_next(
    dataset: Isic, out: Path, folder: Path
) -> None:
    held = out / ".isic/.history-killed"
    shutil.copytree(out, held, ignore=shutil.ignore_patterns(".isic", "*.jpg", "licenses"))
    relabel(folder, 1, sex="female")
    assert dataset("sync", str(out)).code == 0
    shutil.rmtree(out / ".isic/history")  # killed after the lock, it had not come so far
    shutil.copytree(out, held, ignore=shutil.ignore_patterns(".isic", "*.jpg", "licenses"))
    (held / "isic.lock").write_bytes(_line_changed(out / "isic.lock"))
    relabel(folder, 1, sex="male")
    assert dataset("sync", str(out)).code == 0
    assert [state.change() for state in kept_states(out)] == [LockChange(0, 0, 1)] * 2
    assert not held.exists()


def _line_changed(lock: Path) -> bytes:
    """A lock of which one image had other metadata."""
    head, first, *rest = lock.read_bytes().splitlines(keepends=True)
    found = json.loads(first)
    found["metadata_sha256"] = "0" * 64
    return head + json.dumps(found, separators=(",", ":")).encode() + b"\n" + b"".join(rest)


def test_status_and_verify_work_while_a_run_is_under_way(dataset: Isic, out: Path) -> None:
    with folder_lock(out):
        assert dataset("status", str(out)).code == 0
        assert dataset("verify", str(out), "--deep").code == 0
        assert dataset("sync", str(out), "-n").code == 0
        assert dataset("verify", str(out), "--repair").code == 10


def test_a_day_is_meant_to_its_end_and_a_time_without_a_zone_is_utc() -> None:
    assert parse_moment("2026-11-29") == datetime(2026, 11, 30, tzinfo=UTC) - timedelta(
        microseconds=1
    )
    assert parse_moment("2026-11-29 18") == datetime(2026, 11, 29, 18, tzinfo=UTC)
    assert parse_moment("2026-11-29T18:00") == datetime(2026, 11, 29, 18, tzinfo=UTC)
    assert parse_moment("2026-11-29T18:00+02:00") == datetime(2026, 11, 29, 16, tzinfo=UTC)
