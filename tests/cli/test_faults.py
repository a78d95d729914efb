"""Bad input: one line that names the thing, its exit code, and no file changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Isic

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("archive", "code", "message"),
    [
        ("nowhere", 2, "unknown archive 'nowhere'"),
        ("ftp://example.org", 2, "the scheme 'ftp' is not http or https"),
        ("http://example.org", 2, "plain http to example.org"),
        ("https://me:pw@example.org", 2, "holds a user name or password"),
    ],
)
def test_a_wrong_archive_is_a_usage_error(
    isic: Isic, archive: str, code: int, message: str
) -> None:
    done = isic("image", "list", archive=archive)
    assert (done.code, done.out) == (code, "")
    assert message in done.err.splitlines()[0]
    assert "Hint: " in done.err


def test_a_folder_that_is_no_archive_is_named(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = isic("image", "list", archive=str(tmp_path / "empty"))
    assert done.code in {2, 8}
    assert "empty" in done.err.splitlines()[0]


def test_a_bad_query_shows_its_column_and_a_suggestion(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "keep.csv").write_text("keep")
    done = isic("image", "list", "-s", "sex:male AND diagnosis3:x", "-o", "keep.csv")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[1:3] == [
        "  sex:male AND diagnosis3:x",
        "               ^",
    ]
    assert "diagnosis_3" in done.err
    assert (tmp_path / "keep.csv").read_text() == "keep"


@pytest.mark.parametrize(
    ("name", "options", "code", "message"),
    [
        ("a collection id", ["-c", "99"], 6, "99"),
        ("a collection name", ["-c", "Nevo"], 6, "Did you mean 'Nevi'?"),
        ("an ambiguous name", ["-c", "MELANOMA"], 2, "9 (melanoma), 8 (Melanoma)"),
        ("an id file", ["--from", "none.txt"], 6, "no such file: none.txt"),
        ("a binary id file", ["--from", "archive/ISIC_0000001.jpg"], 2, "is a binary file"),
        ("a folder as id file", ["--from", "archive"], 8, "cannot read archive"),
        ("fields without a name", ["--fields", ","], 2, "--fields names no field"),
        ("a folder as output", ["-o", "archive"], 8, "cannot write archive"),
        ("an output in no folder", ["-o", "no/such/x.csv"], 8, "cannot write no/such/x.csv"),
    ],
)
def test_bad_input_names_the_thing(
    isic: Isic, name: str, options: list[str], code: int, message: str
) -> None:
    done = isic("image", "list", *options)
    assert done.code == code
    assert message in done.err


def test_a_typing_error_in_a_command_is_suggested(isic: Isic) -> None:
    done = isic("imge", "list")
    assert done.code == 2
    assert "Did you mean isic image?" in done.err


def test_a_failing_download_leaves_the_old_table(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("old")
    done = isic("metadata", "download", "-c", "99", "-o", "m.csv")
    assert done.code == 6
    assert (tmp_path / "m.csv").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "isic.toml", "m.csv"]


def subprocess_isic(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "isic_cli", "--archive", str(folder), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.slow
def test_a_redirected_output_is_utf8_whatever_the_locale(folder: Path) -> None:
    text = (folder / "metadata.csv").read_text("utf-8").replace("Clinic A", "皮膚科 Klinik Ä")
    (folder / "metadata.csv").write_text(text, "utf-8")
    done = subprocess_isic(folder, "image", "list", "-f", "csv", PYTHONIOENCODING="cp1251")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "皮膚科 Klinik Ä".encode() in done.stdout


@pytest.mark.slow
def test_a_closed_pipe_ends_quietly(folder: Path) -> None:
    command = f"{sys.executable} -m isic_cli --archive {folder} image list -q | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"ISIC_0000001\n", b"")


def test_a_cell_with_a_newline_survives_the_round_trip(folder: Path, isic: Isic) -> None:
    text = (folder / "metadata.csv").read_text("utf-8")
    (folder / "metadata.csv").write_text(text.replace("Clinic A", '"Clinic\nA"'), "utf-8")
    done = isic("metadata", "download", "-l", "1", "--fields", "isic_id,attribution")
    assert done.out == 'isic_id,attribution\nISIC_0000001,"Clinic\nA"\n'
