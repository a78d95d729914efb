"""Figures of classifications, beside the challenges' own scorer and small cases by hand."""

from pathlib import Path

import numpy as np
import pytest

from isic_cli.challenge.metrics import FIGURE_OF, FIGURES, Scorer, decided
from isic_cli.challenge.tasks import find_task
from isic_cli.tables.read import RowReader
from tests.support.challenge_cases import CASES, TASKS, case

ANSWERS = Path(__file__).parents[1] / "data" / "challenge" / "answers.csv.gz"


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_figures_are_those_of_the_reference_on_300_submissions(task: str) -> None:
    rows = [row for _, row in RowReader(ANSWERS) if row["task"] == task]
    assert len(rows) == CASES
    metric = FIGURE_OF.get(find_task(task).metric, find_task(task).metric)
    for row in rows:
        drawn = case(task, int(row["case"]))
        scorer = Scorer(np.array(drawn.truth), np.array(drawn.predictions))
        score, validation = np.array(drawn.weights).T
        names = [name for name in (*FIGURES, "balanced_accuracy") if name in row]
        ours = [scorer.overall(name, score) for name in names]
        ours += [scorer.overall(metric, score), scorer.overall(metric, validation)]
        theirs = [float(row[name]) for name in [*names, "score", "validation"]]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12, err_msg=row["case"])


def test_a_row_whose_highest_value_is_there_twice_has_no_class() -> None:
    assert decided(np.array([[0.2, 0.8], [0.5, 0.5], [0.0, 0.0]])).tolist() == [1, -1, -1]


def test_figures_of_a_case_by_hand() -> None:
    truth = np.array([[1.0], [1.0], [0.0], [0.0]])
    scorer = Scorer(truth, np.array([[0.9], [0.4], [0.6], [0.1]]))
    figures = {name: scorer.overall(name, np.ones(4)) for name in FIGURES}
    assert figures == pytest.approx(
        {
            "accuracy": 0.5,
            "sensitivity": 0.5,
            "specificity": 0.5,
            "dice": 0.5,
            "ppv": 0.5,
            "npv": 0.5,
            "auc": 0.75,
            "auc_sens_80": 0.5,
            "pauc": 0.1,
            "ap": (1 + 2 / 3) / 2,
            "brier": (0.01 + 0.36 + 0.36 + 0.01) / 4,
            "ece": (0.1 + 0.6 + 0.6 + 0.1) / 4,
        }
    )


def test_the_partial_area_of_2024_is_at_most_a_fifth() -> None:
    truth = np.array([[1.0], [1.0], [0.0], [0.0]])
    assert Scorer(truth, truth).overall("pauc", np.ones(4)) == pytest.approx(0.2)
    assert Scorer(truth, 1 - truth).overall("pauc", np.ones(4)) == 0
    even = np.full((4, 1), 0.5)
    assert Scorer(truth, even).overall("pauc", np.ones(4)) == pytest.approx(0.02)


def test_what_has_no_case_is_undefined_and_left_out_of_means() -> None:
    truth = np.array([[1.0, 0.0], [1.0, 0.0]])
    scorer = Scorer(truth, np.array([[0.9, 0.1], [0.2, 0.8]]))
    assert np.isnan(scorer.overall("auc", np.ones(2)))
    assert scorer.by_class("balanced_accuracy", np.ones(2)).tolist()[0] == 0.5
    assert scorer.overall("balanced_accuracy", np.ones(2)) == 0.5


def test_repeating_a_row_is_a_weight_of_two() -> None:
    drawn = case("2019:1", 1)
    truth, said = np.array(drawn.truth), np.array(drawn.predictions)
    times = np.arange(len(truth)) % 3
    weighed, repeated = Scorer(truth, said), Scorer(truth.repeat(times, 0), said.repeat(times, 0))
    for name in (*FIGURES, "balanced_accuracy"):
        assert weighed.overall(name, times.astype(float)) == pytest.approx(
            repeated.overall(name, np.ones(times.sum())), abs=1e-12
        )


def test_confusion_counts_rows_by_class_and_answer() -> None:
    truth = np.eye(2)[[0, 0, 1, 1]]
    said = np.array([[0.9, 0.1], [0.5, 0.5], [0.3, 0.7], [0.6, 0.4]])
    assert Scorer(truth, said).confusion(np.array([1.0, 2, 3, 4])).tolist() == [
        [1, 0, 2],
        [4, 3, 0],
    ]


@pytest.mark.parametrize("figure", ["auc", "auc_sens_80", "pauc"])
def test_a_class_of_every_row_has_no_area_whatever_the_weights(figure: str) -> None:
    generator = np.random.default_rng(1)
    truth, said = np.ones((50, 1)), np.round(generator.random((50, 1)), 1)
    assert np.isnan(Scorer(truth, said).by_class(figure, generator.random(50))).all()


@pytest.mark.parametrize(("most", "share"), [(2, 0.4), (300, 0.4), (2, 0.01), (70_000, 0.0005)])
def test_rounds_scored_together_are_those_scored_alone_and_pair_by_pair(
    most: int, share: float
) -> None:
    """Ties, long runs without a positive, and weights that fit in one number or do not."""
    generator = np.random.default_rng(5)
    truth = np.zeros((3000, 2))
    truth[:, 0] = generator.random(3000) < share
    truth[:2] = [[1, 0], [0, 1]]
    truth[:, 1] = 1 - truth[:, 0]
    said = generator.integers(0, 200, (3000, 2)) / 200
    scorer = Scorer(truth, said)
    rounds = [generator.integers(0, most, 3000).astype(np.int32) for _ in range(7)]
    together = np.array(scorer.rounds("auc", rounds))
    assert together.tolist() == [scorer.by_class("auc", one).tolist() for one in rounds]
    for column in range(2):
        is_one = truth[:, column] > 0
        high, low = said[is_one, column][:, np.newaxis], said[~is_one, column]
        for weights, found in zip(rounds, together[:, column], strict=True):
            each = np.outer(weights[is_one].astype(float), weights[~is_one])
            if each.sum() > 0:
                wins = (each * ((high > low) + (high == low) / 2)).sum()
                assert found == pytest.approx(wins / each.sum(), abs=1e-12)
