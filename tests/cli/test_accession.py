"""`isic accession upload`, on the folder server."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.conftest import Isic, Result, with_accounts
from tests.support.folders import jpeg

ACCOUNTS = {
    "users": [{"id": 2, "token": "owner"}, {"id": 3, "token": "other"}],
    "contributors": [{"id": 1, "owners": [2], "institution_name": "Clinic"}],
    "cohorts": [
        {"id": 4, "contributor": 1, "name": "A"},
        {"id": 5, "contributor": 1, "name": "Twice"},
        {"id": 6, "contributor": 1, "name": "Twice"},
    ],
}


@pytest.fixture(name="isic")
def isic_with_users(isic: Isic, folder: Path) -> Iterator[Isic]:
    with with_accounts(isic, folder, ACCOUNTS) as served:
        yield served


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path) -> None:
    """A folder `in` of two pictures and a text."""
    (tmp_path / "in").mkdir()
    for number in (1, 2):
        (tmp_path / "in" / f"mole {number}.jpg").write_bytes(jpeg(number))
    (tmp_path / "in" / "notes.txt").write_text("hello")


def upload(isic: Isic, *arguments: str, user: str = "owner") -> Result:
    return isic("--token-file", user, "accession", "upload", *arguments)


def kept(folder: Path) -> dict[str, Any]:
    text = (folder / ".isic" / "contributions" / "ledger.json").read_text("utf-8")
    return {
        one["object_key"].rpartition("/")[2]: one["metadata"]
        for one in json.loads(text)["accessions"]
    }


@pytest.mark.parametrize(
    ("user", "options", "code"),
    [("owner", ["--dry-run"], 0), ("nobody", ["--dry-run"], 4), ("nobody", [], 4)],
)
def test_the_report_says_how_a_run_without_items_ended(
    user: str, options: list[str], code: int, isic: Isic, tmp_path: Path
) -> None:
    (tmp_path / "nobody").write_text("nobody")
    done = upload(isic, *options, "--report", "r.jsonl", "4", "in", user=user)
    assert done.code == code
    (line,) = (tmp_path / "r.jsonl").read_text().splitlines()
    assert json.loads(line)["summary"]["exit_code"] == code


def test_a_folder_of_pictures_is_uploaded_with_its_metadata(
    isic: Isic, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "m.csv").write_text(
        "filename,age,sex,note\nmole 1.jpg,50,male,n\nmole 2.jpg,,,\nother.jpg,5,,\n"
    )
    options = ["--metadata", "m.csv", "--report", "r.jsonl", "--fields", "file,status,bytes"]
    options += ["--progress", "none"]  # a line of it comes after a second of a busy machine
    done = upload(isic, "A", "in", *options)

    assert (done.code, done.lines) == (
        0,
        [
            "file\tstatus\tbytes",
            f"in/mole 1.jpg\tuploaded\t{len(jpeg(1))}",
            f"in/mole 2.jpg\tuploaded\t{len(jpeg(2))}",
        ],
    )
    total = len(jpeg(1)) + len(jpeg(2))
    assert done.err.splitlines() == [
        f"Uploading 2 files, {total / 1000:.1f} kB, to cohort 4 (A).",
        "Warning: 1 row of metadata without a file given here",
    ]
    assert kept(folder) == {
        "mole_1.jpg": {"age": "50", "sex": "male", "note": "n"},
        "mole_2.jpg": {},
    }
    report = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [(one["path"], one["status"]) for one in report[:-1]] == [
        ("in/mole 1.jpg", "uploaded"),
        ("in/mole 2.jpg", "uploaded"),
    ]


def test_what_the_cohort_has_is_reported_and_no_error(
    isic: Isic, folder: Path, tmp_path: Path
) -> None:
    def statuses(*options: str) -> list[str]:
        done = upload(isic, "4", "in", "--fields", "status", *options)
        assert done.code == 0
        return done.lines[1:]

    assert statuses() == ["uploaded", "uploaded"]
    assert statuses() == ["present", "present"]
    (journal,) = (Path.home() / "cache" / "uploads").iterdir()
    journal.unlink()  # as on another machine: the archive refuses the second one by its name
    assert statuses() == ["present", "present"]
    assert len(kept(folder)) == 2


def test_a_journal_cut_by_a_crash_is_still_read(isic: Isic) -> None:
    upload(isic, "4", "in")
    (journal,) = (Path.home() / "cache" / "uploads").iterdir()
    journal.write_text(journal.read_text() + '{"name": "mo')

    assert upload(isic, "4", "in", "--fields", "status").lines[1:] == ["present", "present"]


def test_a_dry_run_uploads_nothing(isic: Isic, folder: Path) -> None:
    done = upload(isic, "A", "in", "--dry-run")

    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("Would upload 2 files, ")
    assert not (folder / ".isic" / "contributions").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["A", "in/notes.txt"], 2, "in/notes.txt is not a picture but something that begins 68 65 6c 6c 6f; nothing was sent"),
        (["A", "in", "in/notes.txt"], 2, "in/notes.txt is not a picture but something that begins 68 65 6c 6c 6f; nothing was sent"),
        (["A", "empty.jpg"], 2, "empty.jpg is not a picture but an empty file; nothing was sent"),
        (["A", "gone.jpg"], 6, "no file gone.jpg"),
        (["A", "nothing"], 2, "there is no picture to upload"),
        (["A", "in", "again/mole 1.jpg"], 2, "have one name"),
        (["B", "in"], 6, "no cohort 'B' of yours"),
        (["99", "in"], 6, "no cohort 99"),
        (["Twice", "in"], 2, "the name 'Twice' fits several cohorts: 6, 5"),
        (["A", "in", "--metadata", "bad.csv"], 7, "bad.csv, row 2: age: Unable to parse value"),
        (["A", "in", "--metadata", "unnamed.csv"], 7, "unnamed.csv: filename: There is no column filename"),
        (["A", "in", "--metadata", "short.csv"], 2, "short.csv has no row for mole 1.jpg and 1 more"),
        (["A", "in", "--metadata", "double.csv"], 7, "double.csv, row 2: filename: One file has several rows"),
        (["A", "in", "--metadata", "gone.csv"], 6, "no such file: gone.csv"),
    ],
)  # fmt: skip
def test_nothing_is_sent_unless_all_is_in_order(
    isic: Isic, folder: Path, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "nothing").mkdir()
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "mole 1.jpg").write_bytes(jpeg(9))
    (tmp_path / "bad.csv").write_text("filename,age\nmole 1.jpg,old\nmole 2.jpg,50\n")
    (tmp_path / "unnamed.csv").write_text("age\n50\n")
    (tmp_path / "short.csv").write_text("filename,age\na.jpg,50\n")
    (tmp_path / "double.csv").write_text("filename,age\na.jpg,50\na.jpg,51\n")

    done = upload(isic, *arguments)

    errors = [line for line in done.err.splitlines() if line.startswith("Error: ")]
    assert (done.code, done.out, len(errors)) == (code, "", 1), done.err
    assert message in errors[0]
    assert not (folder / ".isic" / "contributions").exists()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_picture_that_is_cut_short_is_not_sent(isic: Isic, tmp_path: Path, kind: str) -> None:
    whole = io.BytesIO()
    Image.effect_noise((80, 60), 90).save(whole, kind)
    (tmp_path / "cut").write_bytes(whole.getvalue()[:-200])

    done = upload(isic, "1", "cut")

    assert done.code == 2
    assert "cut is " in done.err
    assert "nothing was sent" in done.err


@pytest.mark.parametrize(
    ("bad", "hint"),
    [
        (1, "JPEG, PNG and TIFF are."),
        (2, "Nor are whole pictures: all/02.jpg."),
        (20, f"Nor are whole pictures: {', '.join(f'all/{n:02}.jpg' for n in range(2, 21))}."),
        (22, ", all/20.jpg and 2 more."),
    ],
)
def test_every_file_that_is_not_a_picture_is_named_at_once(
    isic: Isic, tmp_path: Path, bad: int, hint: str
) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "00.jpg").write_bytes(jpeg(9))
    for number in range(1, bad + 1):
        (tmp_path / "all" / f"{number:02}.jpg").write_text("hello")

    done = upload(isic, "1", "all")

    assert done.code == 2
    assert "all/01.jpg is not a picture" in done.err
    assert done.err.rstrip().endswith(hint)


def test_somebody_elses_cohort_and_a_guest_are_refused(isic: Isic) -> None:
    assert upload(isic, "4", "in", user="other").code == 6
    assert isic("accession", "upload", "4", "in").code == 4
