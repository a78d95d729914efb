"""Answers of `isic-challenge-scoring`, which needs Python 3.13 and packages of its own.

    python3.13 -m venv ref && ref/bin/pip install isic-challenge-scoring==5.8.0
    ref/bin/python benchmarks/challenge_reference.py classification 300 > answers.csv

A line for each case of `tests/support/challenge_cases.py`: the score, the validation score, and
the macro averages.
"""

import csv
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
from isic_challenge_scoring.classification import ClassificationMetric, ClassificationScore

from tests.support.challenge_cases import TASKS, case

FIGURES = [
    "accuracy",
    "sensitivity",
    "specificity",
    "dice",
    "ppv",
    "npv",
    "auc",
    "auc_sens_80",
    "ap",
]


def main(cases: int) -> None:
    warnings.simplefilter("ignore")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["task", "case", "score", "validation", "balanced_accuracy", *FIGURES])
    for task, (classes, metric) in TASKS.items():
        for number in range(cases):
            drawn = case(task, number)
            truth = pd.DataFrame(drawn.truth, columns=list(classes))
            predictions = pd.DataFrame(drawn.predictions, columns=list(classes))
            weights = pd.DataFrame(drawn.weights, columns=["score_weight", "validation_weight"])
            score = ClassificationScore(truth, predictions, weights, ClassificationMetric(metric))
            figures = [score.macro_average.at[name] for name in FIGURES]
            values = [score.overall, score.validation, score.aggregate.at["balanced_accuracy"]]
            writer.writerow([task, number, *(repr(float(one)) for one in [*values, *figures])])


if __name__ == "__main__":
    main(int(sys.argv[2]))
