"""A hand-drawn superpixel map of 6×6 pixels, its photograph, and what belongs to them."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from isic_cli.superpixel import SuperpixelMap

#: Four regions; 2 has a hole of 3, and a piece apart at the bottom.
LABELS = np.array(
    [
        [0, 0, 0, 1, 1, 1],
        [0, 0, 0, 1, 1, 1],
        [2, 2, 2, 1, 1, 1],
        [2, 3, 2, 1, 1, 1],
        [2, 2, 2, 1, 1, 1],
        [1, 1, 1, 1, 2, 2],
    ],
    np.uint16,
)
FEATURES = {"globules": [0, 1, 0, 0], "streaks": [1, 0, 0.5, 0]}


def map_png(labels: np.ndarray = LABELS) -> bytes:
    """Return labels as a map file."""
    return SuperpixelMap.from_labels(labels).to_png()


def photo() -> np.ndarray:
    """Return a photograph: red by row, green by column, blue everywhere 7."""
    rows, columns = np.indices((6, 6))
    picture: np.ndarray = np.stack([rows * 10, columns * 10, np.full((6, 6), 7)], axis=2)
    return picture.astype(np.uint8)


def lay_out(folder: Path, stem: str = "ISIC_0000001") -> Path:
    """Write `<stem>_superpixels.png`, `<stem>.png` and `<stem>_features.json`; return the map."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}_superpixels.png"
    path.write_bytes(map_png())
    Image.fromarray(photo()).save(folder / f"{stem}.png")
    (folder / f"{stem}_features.json").write_text(json.dumps(FEATURES))
    return path
