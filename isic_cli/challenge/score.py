"""Scores of predictions: of each class and over all, by parts, with intervals and differences."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isic_cli.agreement.bootstrap import Bootstrap, Draws
from isic_cli.challenge.metrics import FIGURE_OF, FIGURES, Scorer, grouped
from isic_cli.challenge.ranking import FloatArray, IntArray, Weights
from isic_cli.challenge.truth import Truth

#: Rows to those that count differently from which on those are drawn at once.
_FEW = 5
#: Whole weights whose sum is below it fit 32 bits in every round.
_FITS = 1 << 23
#: The class of the row over all classes.
OVERALL = "overall"
#: What `--metric` may name: the figures, and those of several classes.
METRICS = ("balanced_accuracy", *FIGURES)
#: Rounds of a bootstrap that are scored in one step, which takes less time than one by one.
_TOGETHER = 5
#: Scores some rounds after the other, in their order: `map`, or what does it in several threads.
Each = Callable[
    [Callable[[list[Weights]], list[FloatArray]], Iterable[list[Weights]]],
    Iterable[list[FloatArray]],
]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What one file predicts for the rows of a truth.

    Attributes
    ----------
    name : str
    values : ndarray of shape (rows, classes), float64
        In the order of the truth.

    Examples
    --------
    >>> import numpy as np
    >>> from isic_cli.challenge import Prediction
    >>> Prediction("mine", np.array([[0.2], [0.9]])).values.shape
    (2, 1)
    """

    name: str
    values: FloatArray


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """How to score.

    Attributes
    ----------
    metric : str
        One of `METRICS`; `""` for that of the task.
    by : str
        A field whose values are scored apart; `""` for none.
    bootstrap : Bootstrap or None
        How to draw intervals; None for none.
    unit : str or None
        What is drawn: `patient`, `lesion` or `image`; None for the first that is known.

    Examples
    --------
    >>> from isic_cli.challenge import ScoreOptions
    >>> ScoreOptions(metric="auc", by="sex").unit is None
    True
    """

    metric: str = ""
    by: str = ""
    bootstrap: Bootstrap | None = None
    unit: str | None = None


def figure_of(truth: Truth, metric: str) -> str:
    """Return the figure that is ranked by, of the task unless another is named."""
    return metric or FIGURE_OF.get(truth.task.metric, truth.task.metric)


def scored(
    truth: Truth, predictions: Sequence[Prediction], options: ScoreOptions, each: Each = map
) -> Iterator[dict[str, Any]]:
    """Yield a row for each prediction and class, and one over all classes before them.

    `score` is the challenge's metric, or a class's part of it; `low` and `high` are the ends of
    its interval, and `difference` is to the first prediction, with the ends of a paired interval.
    The other figures of the row over all are means over the classes. The rounds of a bootstrap
    are scored by `each`, which may be the `map` of threads: the figures are the same.

    Examples
    --------
    >>> import numpy as np
    >>> from isic_cli.challenge import Prediction, ScoreOptions, Truth, find_task, scored
    >>> right, ones = np.array([[1.0], [0.0], [0.0]]), np.ones((3, 2))
    >>> truth = Truth("truth.csv", find_task("2020"), ("a", "b", "c"), right, ones)
    >>> said = Prediction("mine", np.array([[0.6], [0.7], [0.1]]))
    >>> next(scored(truth, [said], ScoreOptions()))["score"]
    0.5
    """
    for value, rows in _parts(truth, options.by):
        part = {options.by: value} if options.by else {}
        for row in _scored_part(truth, predictions, rows, options, each):
            yield {"prediction": row.pop("prediction"), **part, **row}


def _parts(truth: Truth, by: str) -> list[tuple[str, IntArray]]:
    everything = np.arange(len(truth.ids), dtype=np.int64)
    return [("all", everything), *truth.parts(by)] if by else [("", everything)]


def _scored_part(
    truth: Truth,
    predictions: Sequence[Prediction],
    rows: IntArray,
    options: ScoreOptions,
    each: Each,
) -> Iterator[dict[str, Any]]:
    metric = figure_of(truth, options.metric)
    # In this order most curves need not sort the weights of a round.
    rows = rows[np.argsort(-predictions[0].values[rows, 0], kind="stable")]
    right, weights = truth.values[rows], truth.weights[rows]
    scorers = [Scorer(right, one.values[rows]) for one in predictions]
    drawn: FloatArray | None = None
    if options.bootstrap is not None:
        groups = np.unique(truth.groups(options.unit)[1][rows], return_inverse=True)[1]
        drawn = _drawn(scorers, metric, weights[:, 0], groups, options.bootstrap, each)
    scores = np.array([_scores(scorer, metric, [weights[:, 0]])[0] for scorer in scorers])
    for at, (one, scorer) in enumerate(zip(predictions, scorers, strict=True)):
        figures = {name: scorer.by_class(name, weights[:, 0]) for name in FIGURES}
        for column, name in enumerate((OVERALL, *truth.task.classes)):
            of_class = slice(None) if not column else column - 1
            row: dict[str, Any] = {"prediction": one.name, "class": name, "items": len(rows)}
            row["positives"] = int(right[:, of_class].sum()) if column else None
            row["score"] = _defined(scores[at, column])
            row |= intervals(scores[:, column], at, drawn, column, options.bootstrap)
            row["validation"] = None
            if not column and (truth.weights[:, 1] != truth.weights[:, 0]).any():
                row["validation"] = _defined(scorer.overall(metric, weights[:, 1]))
            row |= {key: _defined(_mean(value[of_class])) for key, value in figures.items()}
            yield row


