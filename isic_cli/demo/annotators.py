"""Two studies whose four annotators agree to a degree that is known beforehand.

**Study 1**, questions on ten images. All four annotators answer everything.

* *Is the lesion malignant?* Unanimous on six images (three Yes, three No), two against two on
  four. Mean pairwise agreement (6 + 4/3)/10 = 11/15; half of the 40 answers are Yes, so chance
  agrees on 1/2, and **Fleiss' kappa is (11/15 - 1/2)/(1/2) = 7/15**. Krippendorff's nominal
  alpha is 1 - (4/15)/(20/39) = 12/25, Gwet's AC1 7/15 as well, since both answers are equally
  frequent.
* *Estimated diameter (mm)*. Annotator j says d + b for image diameters d = 3, 4 … 12 and offsets
  of their own b = -1.5, -0.5, 0.5, 1.5: no other error. The variances are 55/6 and 5/3, so
  **ICC(3,1) = 1 and ICC(2,1) = (55/6)/(55/6 + 5/3) = 11/13**.
* *Which patterns are present?* Network as the first question has Yes (kappa 7/15); the others
  unanimous (kappa 1). One choice holds a bar: `Clods | lacunae`.

**Study 2**, two features marked on the superpixels of five images. In each image a feature covers
an even number 2m of superpixels. Annotators 1 and 2 mark all of them definite (1), annotator 3
the first half definite and the rest possible (0.5), annotator 4 only the first half, definite.
Counting whatever is above 0 as marked, and in superpixels:

* Dice is 1 for the three pairs without annotator 4 and 2m/(2m + m) = 2/3 for the three with:
  **mean 5/6; mean IoU (3 x 1 + 3 x 1/2)/6 = 3/4**.
* *How sure are you?* All four agree on every image, and annotator 4 leaves the last image out:
  **alpha is 1 with one answer missing**.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

#: The annotators by number, with the hash id that a table of responses shows.
ANNOTATORS = {71: "DRAWA", 72: "DRAWB", 73: "DRAWC", 74: "DRAWD"}
COLUMNS = ("image", "annotator", "annotation_duration", "question", "question_type", "answer")

_OFFSETS = (-1.5, -0.5, 0.5, 1.5)
_FIRST_DIAMETER = 3
#: Of each image of study 1: how many of the four annotators, the first or the last, say Yes.
_YES = ("1111", "0000", "1111", "0000", "1111", "0000", "1100", "0011", "1010", "0101")
_GLOBULES = frozenset({0, 2, 3, 6, 9})
_CLODS = frozenset({8, 9})
_SURE = ("High", "Medium", "High", "Low", "Medium")

Answer = tuple[str, str, str]  # question, question type, answer


def _question(number: int, kind: str, prompt: str, choices: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "choices": [
            {"id": 10 * number + place, "question": number, "text": text}
            for place, text in enumerate(choices, start=1)
        ],
        "required": True,
        "id": number,
        "type": kind,
        "prompt": prompt,
        "official": False,
    }


MALIGNANT = _question(1, "select", "Is the lesion malignant?", ("Yes", "No"))
PATTERNS = _question(
    2,
    "multiselect",
    "Which patterns are present?",
    ("Network", "Globules", "Streaks", "Clods | lacunae"),
)
DIAMETER = _question(3, "number", "Estimated diameter (mm)")
SURE = _question(4, "select", "How sure are you?", ("Low", "Medium", "High"))
NETWORK = {"id": 1, "required": False, "name": ["Network", "Typical"], "official": True}
GLOBULES = {"id": 2, "required": False, "name": ["Globules"], "official": True}

STUDIES: tuple[dict[str, Any], ...] = (
    {
        "features": [],
        "questions": [MALIGNANT, PATTERNS, DIAMETER],
        "id": 1,
        "created": "2026-01-15T09:00:00.000Z",
        "creator": 70,
        "name": "Demo reader study: malignant or not",
        "description": "Four made-up readers, ten drawn pictures. Fleiss' kappa is 7/15.",
    },
    {
        "features": [NETWORK, GLOBULES],
        "questions": [SURE],
        "id": 2,
        "created": "2026-02-20T09:00:00.000Z",
        "creator": 70,
        "name": "Demo markup study: network and globules",
        "description": "Four made-up readers mark superpixels. The mean Dice is 5/6.",
    },
)


def responses(study: int, images: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a study's table of responses, its header first."""
    yield COLUMNS
    for place, image in enumerate(images):
        for annotator, name in enumerate(ANNOTATORS.values()):
            seconds = f"{20 + 3 * place + 7 * annotator}.{place}{annotator}"
            duration = "" if (place, annotator) == (4, 2) else seconds
            answers = _answered(place, annotator) if study == 1 else _confidence(place, annotator)
            for question, kind, answer in answers:
                yield image, name, duration, question, kind, answer


def _answered(place: int, annotator: int) -> list[Answer]:
    yes = _YES[place][annotator] == "1"
    seen = [
        text
        for text, present in (
            ("Network", yes),
            ("Globules", place in _GLOBULES),
            ("Clods | lacunae", place in _CLODS),
        )
        if present
    ]
    size = _FIRST_DIAMETER + place + _OFFSETS[annotator]
    answers = [
        (MALIGNANT["prompt"], "select", "Yes" if yes else "No"),
        (DIAMETER["prompt"], "number", json.dumps({"value": f"{size:.1f}"})),
    ]
    if seen:
        answers.append((PATTERNS["prompt"], "multiselect", "|".join(seen)))
    return answers


def _confidence(place: int, annotator: int) -> list[Answer]:
    missing = annotator == len(ANNOTATORS) - 1 and place == len(_SURE) - 1
    return [] if missing else [(SURE["prompt"], "select", _SURE[place])]


def marks(region: Sequence[int], count: int, annotator: int) -> list[float]:
    """Return what an annotator says of every superpixel of an image.

    Parameters
    ----------
    region : sequence of int
        The superpixels of the feature, an even number.
    count : int
        Superpixels of the image.
    annotator : int
        0 to 3.

    Returns
    -------
    list of float
        One for each superpixel: 0 absent, 0.5 possible, 1 definite.
    """
    values: list[float] = [0] * count
    half = len(region) // 2
    for place, label in enumerate(region):
        values[label] = 1 if place < half else (1, 1, 0.5, 0)[annotator]
    return values


def annotations(study: int, images: Sequence[str], markups: dict[str, Any]) -> dict[str, Any]:
    """Return the tasks and annotations of a study, as `annotations.json` keeps them.

    Parameters
    ----------
    markups : dict
        By `"<image> <annotator number>"`, what each marked; empty for a study of questions.
    """
    tasks, done = [], []
    for place, image in enumerate(images):
        for turn, annotator in enumerate(ANNOTATORS):
            number = 100 * study + place * len(ANNOTATORS) + turn + 1
            tasks.append({"id": number, "image": image, "annotator": annotator, "complete": True})
            done.append(
                {
                    "id": number,
                    "image": image,
                    "task": number,
                    "annotator": annotator,
                    "markups": markups.get(f"{image} {annotator}", {}),
                }
            )
    names = {str(number): name for number, name in ANNOTATORS.items()}
    return {"annotators": names, "tasks": tasks, "annotations": done}
