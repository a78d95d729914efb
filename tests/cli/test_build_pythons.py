"""The same recipe gives the same bytes whatever the Python that runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_build_lock import RECIPE, make_archive
from tests.cli.test_dataset_build import contents

ROOT = Path(__file__).resolve().parents[2]
ASKED = "OTHER_PYTHONS"
NEEDED = "import click, duckdb, httpx, isic_metadata, numpy, oauthlib, PIL, pydantic, rich"

EXPORTS = """
[[export]]
to = "imagefolder"
size = "32"
[[export]]
to = "hf"
[[export]]
to = "parquet"
"""


def others() -> list[str]:
    """Interpreters of another version that have what the program needs, and those asked for."""
    asked = [name for name in os.environ.get(ASKED, "").split(os.pathsep) if name]
    for name in asked:
        subprocess.run([name, "-c", NEEDED], check=True)
    found = []
    for minor in {11, 12, 13, 14} - {sys.version_info.minor}:
        name = f"python3.{minor}"
        try:
            done = subprocess.run([name, "-c", NEEDED], capture_output=True, check=False)
        except OSError:
            continue
        found += [name] if not done.returncode else []
    return asked + found


def test_a_python_that_is_asked_for_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ASKED, str(tmp_path / "python"))
    with pytest.raises(FileNotFoundError):
        others()
    monkeypatch.setenv(ASKED, sys.executable)
    monkeypatch.setitem(globals(), "NEEDED", "raise SystemExit(1)")
    with pytest.raises(subprocess.CalledProcessError):
        others()


def test_the_session_asks_by_a_name_that_reaches_the_tests() -> None:
    names = re.findall(r'env=\{"(\w+)"', (ROOT / "noxfile.py").read_text())
    assert names == [ASKED]
    assert not ASKED.startswith("ISIC_")  # no test sees these


@pytest.mark.slow
def test_two_pythons_build_the_same_bytes(tmp_path: Path) -> None:
    pythons = others()
    if not pythons:
        pytest.skip("no other Python has what the program needs")
    make_archive(tmp_path / "archive")
    text = RECIPE.replace('[export]\nto = "csv"\n', EXPORTS).replace("[split]", "[dedupe]\n[split]")
    (tmp_path / "set.toml").write_text(text)
    for number, python in enumerate([sys.executable, *pythons]):
        done = subprocess.run(
            [python, "-m", "isic_cli", "dataset", "build", "set.toml", f"out{number}"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert contents(tmp_path / f"out{number}") == contents(tmp_path / "out0"), python
