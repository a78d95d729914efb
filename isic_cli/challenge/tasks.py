"""The tasks of the challenges: what each asks, its classes, its metric, how its truth is laid out.

Sources: the challenge site's pages on its data, rules and scoring, and the papers on each year;
numbers of pictures from the same papers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal, get_args

from isic_cli.errors import NotFoundError

#: What a prediction is: a table of classes, a mask for each image, a mask for each image and
#: attribute, or numbers for each superpixel and feature.
TaskKind = Literal["classification", "segmentation", "attributes", "superpixels"]
#: The number that ranks the submissions of a task.
Metric = Literal[
    "average_precision",
    "mean_auc",
    "auc",
    "pauc",
    "balanced_accuracy",
    "macro_f1",
    "jaccard",
    "threshold_jaccard",
    "micro_jaccard",
]
Split = Literal["training", "validation", "test"]

SPLITS: tuple[Split, ...] = get_args(Split)

_DERMOSCOPIC = ("globules", "streaks")
_ATTRIBUTES = (
    "globules",
    "milia_like_cyst",
    "negative_network",
    "pigment_network",
    "streaks",
)


@dataclass(frozen=True, slots=True)
class ChallengeTask:
    """One task of one challenge.

    Attributes
    ----------
    year : str
        `2016` to `2024`, or `milk10k`.
    name : str
        `1`, `2`, `2b` …; a year with one task calls it `1`.
    asks : str
        One sentence on what is to be predicted.
    classes : tuple of str
        The columns of the truth in its order; of masks the attributes, `lesion` for the outline.
    layout : str
        How the site lays the truth out.
    key : str
        The column that names a row of the truth; empty where it has no header or is no table.
    source : str
        What the papers that have to be cited are found by; see `curation.reference.obliged`.
    pictures : mapping
        How many pictures each split has, where it is known.

    Examples
    --------
    >>> from isic_cli.challenge import TASKS
    >>> [task.id for task in TASKS if task.year == "2018"]
    ['2018:1', '2018:2', '2018:3']
    """

    year: str
    name: str
    title: str
    kind: TaskKind
    asks: str
    classes: tuple[str, ...]
    metric: Metric
    layout: str
    source: str
    key: str = ""
    pictures: Mapping[Split, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`YEAR:TASK`, as commands name it."""
        return f"{self.year}:{self.name}"


def _counts(training: int, validation: int = 0, test: int = 0) -> dict[Split, int]:
    counts: dict[Split, int] = {"training": training, "validation": validation, "test": test}
    return {split: count for split, count in counts.items() if count}


_BENIGN = "no header; ISIC_0000000,benign or malignant (training), 0.0 or 1.0 (test)"

