"""Random truths, predictions and weights of every classification task, the same on every machine.

Only the standard library, whose generator of random numbers does not change: the reference reads
these cases in a Python of its own.
"""

from dataclasses import dataclass
from random import Random

#: Classes and metric, as the reference calls it, of each task.
TASKS = {
    "2016:3": (("malignant",), "ap"),
    "2017:3": (("melanoma", "seborrheic_keratosis"), "auc"),
    "2018:3": (("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC"), "balanced_accuracy"),
    "2019:1": (
        ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK"),
        "balanced_accuracy",
    ),
    "2020:1": (("target",), "auc"),
    "milk10k:1": (
        ("AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF", "MAL_OTH", "MEL", "NV", "SCCKA", "VASC"),
        "dice",
    ),
}
EXCLUSIVE = ("2018:3", "2019:1", "milk10k:1")
#: Cases of each task.
CASES = 300

Rows = list[list[float]]


@dataclass(frozen=True)
class Case:
    """One submission.

    Attributes
    ----------
    truth, predictions : lists of rows of classes
    weights : list of (score_weight, validation_weight)
    """

    truth: Rows
    predictions: Rows
    weights: Rows


def case(task: str, number: int) -> Case:
    """Draw a submission: coarse scores with ties, weights with zeros, and sure ones among them."""
    random = Random(f"{task}/{number}")
    classes = len(TASKS[task][0])
    rows = random.randint(3 * classes + 4, 60)
    if task in EXCLUSIVE:
        own = [at if at < classes else random.randrange(classes) for at in range(rows)]
        truth = [[float(at == column) for column in range(classes)] for at in own]
    else:
        truth = [[float(random.random() < 0.3) for _ in range(classes)] for _ in range(rows)]
        truth[0], truth[1] = [1.0] * classes, [0.0] * classes
    skill, digits = random.random(), random.choice((1, 2, 3, 12))
    predictions = [
        [
            round((1 - skill) * random.random() + skill * cell * random.random(), digits)
            for cell in row
        ]
        for row in truth
    ]
    weights = [[1.0, 1.0] for _ in truth]
    if random.random() < 0.5:
        weights = [[_weight(random), _weight(random)] for _ in truth]
        # The reference fails where a class has no row of any weight.
        weights[:classes] = [[1.0, 1.0]] * min(classes, rows)
        weights[:2] = [[1.0, 1.0]] * 2
    return Case(truth, predictions, weights)


def _weight(random: Random) -> float:
    return 0.0 if random.random() < 0.2 else round(2 * random.random(), 2)
