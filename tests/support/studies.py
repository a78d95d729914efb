"""A tiny study in a download folder: two pictures of 40x30, six superpixels, three readers.

What the readers did is known by hand: see `ANSWERS` and `MARKS`.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 30, 40
FIRST, SECOND = "ISIC_9900001", "ISIC_9900002"
READERS = {"1": "AAAAA", "2": "BBBBB", "3": "CCCCC"}

STUDY = {
    "id": 5,
    "created": "2026-01-02T03:04:05Z",
    "creator": 1,
    "name": "Tiny study",
    "description": "Made by hand.",
    "features": [
        {"id": 1, "required": False, "name": ["Network"], "official": True},
        {"id": 2, "required": False, "name": ["Dots", "Brown"], "official": True},
    ],
    "questions": [
        {
            "id": 1,
            "type": "select",
            "prompt": "Malignant?",
            "official": False,
            "required": True,
            "choices": [
                {"id": 1, "question": 1, "text": "No"},
                {"id": 2, "question": 1, "text": "Yes"},
            ],
        },
        {
            "id": 2,
            "type": "number",
            "prompt": "Diameter (mm)",
            "official": False,
            "required": False,
            "choices": [],
        },
    ],
}

CSV = """image,annotator,annotation_duration,question,question_type,answer
ISIC_9900001,AAAAA,5.5,Malignant?,select,Yes
ISIC_9900001,AAAAA,5.5,Diameter (mm),number,"{""value"": ""4.5""}"
ISIC_9900001,BBBBB,6,Malignant?,select,Yes
ISIC_9900001,BBBBB,6,Diameter (mm),number,"{""value"": 5}"
ISIC_9900001,CCCCC,,Malignant?,select,No
ISIC_9900002,AAAAA,4,Malignant?,select,No
ISIC_9900002,BBBBB,3,Malignant?,select,Yes
"""

#: What each reader marked with Network on the first image, by superpixel.
MARKS: dict[str, list[float]] = {
    "1": [0, 1, 1, 0, 0, 0],
    "2": [0, 0.5, 1, 0, 0, 0],
    "3": [0, 0, 0, 0, 0, 1],
}

ANNOTATIONS = {
    "annotators": READERS,
    "tasks": [
        {"id": 1, "image": FIRST, "annotator": 1, "complete": True},
        {"id": 2, "image": FIRST, "annotator": 2, "complete": True},
        {"id": 3, "image": FIRST, "annotator": 3, "complete": True},
        {"id": 4, "image": SECOND, "annotator": 1, "complete": True},
        {"id": 5, "image": SECOND, "annotator": 2, "complete": True},
        {"id": 6, "image": SECOND, "annotator": 3, "complete": False},
    ],
    "annotations": [
        {
            "id": 1,
            "image": FIRST,
            "task": 1,
            "annotator": 1,
            "markups": {"1": {"superpixels": MARKS["1"], "mask": "1_1.png"}},
        },
        {
            "id": 2,
            "image": FIRST,
            "task": 2,
            "annotator": 2,
            "markups": {"1": {"superpixels": MARKS["2"], "mask": "2_1.png"}},
        },
        {
            "id": 3,
            "image": FIRST,
            "task": 3,
            "annotator": 3,
            "markups": {
                "1": {"superpixels": MARKS["3"], "mask": "3_1.png"},
                "2": {"superpixels": [1, 0, 0, 0, 0, 0]},
            },
        },
        {"id": 4, "image": SECOND, "task": 4, "annotator": 1, "markups": {}},
        {"id": 5, "image": SECOND, "task": 5, "annotator": 2, "markups": {}},
    ],
}


def labels() -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    """Six superpixels: two rows of three, each 15 high and 13, 13 and 14 wide."""
    columns = np.minimum(np.arange(WIDTH) // 13, 2)
    rows = np.arange(HEIGHT) // 15
    return (rows[:, np.newaxis] * 3 + columns).astype(np.uint16)


def superpixel_png(path: Path) -> None:
    """Write the map as the archive encodes it: red is the low byte of the label."""
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[..., 0] = labels()
    Image.fromarray(rgb).save(path)


def mask_png(path: Path, values: list[float]) -> None:
    """Write a mask of superpixels: 0, 128 and 255."""
    gray = np.array([round(value * 255 + 0.1) for value in values], np.uint8)
    Image.fromarray(gray[labels()]).save(path)


def write_study(folder: Path, *, pictures: bool = True) -> Path:
    """Write the study below `folder` and return the folder."""
    study = folder / "studies" / "5"
    (study / "masks").mkdir(parents=True)
    (study / "study.json").write_text(json.dumps(STUDY), "utf-8")
    (study / "responses.csv").write_text(CSV, "utf-8")
    (study / "annotations.json").write_text(json.dumps(ANNOTATIONS), "utf-8")
    for number, values in MARKS.items():
        mask_png(study / "masks" / f"{number}_1.png", values)
    if pictures:
        (folder / "superpixels").mkdir()
        for isic_id in (FIRST, SECOND):
            Image.new("RGB", (WIDTH, HEIGHT), (200, 150, 120)).save(folder / f"{isic_id}.jpg")
            superpixel_png(folder / "superpixels" / f"{isic_id}_superpixels.png")
    return folder
