"""Intervals: the same as rows drawn one by one, by groups, and the same for every prediction."""

import numpy as np
import pytest

from isic_cli.agreement.bootstrap import Bootstrap
from isic_cli.challenge.metrics import Scorer
from isic_cli.challenge.score import Prediction, ScoreOptions, scored
from isic_cli.challenge.tasks import find_task
from isic_cli.challenge.truth import Truth, banded
from isic_cli.services.run.workers import open_threads
from tests.support.challenge_cases import case


def truth_of(task: str, number: int, **facts: tuple[str, ...]) -> tuple[Truth, np.ndarray]:
    drawn = case(task, number)
    ids = tuple(f"ISIC_{at:07}" for at in range(len(drawn.truth)))
    truth, weights = np.array(drawn.truth), np.array(drawn.weights)
    return Truth("t", find_task(task), ids, truth, weights, facts), np.array(drawn.predictions)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "metric"), [("2019:1", ""), ("2020:1", "auc"), ("2020:1", "ece")])
def test_an_interval_is_that_of_rows_drawn_one_by_one(task: str, metric: str) -> None:
    truth, said = truth_of(task, 3)
    rounds = 4000
    options = ScoreOptions(metric, bootstrap=Bootstrap(rounds=rounds))
    row = next(scored(truth, [Prediction("a", said)], options))
    generator = np.random.default_rng(5)
    values = []
    name = metric or "balanced_accuracy"
    for _ in range(rounds):
        at = generator.integers(0, len(said), len(said))
        scorer = Scorer(truth.values[at], said[at])
        values.append(scorer.overall(name, truth.weights[at, 0]))
    assert [row["low"], row["high"]] == pytest.approx(
        np.nanquantile(values, [0.025, 0.975]), abs=0.02
    )


@pytest.mark.parametrize("metric", ["auc", "ap", "brier", "ece", "balanced_accuracy"])
def test_rounds_scored_in_threads_give_the_same_intervals(metric: str) -> None:
    truth, said = truth_of("2019:1", 3)
    options = ScoreOptions(metric, bootstrap=Bootstrap(rounds=60))
    both = [Prediction("a", said), Prediction("b", said[:, ::-1])]
    with open_threads(4) as threads:
        assert list(scored(truth, both, options, threads.stream)) == list(
            scored(truth, both, options)
        )


def test_a_patient_is_drawn_as_a_whole() -> None:
    """Of two patients a round has both, or one of them twice: three scores are possible."""
    truth, said = truth_of("2020:1", 1)
    half = len(said) // 2
    patients = tuple(f"IP_{at >= half:d}" for at in range(len(said)))
    truth = Truth("t", truth.task, truth.ids, truth.values, truth.weights, {"patient_id": patients})
    options = ScoreOptions("accuracy", bootstrap=Bootstrap(rounds=200))
    row = next(scored(truth, [Prediction("a", said)], options))
    parts = [
        Scorer(truth.values[at], said[at]).overall("accuracy", truth.weights[at, 0])
        for at in (slice(half), slice(half, None))
    ]
    assert sorted([row["low"], row["high"]]) == pytest.approx(sorted(parts), abs=1e-12)


def test_ages_of_many_values_are_put_in_bands() -> None:
    ages = [str(age) for age in range(0, 90, 5)]
    assert banded([*ages, ""])[8:10] == ["40-59", "40-59"]
    assert banded([*ages, ""])[-1] == ""
    assert banded(["1", "2", "male"]) == ["1", "2", "male"]


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["auc", "pauc", "ap", "brier", "ece"])
@pytest.mark.parametrize("weight", [1.0, 3.0, 0.3])
def test_an_interval_over_many_rows_is_that_of_a_multinomial_draw(
    metric: str, weight: float
) -> None:
    """From a thousand rows on other ways of drawing and of adding up are taken."""
    generator = np.random.default_rng(3)
    right = (generator.random((3000, 1)) < 0.3).astype(float)
    said = np.round(0.3 * right + 0.7 * generator.random((3000, 1)), 3)
    ids = tuple(map(str, range(3000)))
    weights = np.full((3000, 2), weight)
    truth = Truth("t", find_task("2020:1"), ids, right, weights)
    options = ScoreOptions(metric, bootstrap=Bootstrap(rounds=400))
    row = next(scored(truth, [Prediction("a", said)], options))
    scorer = Scorer(right, said)
    times = generator.multinomial(3000, np.full(3000, 1 / 3000), 400)
    values = [scorer.overall(metric, one.astype(float)) for one in times]
    assert row["score"] == pytest.approx(scorer.overall(metric, np.ones(3000)), abs=1e-12)
    assert [row["low"], row["high"]] == pytest.approx(
        np.quantile(values, [0.025, 0.975]), abs=0.2 * np.ptp(values)
    )
