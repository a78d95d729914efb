"""The kept answers of the reference are still its answers, where it can be installed."""

import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from isic_cli.tables.read import RowReader
from tests.support.challenge_broken import BROKEN, TAKEN

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python 3.13 that has the reference."""
    python = shutil.which("python3.13")
    if python is None:
        pytest.skip("no Python 3.13")
    folder = tmp_path_factory.mktemp("reference")
    for command in (
        [python, "-m", "venv", str(folder)],
        [str(folder / "bin/python"), "-m", "pip", "install", "-q", "isic-challenge-scoring==5.8.0"],
    ):
        if subprocess.run(command, capture_output=True, timeout=300, check=False).returncode:
            pytest.skip("isic-challenge-scoring 5.8.0 cannot be installed here")
    return folder / "bin/python"


def answers(reference: Path, *words: str) -> list[dict[str, str]]:
    script = ROOT / "benchmarks" / "challenge_reference.py"
    done = subprocess.run(
        [reference, script, *words], capture_output=True, text=True, check=True, timeout=500
    )
    return list(csv.DictReader(done.stdout.splitlines()))


@pytest.mark.slow
def test_the_kept_scores_are_those_of_the_reference(reference: Path) -> None:
    kept = {
        (row["task"], row["case"]): row
        for _, row in RowReader(ROOT / "tests/data/challenge/answers.csv.gz")
    }
    for row in answers(reference, "classification", "10"):
        expected = kept[row["task"], row["case"]]
        for name in set(row) - {"task", "case"}:
            assert float(row[name]) == pytest.approx(float(expected[name]), abs=1e-12)


@pytest.mark.slow
def test_the_reference_refuses_and_takes_what_the_table_says(reference: Path) -> None:
    found = {row["file"]: row["refused"] for row in answers(reference, "refusals")}
    assert found == dict.fromkeys(BROKEN, "1") | dict.fromkeys(TAKEN, "0")