TASKS: tuple[ChallengeTask, ...] = (
    ChallengeTask(
        *("2016", "1", "Lesion segmentation", "segmentation"),
        asks="Outline the lesion, as a mask for each image.",
        classes=("lesion",),
        metric="jaccard",
        layout="a PNG for each image, ISIC_0000000_Segmentation.png, 0 and 255",
        source="challenge 2016",
        pictures=_counts(900, test=379),
    ),
    ChallengeTask(
        *("2016", "2", "Dermoscopic features", "superpixels"),
        asks="Tell for each superpixel whether it shows globules and whether it shows streaks.",
        classes=_DERMOSCOPIC,
        metric="average_precision",
        layout="a JSON file for each image, ISIC_0000000.json, an array for each feature",
        source="challenge 2016",
        pictures=_counts(807, test=335),
    ),
    ChallengeTask(
        *("2016", "2b", "Dermoscopic features as masks", "attributes"),
        asks="Outline globules and streaks, as two masks for each image.",
        classes=_DERMOSCOPIC,
        metric="jaccard",
        layout="two PNGs for each image, ISIC_0000000_globules.png and _streaks.png, 0 and 255",
        source="challenge 2016",
        pictures=_counts(807, test=335),
    ),
    ChallengeTask(
        *("2016", "3", "Melanoma or not", "classification"),
        asks="Give each image the confidence that its lesion is malignant.",
        classes=("malignant",),
        metric="average_precision",
        layout=_BENIGN,
        source="challenge 2016",
        pictures=_counts(900, test=379),
    ),
    ChallengeTask(
        *("2016", "3b", "Melanoma or not, with the outline given", "classification"),
        asks="As task 3, with the mask of the lesion at hand.",
        classes=("malignant",),
        metric="average_precision",
        layout=_BENIGN,
        source="challenge 2016",
        pictures=_counts(900, test=379),
    ),
    ChallengeTask(
        *("2017", "1", "Lesion segmentation", "segmentation"),
        asks="Outline the lesion, as a mask for each image.",
        classes=("lesion",),
        metric="jaccard",
        layout="a PNG for each image, ISIC_0000000_segmentation.png, 0 and 255",
        source="challenge 2017",
        pictures=_counts(2000, 150, 600),
    ),
    ChallengeTask(
        *("2017", "2", "Dermoscopic features", "superpixels"),
        asks="Tell for each superpixel which of four dermoscopic features it shows.",
        classes=("pigment_network", "negative_network", "milia_like_cyst", "streaks"),
        metric="mean_auc",
        layout="a JSON file for each image, ISIC_0000000_features.json, an array for each feature",
        source="challenge 2017",
        pictures=_counts(2000, 150, 600),
    ),
    ChallengeTask(
        *("2017", "3", "Two binary classifications", "classification"),
        asks="Tell melanoma from the rest, and seborrheic keratosis from the rest.",
        classes=("melanoma", "seborrheic_keratosis"),
        metric="mean_auc",
        layout="image_id,melanoma,seborrheic_keratosis: two binary columns",
        key="image_id",
        source="challenge 2017",
        pictures=_counts(2000, 150, 600),
    ),
    ChallengeTask(
        *("2018", "1", "Lesion segmentation", "segmentation"),
        asks="Outline the lesion, as a mask for each image.",
        classes=("lesion",),
        metric="threshold_jaccard",
        layout="a PNG for each image, ISIC_0000000_segmentation.png, 0 and 255",
        source="challenge 2018",
        pictures=_counts(2594, 100, 1000),
    ),
    ChallengeTask(
        *("2018", "2", "Lesion attributes", "attributes"),
        asks="Outline five dermoscopic attributes, as five masks for each image.",
        classes=_ATTRIBUTES,
        metric="micro_jaccard",
        layout="five PNGs for each image, ISIC_0000000_attribute_globules.png …, 0 and 255",
        source="challenge 2018",
        pictures=_counts(2594, 100, 1000),
    ),
    ChallengeTask(
        *("2018", "3", "Seven diagnoses", "classification"),
        asks="Diagnose each image: one of seven classes.",
        classes=("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC"),
        metric="balanced_accuracy",
        layout="one-hot by image; LesionGroupings.csv has the lesions; ISIC_0035068 weighs 0",
        key="image",
        source="challenge 2018",
        pictures=_counts(10015, 193, 1512),
    ),
    ChallengeTask(
        *("2019", "1", "Eight diagnoses and the unknown", "classification"),
        asks="Diagnose each image: one of eight classes, or none of them.",
        classes=("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK"),
        metric="balanced_accuracy",
        layout="one-hot by image; the test truth adds score_weight and validation_weight; "
        "2,074 names end in _downsampled",
        key="image",
        source="challenge 2019",
        pictures=_counts(25331, test=8238),
    ),
    ChallengeTask(
        *("2020", "1", "Melanoma in the patient's context", "classification"),
        asks="Give each image the probability of melanoma; several images are of one patient.",
        classes=("target",),
        metric="auc",
        layout="image_name,patient_id,lesion_id,…,benign_malignant,target; 425 pairs of "
        "duplicates in a file of their own; the truth of the test set is not public",
        key="image_name",
        source="challenge 2020",
        pictures=_counts(33126, test=10982),
    ),
    ChallengeTask(
        *("2024", "1", "Skin cancer in crops of total body photographs", "classification"),
        asks="Give each lesion the probability that it is malignant.",
        classes=("target",),
        metric="pauc",
        layout="isic_id,target; the supplement has iddx_full and iddx_1 to iddx_5; the truth of "
        "the test set is not public",
        key="isic_id",
        source="challenge 2024",
        pictures=_counts(401_059),
    ),
    ChallengeTask(
        *("milk10k", "1", "Eleven diagnoses from pairs of pictures", "classification"),
        asks="Diagnose each lesion from a clinical and a dermoscopic picture: eleven classes.",
        classes=(
            *("AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF"),
            *("MAL_OTH", "MEL", "NV", "SCCKA", "VASC"),
        ),
        metric="macro_f1",
        layout="one-hot by lesion_id, two pictures of each; the supplement has diagnosis_full; "
        "the truth of the test set is not public",
        key="lesion_id",
        source="MILK10k",
        pictures=_counts(10_480, test=958),
    ),
)

YEARS: tuple[str, ...] = tuple(dict.fromkeys(task.year for task in TASKS))


def tasks_of(year: str) -> tuple[ChallengeTask, ...]:
    """Return the tasks of a year, such as `2018` or `milk10k`, in any case.

    Raises
    ------
    NotFoundError
        With the nearest year.
    """
    found = tuple(task for task in TASKS if task.year == year.strip().lower())
    if not found:
        raise NotFoundError(f"no challenge {year!r}", hint=_nearest(year, YEARS))
    return found


def find_task(text: str | int) -> ChallengeTask:
    """Return the task that `YEAR:TASK` names; a year with one task needs no more than itself.

    Raises
    ------
    NotFoundError
        For an unknown year or task, or a year with several; the hint names what there is.

    Examples
    --------
    >>> from isic_cli.challenge import find_task
    >>> find_task("2018:3").metric
    'balanced_accuracy'
    """
    text = str(text)
    year, _, name = text.partition(":")
    tasks = tasks_of(year)
    if not name and len(tasks) == 1:
        return tasks[0]
    for task in tasks:
        if task.name == name.strip().lower():
            return task
    names = [task.id for task in tasks]
    if not name:
        raise NotFoundError(
            f"the challenge {year} has several tasks", hint=f"One of {', '.join(names)}."
        )
    raise NotFoundError(f"no task {text!r}", hint=_nearest(text, names))


def _nearest(text: str, names: tuple[str, ...] | list[str]) -> str:
    """Return a hint with the nearest name, or with all of them."""
    near = get_close_matches(text.lower(), names, n=1)
    return f"Did you mean {near[0]}?" if near else f"One of {', '.join(names)}."
