"""The same recipe gives the same bytes whatever the Python that runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_build_lock import RECIPE, make_archive
from tests.cli.test_dataset_build import contents

ROOT = Path(__file__).resolve().parents[2]
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
    """Interpreters of another version that have what the program needs: ISIC_TEST_PYTHONS too."""
    names = [*os.environ.get("ISIC_TEST_PYTHONS", "").split(os.pathsep)]
    names += [f"python3.{minor}" for minor in (11, 12, 13, 14) if minor != sys.version_info.minor]
    found = []
    for name in filter(None, names):
        try:
            done = subprocess.run([name, "-c", NEEDED], capture_output=True, check=False)
        except OSError:
            continue
        found += [name] if not done.returncode else []
    return found


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