def _scores(scorer: Scorer, metric: str, rounds: Sequence[Weights]) -> FloatArray:
    """Return the metric over all classes, then of each: shape (rounds, 1 + classes)."""
    found = scorer.rounds(metric, rounds)
    return np.array([np.concatenate([[_mean(values)], values]) for values in found])


def _mean(values: FloatArray) -> float:
    values = np.atleast_1d(values)
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def _drawn(
    scorers: Sequence[Scorer],
    metric: str,
    weights: FloatArray,
    groups: IntArray,
    bootstrap: Bootstrap,
    each: Each,
) -> FloatArray:
    """Return the scores of each round, shape (rounds, predictions, 1 + classes).

    Groups are drawn with replacement, the same for all predictions: what a group is drawn more
    than once weighs the more. Nothing is kept of a round but its scores.
    """
    generator = np.random.default_rng(bootstrap.seed)
    count = int(groups.max()) + 1
    is_alone = count == len(groups)  # then rows that count alike need not be told apart
    units, first = _alike(scorers, metric, weights, None if is_alone else groups)
    found = np.empty((bootstrap.rounds, len(scorers), scorers[0].classes + 1))
    sizes = np.bincount(units)
    is_small = _FEW * len(first) <= len(units)
    if is_small or not is_alone:
        scorers = [scorer.at(first) for scorer in scorers]
        weights = weights[first] if is_alone else weights[first] * sizes
        groups = groups[first]
    counted: Weights = weights
    if weights.sum() < _FITS and (weights == np.floor(weights)).all():
        is_yes_or_no = weights.max() <= 1
        counted = weights.astype(np.uint8) if is_yes_or_no else weights.astype(np.int32)
    draws = Draws(generator, count)

    def drawn() -> Weights:
        if is_alone and is_small:
            return counted * generator.multinomial(count, sizes / count)
        return counted * (draws.times() if is_alone else draws.times()[groups])

    starts = range(0, bootstrap.rounds, _TOGETHER)
    steps = ([drawn() for _ in range(bootstrap.rounds)[at : at + _TOGETHER]] for at in starts)

    def score(rounds: list[Weights]) -> list[FloatArray]:
        return [_scores(scorer, metric, rounds) for scorer in scorers]

    score([counted])  # what a scorer keeps is made here, before threads share it
    for at, scores in zip(starts, each(score, steps), strict=True):
        found[at : at + _TOGETHER] = np.stack(scores, axis=1)
    return found


def _alike(
    scorers: Sequence[Scorer], metric: str, weights: FloatArray, groups: IntArray | None
) -> tuple[IntArray, IntArray]:
    """Return numbers of the rows, equal where rows count alike everywhere; and a row of each."""
    codes = [scorer.alike(metric) for scorer in scorers]
    if None in codes:
        rows = np.arange(len(weights), dtype=np.int64)
        return rows, rows
    told = [one for each in codes for one in each or ()]
    told.append(np.unique(weights, return_inverse=True)[1])
    return grouped([*([] if groups is None else [groups]), *told])


def intervals(
    scores: FloatArray,
    at: int,
    drawn: FloatArray | None,
    column: int,
    bootstrap: Bootstrap | None,
) -> dict[str, float | None]:
    """Return the interval of a score, and its difference to the first prediction's with one.

    Parameters
    ----------
    scores : ndarray of shape (predictions,), float64
    """
    found: dict[str, float | None] = {}
    if drawn is not None and bootstrap is not None:
        found["low"], found["high"] = _ends(drawn[:, at, column], bootstrap.level)
    if len(scores) > 1:
        found["difference"] = _defined(scores[at] - scores[0]) if at else None
        if drawn is not None and bootstrap is not None:
            differences = drawn[:, at, column] - drawn[:, 0, column]
            ends = _ends(differences, bootstrap.level) if at else (None, None)
            found["difference_low"], found["difference_high"] = ends
    return found


def _ends(values: FloatArray, level: float) -> tuple[float | None, float | None]:
    """Return the percentile interval of Efron and Tibshirani (1993), section 13.3."""
    defined = values[~np.isnan(values)]
    if not defined.size:
        return None, None
    tail = (1 - level) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
