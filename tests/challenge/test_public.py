"""`from isic_cli import challenge`: the same as the commands, for Python."""

import subprocess
import sys
from pathlib import Path

from isic_cli import challenge
from tests.support.challenge_broken import GOOD, TRUTH


def test_every_public_name_is_there() -> None:
    assert [name for name in challenge.__all__ if getattr(challenge, name, None) is None] == []


def test_a_submission_is_read_checked_and_scored(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text(TRUTH)
    (tmp_path / "said.csv").write_text(GOOD)
    task = challenge.find_task("2018:3")
    truth = challenge.read_truth(tmp_path / "truth.csv", task)
    said = challenge.read_submission(tmp_path / "said.csv", task, truth.ids)
    assert (said.faults, said.ids) == ((), truth.ids)
    prediction = challenge.Prediction(said.name, said.values)
    rows = list(challenge.scored(truth, [prediction], challenge.ScoreOptions()))
    assert (rows[0]["class"], rows[0]["score"]) == ("overall", 1)


def test_tasks_are_known_without_numpy() -> None:
    code = "import sys; from isic_cli import challenge; challenge.find_task('2019'); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
