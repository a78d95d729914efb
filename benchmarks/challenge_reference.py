"""Answers of `isic-challenge-scoring`, which needs Python 3.13 and packages of its own.

    python3.13 -m venv ref && ref/bin/pip install isic-challenge-scoring==5.8.0
    ref/bin/python benchmarks/challenge_reference.py classification 300 > answers.csv
    ref/bin/python benchmarks/challenge_reference.py refusals > refusals.csv

`classification`: a line for each case of `tests/support/challenge_cases.py`: the score, the
validation score, and the macro averages. `refusals`: for each file of
`tests/support/challenge_broken.py` whether it is refused.
"""

import csv
import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
from isic_challenge_scoring.classification import ClassificationMetric, ClassificationScore
from isic_challenge_scoring.types import ScoreError

from tests.support.challenge_broken import BROKEN, TAKEN, TRUTH
from tests.support.challenge_cases import TASKS, case

FIGURES = "accuracy sensitivity specificity dice ppv npv auc auc_sens_80 ap".split()  # noqa: SIM905


def classification(cases: int) -> None:
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


def refusals() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["file", "refused"])
    with tempfile.TemporaryDirectory() as folder:
        truth, said = Path(folder, "truth.csv"), Path(folder, "said.csv")
        truth.write_text(TRUTH)
        for name, body in {**BROKEN, **{key: text.encode() for key, text in TAKEN.items()}}.items():
            said.write_bytes(body)
            try:
                ClassificationScore.from_file(truth, said, ClassificationMetric.BALANCED_ACCURACY)
            except ScoreError:
                writer.writerow([name, 1])
            else:
                writer.writerow([name, 0])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1] == "refusals":
        refusals()
    else:
        classification(int(sys.argv[2]))
