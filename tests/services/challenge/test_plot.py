"""Plots of scores: whole files of their kind, the same each time."""

from pathlib import Path

import numpy as np
import pytest

from isic_cli.challenge.score import Prediction
from isic_cli.challenge.tasks import find_task
from isic_cli.challenge.truth import Truth
from isic_cli.errors import UsageError
from tests.support.challenge_cases import case
from tests.support.optional import needs

pytestmark = needs("matplotlib")


def plot(path: Path, task: str) -> bytes:
    from isic_cli.services.challenge.plot import plot_scores
    from isic_cli.services.plot import check_plot

    drawn = case(task, 2)
    ids = tuple(map(str, range(len(drawn.truth))))
    truth = Truth("t", find_task(task), ids, np.array(drawn.truth), np.array(drawn.weights))
    said = np.array(drawn.predictions)
    check_plot(path)
    plot_scores(truth, [Prediction("a.csv", said), Prediction("b.csv", said[::-1])], path)
    return path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")]
)
def test_a_plot_is_of_the_kind_that_its_suffix_says(
    name: str, start: bytes, tmp_path: Path
) -> None:
    assert plot(tmp_path / name, "2020:1").startswith(start)


@pytest.mark.slow
def test_a_picture_shows_each_class_and_prediction(tmp_path: Path) -> None:
    text = plot(tmp_path / "a.svg", "2018:3").decode()
    for words in (
        "AKIEC: AUC ",
        "AKIEC: ECE ",
        "a.csv",
        "b.csv",
        "confusion",
        "sensitivity",
        "images",
    ):
        assert words in text


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a plot is \.png, \.svg or \.pdf"):
        plot(tmp_path / "a.gif", "2020:1")
