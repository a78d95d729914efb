"""A folder that stays true: sync, status, verify, diff, merge."""

import csv
import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Isic, relabel
from tests.support.folders import ROWS, jpeg, make_folder


def items(path: Path) -> dict[str, list[str]]:
    """The ids of a report by status; the summary is left out."""
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        item = json.loads(line)
        if "isic_id" in item:
            found.setdefault(item["status"], []).append(item["isic_id"][-1])
    return {status: sorted(ids) for status, ids in found.items()}


def locked(folder: Path) -> list[str]:
    lines = (folder / "isic.lock").read_text("utf-8").splitlines()[1:]
    return [json.loads(line)["isic_id"][-1] for line in lines]


def pictures(folder: Path) -> list[str]:
    return sorted(path.name[11] for path in folder.glob("ISIC_*"))


def tabled(folder: Path) -> list[str]:
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as file:
        return [row["isic_id"][-1] for row in csv.DictReader(file)]


def everything(folder: Path) -> dict[str, bytes]:
    """Every file but our own state."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".isic" not in path.parts
    }


def withdraw(folder: Path, number: int) -> None:
    """Take an image out of the archive."""
    rows = [row for row in ROWS if row["isic_id"] != f"ISIC_000000{number}"]
    make_folder(folder, rows)
    (folder / f"ISIC_000000{number}.jpg").unlink()


# sync


def test_a_sync_that_changes_nothing_leaves_every_byte(dataset: Isic, out: Path) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.glob("[!.]*.*")}
    done = dataset("sync", "out")
    assert (done.code, done.out) == (0, "")
    assert "4 images: 0 downloaded (0 B), 4 already there." in done.err
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before


def test_sync_fetches_what_is_new_and_what_changed(
    dataset: Isic, isic: Isic, folder: Path, tmp_path: Path
) -> None:
    isic("image", "download", "-y", "-s", "diagnosis_1:Benign", "out")
    relabel(folder, 1, diagnosis_1="Benign")
    (folder / "ISIC_0000002.jpg").write_bytes(jpeg(2, size=(64, 48)))
    done = dataset("sync", "--report", "run.jsonl", "out")
    assert (done.code, items(tmp_path / "run.jsonl")) == (
        0,
        {"updated": ["2"], "downloaded": ["1", "2"], "skipped": ["3"]},  # 2 has other pixels
    )
    assert pictures(tmp_path / "out") == locked(tmp_path / "out") == ["1", "2", "3"]
    assert (tmp_path / "out" / "ISIC_0000002.jpg").read_bytes() == jpeg(2, size=(64, 48))


def test_new_metadata_reaches_the_table_and_the_lock(
    dataset: Isic, out: Path, folder: Path
) -> None:
    before = (out / "isic.lock").read_text().splitlines()
    relabel(folder, 3, diagnosis_3="Blue nevus")
    assert dataset("sync", "out").code == 0
    after = (out / "isic.lock").read_text().splitlines()
    assert [number for number, line in enumerate(after) if line != before[number]] in ([3], [0, 3])
    assert "Blue nevus" in (out / "metadata.csv").read_text("utf-8")


def test_withdrawn_images_are_reported_and_kept(
    dataset: Isic, out: Path, folder: Path, tmp_path: Path
) -> None:
    withdraw(folder, 2)
    done = dataset("sync", "--report", "run.jsonl", "out")
    assert done.code == 0
    assert "Withdrawn: ISIC_0000002: the archive does not show it any more" in done.err
    assert items(tmp_path / "run.jsonl") == {"skipped": ["1", "3", "4"], "withdrawn": ["2"]}
    assert pictures(out) == locked(out) == tabled(out) == ["1", "2", "3", "4"]


def test_delete_removes_withdrawn_images_from_disk_lock_and_table(
    dataset: Isic, out: Path, folder: Path, tmp_path: Path
) -> None:
    (out / "ISIC_0000099.jpg").write_bytes(b"not ours")
    withdraw(folder, 2)
    done = dataset("sync", "--delete", "--report", "run.jsonl", "out")
    assert done.code == 0
    assert items(tmp_path / "run.jsonl")["deleted"] == ["2"]
    assert locked(out) == tabled(out) == ["1", "3", "4"]
    assert pictures(out) == ["1", "3", "4", "9"]  # what the lock does not list is not ours
    assert "ISIC_0000002" not in (out / ".isic" / "journal.jsonl").read_text()


def test_too_many_deletions_are_none(dataset: Isic, out: Path, folder: Path) -> None:
    withdraw(folder, 2)
    withdraw(folder, 3)
    (folder / "ISIC_0000002.jpg").unlink()
    done = dataset("sync", "--delete", "--max-delete", "1", "out")
    assert done.code == 7
    assert "2 images left the selection, more than --max-delete 1: nothing was deleted" in done.err
    assert pictures(out) == locked(out) == ["1", "2", "3", "4"]
    planned = dataset("sync", "--delete", "--max-delete", "1", "--dry-run", "out")
    assert planned.code == 7
    assert "more than --max-delete 1: nothing was deleted" in planned.err


def test_images_that_left_the_selection_are_told_apart_from_withdrawn_ones(
    dataset: Isic, isic: Isic, folder: Path, tmp_path: Path
) -> None:
    isic("image", "download", "-y", "-s", "diagnosis_1:Benign", "out")
    relabel(folder, 3, diagnosis_1="Malignant")
    done = dataset("sync", "out")
    assert (done.code, locked(tmp_path / "out")) == (0, ["2", "3"])
    assert "Unselected: ISIC_0000003: no longer in the selection" in done.err


def test_another_archive_may_not_delete(dataset: Isic, out: Path, tmp_path: Path) -> None:
    make_folder(tmp_path / "other", ROWS[:1])
    done = dataset("sync", "--delete", "out", archive=str(tmp_path / "other"))
    assert (done.code, pictures(out)) == (2, ["1", "2", "3", "4"])


def test_sync_of_a_folder_without_a_lock_says_what_writes_one(
    dataset: Isic, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    done = dataset("sync", "empty")
    assert done.code == 6
    assert "empty has no isic.lock" in done.err


# sync --locked


def test_a_lock_alone_rebuilds_the_folder_byte_for_byte(
    dataset: Isic, isic: Isic, tmp_path: Path
) -> None:
    layout = "{isic_id:.9}/{isic_id}.{ext}"
    isic("image", "download", "-y", "-c", "Nevi", "--layout", layout, "out")
    wanted = everything(tmp_path / "out")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "isic.lock").write_bytes(wanted["isic.lock"])
    assert dataset("sync", "again", "--locked").code == 0
    assert everything(tmp_path / "again") == wanted
    assert dataset("sync", "again", "--locked").code == 0


def test_locked_replaces_a_damaged_file_and_adopts_good_ones(
    dataset: Isic, out: Path, tmp_path: Path
) -> None:
    (out / ".isic" / "journal.jsonl").unlink()
    (out / "ISIC_0000001.jpg").write_bytes(jpeg(9))
    done = dataset("sync", "out", "--locked", "--report", "run.jsonl")
    assert (done.code, (out / "ISIC_0000001.jpg").read_bytes()) == (0, jpeg(1))
    assert items(tmp_path / "run.jsonl") == {"downloaded": ["1"], "skipped": ["2", "3", "4"]}


@pytest.mark.parametrize(
    ("what", "status", "number"),
    [("file", "changed", "2"), ("label", "relabelled", "3"), ("image", "withdrawn", "2"),
     ("extra", "extra", "9")],
)  # fmt: skip
def test_any_difference_from_the_lock_is_a_failed_check(
    dataset: Isic, out: Path, folder: Path, tmp_path: Path, what: str, status: str, number: str
) -> None:
    before = (out / "isic.lock").read_bytes()
    match what:
        case "file":
            (folder / "ISIC_0000002.jpg").write_bytes(jpeg(8, size=(64, 48)))
            (out / "ISIC_0000002.jpg").unlink()
        case "label":
            relabel(folder, 3, diagnosis_3="Blue nevus")
        case "image":
            withdraw(folder, 2)
        case _:
            (out / "ISIC_0000009.jpg").write_bytes(jpeg(9))
    done = dataset("sync", "out", "--locked", "--report", "run.jsonl")
    assert done.code == 7
    assert items(tmp_path / "run.jsonl")[status] == [number]
    assert f"{status.capitalize()}: ISIC_000000{number}: " in done.err
    assert (out / "isic.lock").read_bytes() == before


def test_locked_and_delete_exclude_each_other(dataset: Isic, out: Path) -> None:
    assert dataset("sync", "out", "--locked", "--delete").code == 2


# status


def test_status_counts_complete_missing_changed_and_extra(dataset: Isic, out: Path) -> None:
    (out / "ISIC_0000001.jpg").unlink()
    (out / "ISIC_0000002.jpg").write_bytes(jpeg(8))
    (out / "ISIC_0000009.jpg").write_bytes(jpeg(9))
    done = dataset("status", "out", "-f", "json")
    assert done.code == 0
    assert {row["state"]: (row["files"], row["bytes"]) for row in json.loads(done.out)} == {
        "complete": (2, len(jpeg(3)) + len(jpeg(4))),
        "missing": (1, len(jpeg(1))),
        "changed": (1, len(jpeg(2))),
        "extra": (1, len(jpeg(9))),
    }
    listed = dataset("status", "out", "--files", "-f", "csv", "--fields", "isic_id,state")
    assert listed.lines[1:] == [
        "ISIC_0000001,missing",
        "ISIC_0000002,changed",
        "ISIC_0000009,extra",
    ]


def test_status_tells_of_a_journal_that_is_damaged(dataset: Isic, out: Path) -> None:
    with (out / ".isic/journal.jsonl").open("a", encoding="utf-8") as journal:
        journal.write("no line\n")
    done = dataset("status", "out", "-f", "json")
    assert "journal.jsonl: 1 unreadable lines are ignored, the first is line 5" in done.err
    assert json.loads(done.out)[0]["files"] == 4


def test_copies_that_a_file_manager_made_are_extra(dataset: Isic, out: Path) -> None:
    names = ["ISIC_0000001 (1).jpg", "ISIC_0000001 - Copy.jpg", "ISIC_0000001 - Copy (2).JPG",
             "ISIC_0000002 copy.jpg", "ISIC_0000002 copy 2.jpg"]  # fmt: skip
    for name in [*names, "ISIC_0000001_segmentation.png", "._ISIC_0000001.jpg"]:
        (out / name).write_bytes(jpeg(1))
    listed = dataset("status", "out", "--files", "-f", "csv", "--fields", "state,path")
    assert sorted(listed.lines[1:]) == sorted(f"extra,{name}" for name in names)


def test_a_folder_in_the_place_of_a_picture_is_named(dataset: Isic, out: Path) -> None:
    (out / "ISIC_0000001.jpg").unlink()
    (out / "ISIC_0000001.jpg").mkdir()
    for command in ("status", "verify"):
        done = dataset(command, "out", *(["--files", "-f", "csv"] if command == "status" else []))
        assert "a folder stands in its place" in done.out + done.err


# verify


def spoil(path: Path) -> None:
    """Damage one byte, and leave size and time as they were."""
    at = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))


def test_verify_finds_one_damaged_byte_that_size_and_time_hide(
    dataset: Isic, out: Path, tmp_path: Path
) -> None:
    assert dataset("verify", "out").code == 0
    spoil(out / "ISIC_0000002.jpg")
    done = dataset("verify", "out", "--report", "run.jsonl")
    assert done.code == 7
    assert "Changed: ISIC_0000002.jpg: other bytes of the same size" in done.err
    assert items(tmp_path / "run.jsonl") == {"complete": ["1", "3", "4"], "changed": ["2"]}


def test_a_second_verify_reads_nothing_and_deep_reads_all(
    dataset: Isic, out: Path, tmp_path: Path
) -> None:
    def reasons(*options: str) -> set[str]:
        assert dataset("verify", "out", "--report", "run.jsonl", *options).code == 0
        lines = (tmp_path / "run.jsonl").read_text().splitlines()[:-1]
        return {json.loads(line)["reason"] for line in lines}

    assert reasons() == {"read"}
    assert reasons() == {"remembered"}
    assert reasons("--deep") == {"read"}
    os.utime(out / "ISIC_0000001.jpg")
    assert reasons() == {"read", "remembered"}


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_deep_reads_the_same_wherever_it_reads(
    dataset: Isic, out: Path, tmp_path: Path, executor: str
) -> None:
    spoil(out / "ISIC_0000002.jpg")
    done = dataset("verify", "out", "--deep", "--executor", executor, "--report", "run.jsonl")
    assert done.code == 7
    assert items(tmp_path / "run.jsonl") == {"complete": ["1", "3", "4"], "changed": ["2"]}


def test_an_unknown_executor_is_a_usage_error(dataset: Isic, out: Path) -> None:
    assert dataset("verify", "out", "--executor", "elsewhere").code == 2


def test_repair_fetches_again_exactly_what_is_bad(dataset: Isic, out: Path, tmp_path: Path) -> None:
    wanted = everything(out)
    spoil(out / "ISIC_0000002.jpg")
    (out / "ISIC_0000003.jpg").unlink()
    done = dataset("verify", "out", "--repair", "--report", "run.jsonl")
    assert done.code == 0
    assert items(tmp_path / "run.jsonl")["downloaded"] == ["2", "3"]
    assert everything(out) == wanted
    assert dataset("verify", "out").code == 0


def test_what_cannot_be_repaired_stays_a_failed_check(
    dataset: Isic, out: Path, folder: Path
) -> None:
    (folder / "ISIC_0000002.jpg").write_bytes(jpeg(8))
    (out / "ISIC_0000002.jpg").unlink()
    done = dataset("verify", "out", "--repair")
    assert done.code == 7
    assert not (out / "ISIC_0000002.jpg").exists()


# diff


def test_diff_tells_what_was_relabelled_from_what_to_what(
    dataset: Isic, isic: Isic, out: Path, folder: Path
) -> None:
    isic("image", "download", "-y", "-s", "-isic_id:ISIC_0000001", "old")
    relabel(folder, 3, sex="female", age_approx="")
    dataset("sync", "out")
    done = dataset("diff", "old", "out", "--exit-code")
    assert (done.code, done.lines) == (
        7,
        [
            "change\tisic_id\tfield\told\tnew",
            "added\tISIC_0000001\t\t\t",
            "relabelled\tISIC_0000003\tage_approx\t60\t",
            "relabelled\tISIC_0000003\tsex\tmale\tfemale",
        ],
    )
    assert done.err == "1 added, 0 withdrawn, 1 relabelled (age_approx 1, sex 1), 2 unchanged.\n"
    assert dataset("diff", "old", "out").code == 0
    assert dataset("diff", "out", "out", "--exit-code").code == 0


def test_diff_takes_locks_and_tables_as_well(dataset: Isic, out: Path, tmp_path: Path) -> None:
    lock, table = out / "isic.lock", out / "metadata.csv"
    for one in (out, lock, table):
        for two in (out, lock, table):
            done = dataset("diff", str(one), str(two), "--exit-code")
            assert (done.code, len(done.lines)) == (0, 1), (one, two, done.out)
    (tmp_path / "new.lock").write_text(lock.read_text().replace("Clinic B", "Clinic C"))
    done = dataset("diff", "out/isic.lock", "new.lock", "--exit-code")
    assert (done.code, done.lines[1:]) == (
        7,
        ["relabelled\tISIC_0000003\tattribution\tClinic B, Vienna\tClinic C, Vienna"],
    )


def test_diff_of_what_is_neither_names_it(dataset: Isic, out: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("sex\nmale\n")
    assert dataset("diff", "out", "nowhere").code == 6
    assert dataset("diff", "out", "x.csv").code == 2
    assert dataset("diff", "out", "out/ISIC_0000001.jpg").code == 2


# merge


def test_the_locks_of_all_shards_merge_into_that_of_the_whole(
    dataset: Isic, isic: Isic, out: Path, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        isic("image", "download", "-y", "--shard", f"{number}/3", f"part{number}")
    done = dataset("merge", "part1", "part2/isic.lock", "part3", "-o", "merged.lock")
    assert done.code == 0
    merged = (tmp_path / "merged.lock").read_text().splitlines()
    whole = (out / "isic.lock").read_text().splitlines()
    assert merged[1:] == whole[1:]
    header, expected = json.loads(merged[0]), json.loads(whole[0])
    assert {**header, "time": ""} == {**expected, "time": ""}
    some = dataset("merge", "part1", "part2", "-o", "some.lock")
    assert some.code == 0
    header = json.loads((tmp_path / "some.lock").read_text().splitlines()[0])
    assert header["selections"] == [{"shard": "1/3"}, {"shard": "2/3"}]


@pytest.mark.parametrize("option", ["--from", "--exclude"])
def test_parts_selected_by_a_file_merge(
    option: str, dataset: Isic, isic: Isic, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "ids.txt").write_text("ISIC_0000001\nISIC_0000002\nISIC_0000003\n")
    for number in (1, 2):
        part = ("--shard", f"{number}/2", f"part{number}")
        assert isic("image", "download", "-y", option, "ids.txt", *part).code == 0

    done = dataset("merge", "part1", "part2", "-o", "merged.lock")

    assert (done.code, "Traceback" in done.err) == (0, False)
    header = json.loads((tmp_path / "merged.lock").read_text().splitlines()[0])
    assert [list(one) for one in header["selections"]] == [
        ["ids" if option == "--from" else "exclude"]
    ]


@pytest.mark.slow
def test_folders_of_all_shards_merge_into_the_folder_of_the_whole(
    dataset: Isic, isic: Isic, out: Path, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        isic("image", "download", "-y", "--shard", f"{number}/3", f"part{number}")
    parts = ("part1", "part2", "part3")

    done = dataset("merge", *parts, "--into", "whole", "--report", "run.jsonl")

    assert (done.code, dataset("verify", "--deep", "whole").code) == (0, 0)
    names = sorted(path.name for path in out.iterdir() if path.is_file())
    assert sorted(path.name for path in (tmp_path / "whole").iterdir() if path.is_file()) == names
    for name in {*names} - {"isic.lock"}:
        assert (tmp_path / "whole" / name).read_bytes() == (out / name).read_bytes(), name
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert {line["status"] for line in lines[:-1]} == {"done"}
    assert lines[-1]["summary"]["exit_code"] == 0
    again = dataset("merge", *parts, "--into", "whole")
    assert again.err.endswith(f"0 placed, {len(lines) - 1} already there, 0 missing.\n")


def test_a_picture_that_no_folder_has_is_exit_code_3(
    dataset: Isic, isic: Isic, out: Path, tmp_path: Path
) -> None:
    lost = next(out.glob("ISIC_*"))
    lost.unlink()

    done = dataset("merge", "out", "--into", "whole")

    assert done.code == 3
    assert f"Missing: {lost.stem}: no folder has its file" in done.err
    assert dataset("sync", "whole").code == 0
    assert (tmp_path / "whole" / lost.name).exists()


def test_a_merge_wants_one_place_to_write_to(dataset: Isic, out: Path) -> None:
    neither, both = dataset("merge", "out"), dataset("merge", "out", "-o", "a", "--into", "b")
    assert (neither.code, both.code) == (2, 2)


def test_locks_that_disagree_do_not_merge(
    dataset: Isic, isic: Isic, out: Path, folder: Path, tmp_path: Path
) -> None:
    relabel(folder, 3, sex="female")
    isic("image", "download", "-y", "new")
    done = dataset("merge", "out", "new", "-o", "merged.lock")
    assert done.code == 7
    assert "ISIC_0000003 is not the same in all locks" in done.err
    isic("image", "download", "-y", "--variant", "thumbnail", "small")
    other = dataset("merge", "out", "small", "-o", "merged.lock")
    assert other.code == 2
    assert not (tmp_path / "merged.lock").exists()
