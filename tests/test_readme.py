"""The README is executed: what it promises a stranger is what happens."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from isic_cli.errors import ExitCode

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(autouse=True)
def _drawn_once(demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def run_isic(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "isic_cli", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_exit_code_table_is_the_enum() -> None:
    rows = re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", README, flags=re.MULTILINE)
    assert {name: int(code) for code, name in rows} == {code.name: code.value for code in ExitCode}


def test_the_first_command_does_the_main_job_on_the_demo(tmp_path: Path) -> None:
    command = blocks("sh")[0]
    steps = [step.strip() for step in command.split("&&")]
    assert steps[:2] == ["python3 -m venv .venv", ".venv/bin/pip install -q ."]
    listed, downloaded = (shlex.split(step)[1:] for step in steps[2:4])
    found = run_isic(listed, tmp_path)
    assert found.returncode == ExitCode.OK
    count = len(found.stdout.splitlines()) - 1
    assert count > 0
    done = run_isic(downloaded, tmp_path)
    assert done.returncode == ExitCode.OK
    assert steps[4] == f"ls {downloaded[-1]}"
    folder = tmp_path / downloaded[-1]
    names = {path.name for path in folder.iterdir()}
    assert {"metadata.csv", "attribution.txt", "licenses"} <= names
    assert sum(name.startswith("ISIC_") for name in names) == count


def test_the_second_command_is_what_the_gate_runs() -> None:
    marked = README.partition("<!-- test command -->")[2]
    assert blocks("sh")[1] in marked
    assert ".venv/bin/pytest" in blocks("sh")[1]


@pytest.mark.parametrize(
    "line", [line for line in blocks("sh")[2].splitlines() if line.startswith("isic ")]
)
def test_every_everyday_command_has_options_that_exist(line: str, tmp_path: Path) -> None:
    """Parse the command up to its --help: a renamed option or command fails here."""
    words = shlex.split(line, comments=True)[1:]
    words = words[: words.index("|")] if "|" in words else words
    group = words[2:4] if words[0] == "--archive" else words[:2]
    done = run_isic([*group, "--help"], tmp_path)
    assert done.returncode == ExitCode.OK
    for option in (word for word in words if word.startswith("-") and word != "--archive"):
        assert re.search(rf"(^|[\s,]){re.escape(option)}\b", done.stdout), option


def test_the_python_example_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", blocks("python")[0]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found, result, kappa, numbers, *_ = done.stdout.splitlines()
    count = int(found.split()[0])
    assert count > 0
    assert result == f"<DownloadResult pictures: {count} downloaded, 0 already there> {{}}"
    assert len(list((tmp_path / "pictures").glob("ISIC_*"))) == count
    assert "percent agreement" in kappa
    assert "<ResultTable statistics of pictures" in numbers
    assert f"{count} images of the ISIC Archive" in numbers
