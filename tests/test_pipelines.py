"""Pipelines that must work, word for word, in a shell."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.folders import ROWS, jpeg, make_folder

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def shell(tmp_path: Path) -> "Shell":
    collections = [{"id": 66, "name": "Nevi", "query": "diagnosis_3:Nevus"}]
    archive = make_folder(tmp_path / "archive", collections=collections)
    command = tmp_path / "bin" / "isic"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m isic_cli "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return Shell(tmp_path, archive)


class Shell:
    """A folder, an archive, and `isic` on the path."""

    def __init__(self, folder: Path, archive: Path) -> None:
        self.folder = folder
        self.archive = archive

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        environment = {"PYTHONPATH": str(ROOT), "ISIC_ARCHIVE": str(self.archive), "PATH": path}
        return subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", line],
            cwd=self.folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.mark.slow
def test_a_collection_to_a_csv_of_three_fields(shell: Shell) -> None:
    done = shell.run(
        "isic image list -c 66 -f csv --fields isic_id,diagnosis_1,age_approx -o nevi.csv"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (shell.folder / "nevi.csv").read_text() == (
        "isic_id,diagnosis_1,age_approx\nISIC_0000002,Benign,25\nISIC_0000003,Benign,60\n"
    )


@pytest.mark.slow
def test_what_failed_is_fetched_again_from_the_report(shell: Shell) -> None:
    (shell.folder / "ids.txt").write_text("".join(f"{row['isic_id']}\n" for row in ROWS))
    (shell.folder / "isic.toml").write_text("retries = 0\n")
    (shell.archive / "ISIC_0000003.jpg").write_bytes(jpeg(3)[:-9])
    mended = f"cp mended.jpg {shell.archive}/ISIC_0000003.jpg"
    (shell.folder / "mended.jpg").write_bytes(jpeg(3))
    done = shell.run(
        "isic image download --from ids.txt --report run.jsonl out/ || "
        f"{{ {mended}; isic image download --from run.jsonl --status failed out/; }}"
    )
    assert done.returncode == 0
    assert "1 FAILED" in done.stderr
    assert len(list((shell.folder / "out").glob("ISIC_*.jpg"))) == 4


@pytest.mark.slow
def test_what_was_not_found_stays_a_failure_when_it_is_asked_for_again(shell: Shell) -> None:
    (shell.folder / "ids.txt").write_text("ISIC_0000001\nISIC_9999999\nfoo\n")
    done = shell.run(
        "isic image download --from ids.txt --report run.jsonl out/ || "
        "isic image download --from run.jsonl --status failed out/"
    )
    assert done.returncode == 3
    *items, summary = map(json.loads, (shell.folder / "run.jsonl").read_text().splitlines())
    assert [(item["isic_id"], item["status"], item["reason"]) for item in items] == [
        ("ISIC_0000001", "downloaded", None),
        ("", "no_id", "ids.txt, line 3: no ISIC id in 'foo'"),
        ("ISIC_9999999", "not_found", "not in the archive, or not visible to this user"),
    ]
    assert summary == {
        "summary": {"counts": {"downloaded": 1, "no_id": 1, "not_found": 1}, "exit_code": 3}
    }
    assert "Warning: ISIC_9999999: not in the archive" in done.stderr.partition("run.jsonl")[2]


@pytest.mark.slow
def test_a_download_is_searched_offline(shell: Shell) -> None:
    assert shell.run("isic image download -y out/").returncode == 0
    done = shell.run(
        "isic --archive out/ image list -s 'age_approx:[20 TO 40] AND sex:male' -f jsonl"
    )
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert '"isic_id": "ISIC_0000001"' in done.stdout
