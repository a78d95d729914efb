"""Small download folders, as `isic` or the official tool would leave them."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

ROWS: tuple[Mapping[str, str], ...] = (
    {"isic_id": "ISIC_0000001", "attribution": "Clinic A", "copyright_license": "CC-0",
     "age_approx": "40", "diagnosis_1": "Malignant", "diagnosis_3": "Melanoma Invasive",
     "sex": "male", "lesion_id": "IL_0000001", "patient_id": "IP_0000001"},
    {"isic_id": "ISIC_0000002", "attribution": "Clinic A", "copyright_license": "CC-BY",
     "age_approx": "25", "diagnosis_1": "Benign", "diagnosis_3": "Nevus",
     "sex": "female", "lesion_id": "IL_0000002", "patient_id": "IP_0000001"},
    {"isic_id": "ISIC_0000003", "attribution": "Clinic B, Vienna", "copyright_license": "CC-BY-NC",
     "age_approx": "60", "diagnosis_1": "Benign", "diagnosis_3": "Nevus",
     "sex": "male", "lesion_id": "IL_0000002", "patient_id": "IP_0000002"},
    {"isic_id": "ISIC_0000004", "attribution": "Anonymous", "copyright_license": "CC-0",
     "age_approx": "", "diagnosis_1": "Malignant", "diagnosis_3": "Melanoma in situ",
     "sex": "", "lesion_id": "", "patient_id": ""},
)  # fmt: skip

COLLECTIONS: tuple[Mapping[str, Any], ...] = (
    {"id": 7, "name": "Nevi", "isic_ids": ["ISIC_0000002", "ISIC_0000003"]},
    {"id": 8, "name": "Melanoma", "query": "diagnosis_1:Malignant", "pinned": True},
    {"id": 9, "name": "melanoma", "isic_ids": ["ISIC_0000001"], "locked": True,
     "doi": "10.34970/123456", "doi_url": "https://doi.org/10.34970/123456"},
)  # fmt: skip


@cache
def jpeg(number: int, *, size: tuple[int, int] = (32, 24)) -> bytes:
    """Return a small JPEG that differs by number."""
    stream = io.BytesIO()
    Image.new("RGB", size, (200, 150 - number % 100, number * 37 % 256)).save(stream, "JPEG")
    return stream.getvalue()


def make_folder(
    folder: Path,
    rows: Sequence[Mapping[str, str]] = ROWS,
    collections: Sequence[Mapping[str, Any]] = COLLECTIONS,
) -> Path:
    """Write a download folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        isic_id = row["isic_id"]
        (folder / f"{isic_id}.jpg").write_bytes(jpeg(int(isic_id[5:])))
    (folder / "collections.json").write_text(json.dumps(list(collections)), encoding="utf-8")
    return folder
