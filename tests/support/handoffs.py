"""A folder whose table has every kind of cell, and other programs that read an export of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.support.folders import make_folder
from tests.support.lesions import drawn

#: The cells as the table has them; what is not here is empty.
_CELLS: tuple[dict[str, str], ...] = (
    {"age_approx": "40", "sex": "male", "diagnosis_1": "Malignant", "site": "007"},
    {"age_approx": "25", "sex": "female", "diagnosis_1": "Benign", "note": 'a "b", c'},
    {"sex": "male", "diagnosis_1": "Benign", "concomitant_biopsy": "true", "site": "12"},
    {"age_approx": "60", "diagnosis_1": "Indeterminate", "note": "zwei\nZeilen, größer"},
    {"age_approx": "85", "sex": "female", "diagnosis_1": "Malignant", "mel_thick_mm": "0.50"},
    {"diagnosis_1": "Benign", "concomitant_biopsy": "false", "clin_size_long_diam_mm": "8.25"},
)
SPLITS = ("train", "train", "train", "train", "val", "test")
CLASSES = ("Benign", "Indeterminate", "Malignant")
IDS = tuple(f"ISIC_{number:07d}" for number in (0, 2, 3, 4, 5, 6))
_LICENSES = ("CC-0", "CC-BY", "CC-BY-NC")
TEXT = ("attribution", "copyright_license", "sex", "diagnosis_1", "site", "note")

#: The types of the cells that are no text.
_TYPED: dict[str, Any] = {
    "age_approx": int,
    "mel_thick_mm": float,
    "clin_size_long_diam_mm": float,
    "concomitant_biopsy": lambda cell: cell == "true",
}
SIZE = (48, 36)


def rows() -> list[dict[str, str]]:
    """Return the rows of the table as text."""
    columns = [*TEXT, *_TYPED]
    return [
        {"isic_id": isic_id, **dict.fromkeys(columns, ""), **cells}
        | {"attribution": f"Klinik {at % 2}, Wien", "copyright_license": _LICENSES[at % 3]}
        for at, (isic_id, cells) in enumerate(zip(IDS, _CELLS, strict=True))
    ]


def expected() -> list[dict[str, Any]]:
    """Return the rows with the types that every reader must give back; None for no value."""
    return [
        {name: _TYPED.get(name, str)(cell) if cell else None for name, cell in row.items()}
        | {"split": split, "label": row["diagnosis_1"], "pixels_x": 48, "pixels_y": 36}
        for row, split in zip(rows(), SPLITS, strict=True)
    ]


def mask_of(at: int) -> Image.Image:
    """Return the mask of a picture by its place."""
    mask = Image.new("L", SIZE)
    mask.paste(255, (4 + at, 6, 20 + at, 18))
    return mask


def make_rich_folder(folder: Path) -> Path:
    """Write the folder: pictures, two masks, a superpixel map, features, splits beside it."""
    make_folder(folder, rows(), [])
    for at, isic_id in enumerate(IDS):
        drawn(at, SIZE).save(folder / f"{isic_id}.jpg", quality=90)
    for at in (0, 5):
        mask_of(at).save(folder / f"{IDS[at]}_segmentation.png")
    mask_of(3).save(folder / f"{IDS[0]}_attribute_globules.png")
    across = np.arange(SIZE[0]) // 12 + 4 * (np.arange(SIZE[1])[:, None] // 12)
    labels = np.zeros((*across.shape, 3), np.uint8)
    labels[..., 0] = across
    Image.fromarray(labels).save(folder / f"{IDS[0]}_superpixels.png")
    (folder / f"{IDS[0]}_features.json").write_text('{"streaks": [0, 1, 0]}')
    lines = [f"{isic_id},{split}" for isic_id, split in zip(IDS, SPLITS, strict=True)]
    (folder.parent / "split.csv").write_text("\n".join(["isic_id,split", *lines]) + "\n")
    return folder


def read_by_program(code: str, *arguments: object, cwd: Path) -> Any:
    """Run Python on `code` in a process of its own and return what it prints as JSON last."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"HF_HOME": str(cwd / "hf"), "HF_HUB_OFFLINE": "1", "HOME": str(cwd)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
