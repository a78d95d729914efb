"""Links, FIFOs and devices in the place of a download folder's own files."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Isic

STATE_FILES = [
    ".isic/lock",
    ".isic/journal.jsonl",
    ".isic/layout.json",
    ".isic/recorded.json",
    "isic.lock",
    "metadata.csv",
]


@pytest.fixture
def out(isic: Isic, tmp_path: Path) -> Path:
    assert isic("image", "download", "-y", str(tmp_path / "out")).code == 0
    return tmp_path / "out"


@pytest.mark.parametrize("name", STATE_FILES)
def test_a_fifo_in_the_place_of_a_state_file_is_refused_and_never_waited_for(
    isic: Isic, out: Path, name: str
) -> None:
    (out / name).unlink()
    os.mkfifo(out / name)
    done = isic("image", "download", "-y", str(out))
    assert done.code == 8
    assert "not a regular file" in done.err


def test_a_list_of_verified_files_that_is_a_fifo_is_not_read(isic: Isic, out: Path) -> None:
    os.mkfifo(out / ".isic" / "verified")
    assert isic("dataset", "verify", str(out)).code == 0


@pytest.mark.parametrize("name", [".isic", "licenses"])
def test_a_folder_of_state_that_is_a_link_is_never_written_through(
    isic: Isic, out: Path, tmp_path: Path, name: str
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "journal.jsonl").write_text("keep\n")
    shutil.rmtree(out / name)
    (out / name).symlink_to(theirs)
    done = isic("image", "download", "-y", str(out))
    assert done.code == 8
    assert f"cannot write into {out / name}: it is a symbolic link" in done.err
    assert [path.name for path in theirs.iterdir()] == ["journal.jsonl"]
    assert (theirs / "journal.jsonl").read_text() == "keep\n"


@pytest.fixture
def read_only(out: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        for folder in (out / ".isic", out):
            folder.chmod(0o555)
        yield out
        out.chmod(0o755)
        (out / ".isic").chmod(0o755)
    elif _mount("--bind", str(out), str(out)):
        _mount("-o", "remount,ro,bind", str(out))
        yield out
        subprocess.run(["umount", "-l", str(out)], check=True)
    else:
        pytest.skip("root may write everywhere, and nothing can be mounted here")


def _mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


def test_a_data_set_that_cannot_be_written_can_be_verified(isic: Isic, read_only: Path) -> None:
    done = isic("dataset", "verify", str(read_only))
    assert (done.code, done.err) == (0, "4 of 4 files are good.\n")
    assert isic("dataset", "verify", "--repair", str(read_only)).code == 8


@pytest.mark.parametrize("nested", ["[" * 100_000, '{"a":' * 100_000])
@pytest.mark.parametrize("name", ["isic.lock", ".isic/layout.json", ".isic/journal.jsonl"])
def test_a_state_file_nested_too_deeply_is_no_bug(
    isic: Isic, out: Path, name: str, nested: str
) -> None:
    (out / name).write_text(nested + "\n")
    assert isic("image", "download", "-y", str(out)).code in {0, 8}


def test_a_configuration_nested_too_deeply_is_a_usage_error(isic: Isic) -> None:
    Path("isic.toml").write_text("a = " + "[" * 100_000)
    done = isic("image", "list")
    assert (done.code, "isic.toml: it is nested too deeply" in done.err) == (2, True)
