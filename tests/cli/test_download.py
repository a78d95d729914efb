import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Isic
from tests.support.folders import jpeg, make_folder

PICTURES = [f"ISIC_000000{number}.jpg" for number in range(1, 5)]


def pictures(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("ISIC_*"))


def report(path: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    *items, summary = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return sorted(items, key=lambda item: str(item["isic_id"])), summary["summary"]


def test_a_download_leaves_pictures_table_credits_and_licences(isic: Isic, tmp_path: Path) -> None:
    done = isic("image", "download", "-y", "out")
    out = tmp_path / "out"
    assert (done.code, done.out) == (0, "")
    assert "4 images: 4 downloaded" in done.err
    assert pictures(out) == PICTURES
    for number, name in enumerate(PICTURES, 1):
        assert (out / name).read_bytes() == jpeg(number)
    with (out / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["isic_id"] for row in rows] == [name[:12] for name in PICTURES]
    assert list(rows[0])[:3] == ["isic_id", "attribution", "copyright_license"]
    assert (out / "attribution.txt").read_text(
        "utf-8"
    ) == "Clinic A\n\nClinic B, Vienna\n\nAnonymous"
    assert sorted(path.name for path in (out / "licenses").iterdir()) == [
        "CC-0.txt",
        "CC-BY-NC.txt",
        "CC-BY.txt",
    ]


def test_the_whole_archive_is_announced_with_count_and_bytes(isic: Isic) -> None:
    done = isic("image", "download", "-y", "out")
    size = sum(len(jpeg(number)) for number in range(1, 5))
    assert f"This is the whole archive: 4 images, about {size / 1000:.1f} kB." in done.err
    assert "whole archive" not in isic("image", "download", "-y", "-s", "sex:male", "out2").err


def test_a_second_run_fetches_nothing_and_says_so(isic: Isic, tmp_path: Path) -> None:
    isic("image", "download", "-y", "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("ISIC_*")}
    done = isic("image", "download", "-y", "--report", "run.jsonl", "out")
    assert done.code == 0
    assert "4 images: 0 downloaded (0 B), 4 already there." in done.err
    items, summary = report(tmp_path / "run.jsonl")
    assert {item["status"] for item in items} == {"skipped"}
    assert summary == {"counts": {"skipped": 4}, "exit_code": 0}
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_the_report_says_what_became_of_each(isic: Isic, folder: Path, tmp_path: Path) -> None:
    (folder / "ISIC_0000002.jpg").write_bytes(jpeg(2)[:-20])
    done = isic("image", "download", "-y", "--report", "run.jsonl", "out")
    assert done.code == 3
    assert "1 FAILED" in done.err
    assert "Failed: ISIC_0000002: " in done.err
    items, summary = report(tmp_path / "run.jsonl")
    assert [item["status"] for item in items] == [
        "downloaded",
        "failed",
        "downloaded",
        "downloaded",
    ]
    assert items[0]["bytes"] == len(jpeg(1))
    assert items[1]["reason"]
    assert summary == {"counts": {"downloaded": 3, "failed": 1}, "exit_code": 3}
    assert pictures(tmp_path / "out") == [PICTURES[0], PICTURES[2], PICTURES[3]]
    assert "ISIC_0000002" not in (tmp_path / "out" / "metadata.csv").read_text()


def test_what_failed_can_be_fetched_again_from_the_report(
    isic: Isic, folder: Path, tmp_path: Path
) -> None:
    (folder / "ISIC_0000002.jpg").write_bytes(jpeg(2)[:-20])
    isic("image", "download", "-y", "--report", "run.jsonl", "out")
    (folder / "ISIC_0000002.jpg").write_bytes(jpeg(2))
    done = isic("image", "download", "-y", "--from", "run.jsonl", "--status", "failed", "out")
    assert (done.code, pictures(tmp_path / "out")) == (0, PICTURES)
    assert len((tmp_path / "out" / "metadata.csv").read_text().splitlines()) == 5


def test_a_dry_run_counts_and_touches_nothing(isic: Isic, tmp_path: Path) -> None:
    isic("image", "download", "-y", "-s", "sex:male", "out")
    (tmp_path / "out" / PICTURES[0]).write_bytes(b"damaged")
    before = sorted((tmp_path / "out").rglob("*"))
    done = isic("image", "download", "-y", "--dry-run", "out")
    assert done.code == 0
    counts = {line.split()[0]: line.split()[1] for line in done.lines}
    assert (counts["images"], counts["fetch"], counts["replace"], counts["skip"]) == (
        "4",
        "2",
        "1",
        "1",
    )
    assert int(counts["bytes"]) == sum(len(jpeg(number)) for number in (1, 2, 4))
    assert sorted((tmp_path / "out").rglob("*")) == before
    assert (tmp_path / "out" / PICTURES[0]).read_bytes() == b"damaged"


def test_a_dry_run_into_a_folder_that_is_not_there_does_not_make_it(
    isic: Isic, tmp_path: Path
) -> None:
    assert isic("image", "download", "-y", "--dry-run", "out").code == 0
    assert not (tmp_path / "out").exists()


def test_a_damaged_picture_is_replaced(isic: Isic, tmp_path: Path) -> None:
    isic("image", "download", "-y", "out")
    (tmp_path / "out" / PICTURES[0]).write_bytes(b"damaged")
    assert isic("image", "download", "-y", "out").code == 0
    assert (tmp_path / "out" / PICTURES[0]).read_bytes() == jpeg(1)


def test_thumbnails_are_a_variant(isic: Isic, tmp_path: Path) -> None:
    done = isic("image", "download", "-y", "--variant", "thumbnail", "-l", "1", "out")
    assert (done.code, pictures(tmp_path / "out")) == (0, ["ISIC_0000001_thumbnail.jpg"])


def test_a_missing_id_makes_it_partial_and_the_rest_is_kept(isic: Isic, tmp_path: Path) -> None:
    done = isic(
        "image", "download", "-y", "--from", "-", "out", stdin="ISIC_0000001\nISIC_9999999\n"
    )
    assert (done.code, pictures(tmp_path / "out")) == (3, PICTURES[:1])
    assert "ISIC_9999999: not in the archive" in done.err


def test_nothing_selected_is_fine_unless_fail_empty(isic: Isic) -> None:
    nothing = ["-s", "sex:male AND sex:female"]
    assert isic("image", "download", "-y", *nothing, "out").code == 0
    assert isic("image", "download", "-y", *nothing, "--fail-empty", "out").code == 9


def test_a_file_as_output_folder_is_a_local_error(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("keep")
    done = isic("image", "download", "-y", "out")
    assert (done.code, (tmp_path / "out").read_text()) == (8, "keep")
    assert "out" in done.err.splitlines()[-2]


def test_a_bad_query_makes_no_folder(isic: Isic, tmp_path: Path) -> None:
    assert isic("image", "download", "-y", "-s", "sex:", "out").code == 2
    assert not (tmp_path / "out").exists()


def test_a_disk_that_is_too_small_is_refused_before_the_first_byte(
    isic: Isic, folder: Path, tmp_path: Path
) -> None:
    # A sparse file states a size that no disk has; only the first bytes are ever written.
    with (folder / "ISIC_0000001.jpg").open("r+b") as stream:
        stream.truncate(1 << 43)
    done = isic("image", "download", "-y", "out")
    assert done.code == 8
    assert "bytes are needed" in done.err
    assert "--force" in done.err
    assert not (tmp_path / "out").exists()
    one = isic("image", "download", "-y", "--from", "-", "out", stdin="ISIC_0000001\n")
    assert one.code == 8


def test_force_begins_nevertheless(isic: Isic, folder: Path, tmp_path: Path) -> None:
    with (folder / "ISIC_0000001.jpg").open("r+b") as stream:
        stream.truncate(1 << 43)
    done = isic("image", "download", "-y", "--force", "-s", "-isic_id:ISIC_0000001", "out")
    assert (done.code, pictures(tmp_path / "out")) == (0, PICTURES[1:])


def test_an_official_folder_is_continued_not_repeated(isic: Isic, tmp_path: Path) -> None:
    make_folder(tmp_path / "out")
    (tmp_path / "out" / "collections.json").unlink()
    done = isic("image", "download", "-y", "--report", "run.jsonl", "out")
    items, _ = report(tmp_path / "run.jsonl")
    assert (done.code, {item["reason"] for item in items}) == (0, {"adopted"})


def test_the_download_is_an_archive_again(isic: Isic, tmp_path: Path) -> None:
    isic("image", "download", "-y", "-s", "diagnosis_1:Benign", "out")
    done = isic("image", "list", "-q", "-s", "sex:male", archive=str(tmp_path / "out"))
    assert (done.code, done.lines) == (0, ["ISIC_0000003"])


def test_jobs_out_of_range_are_a_usage_error(isic: Isic) -> None:
    assert isic("image", "download", "-y", "-j", "0", "out").code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_a_local_error(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    assert isic("image", "download", "-y", "out").code == 8


def test_real_archive_images_come_out_whole(isic: Isic, shared: Path, tmp_path: Path) -> None:
    real = shared / "data" / "real"
    done = isic("image", "download", "-y", "-s", "diagnosis_1:Benign", "out", archive=str(real))
    assert done.code == 0
    names = pictures(tmp_path / "out")
    assert len(names) == 31
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (real / name).read_bytes()


def test_a_layout_is_recorded_and_every_later_command_uses_it(isic: Isic, tmp_path: Path) -> None:
    layout = "{isic_id:.9}/{isic_id}.{ext}"
    assert isic("image", "download", "-y", "-s", "sex:male", "--layout", layout, "out").code == 0
    assert isic("image", "download", "-y", "out").code == 0
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in tmp_path.glob("out/*/ISIC*"))
    assert found == [f"ISIC_0000/{name}" for name in PICTURES]
    listed = isic("image", "list", "-q", "-s", "sex:male", archive=str(tmp_path / "out"))
    assert listed.lines == ["ISIC_0000001", "ISIC_0000003"]
    copied = isic("image", "download", "-y", "copy", archive=str(tmp_path / "out"))
    assert (copied.code, pictures(tmp_path / "copy")) == (0, PICTURES)
    other = isic("image", "download", "-y", "--layout", "{isic_id}.{ext}", "out")
    assert other.code == 2


def test_files_above_the_largest_size_are_refused_and_the_rest_is_kept(
    isic: Isic, folder: Path, tmp_path: Path
) -> None:
    (folder / PICTURES[1]).write_bytes(jpeg(2, size=(900, 900)))
    done = isic("image", "download", "-y", "--max-size", "1.5kB", "--report", "run.jsonl", "out")
    items, _ = report(tmp_path / "run.jsonl")
    assert (done.code, pictures(tmp_path / "out")) == (3, [PICTURES[0], *PICTURES[2:]])
    assert items[1]["reason"] == "ISIC_0000002.jpg: larger than the limit of 1500 bytes"


@pytest.mark.parametrize("options", [["--rate", "0"], ["--bandwidth", "fast"], ["--timeout", "0"]])
def test_limits_that_make_no_sense_are_usage_errors(isic: Isic, options: list[str]) -> None:
    assert isic("image", "download", "-y", *options, "out").code == 2


def test_a_bandwidth_is_kept_to(isic: Isic) -> None:
    size = sum(len(jpeg(number)) for number in range(1, 5))
    began = time.monotonic()
    assert isic("image", "download", "-y", "--bandwidth", str(size * 10 // 14), "out").code == 0
    # A second's worth passes at once; the rest waits.
    assert time.monotonic() - began > 0.3
