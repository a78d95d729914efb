"""Make a download folder of any number of tiny pictures, as `isic image download` leaves one.

`python benchmarks/scale_folder.py FOLDER IMAGES` writes pictures of a few hundred bytes, the
table, the lock, the journal and the collections; what is there already is not made again.
"""

import hashlib
import json
import os
import random
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from isic_cli.models.locked import LockedImage
from isic_cli.models.selection import Selection
from isic_cli.services.dataset.header import LockHeader
from isic_cli.services.dataset.lock import write_lock
from isic_cli.services.dataset.record import locked_image
from isic_cli.services.download.journal import Entry

DIAGNOSES = (
    ("Benign", "Benign melanocytic proliferations", "Nevus"),
    ("Benign", "Benign epidermal proliferations", "Pigmented benign keratosis"),
    ("Malignant", "Malignant melanocytic proliferations (Melanoma)", "Melanoma, NOS"),
    ("Malignant", "Malignant adnexal epithelial proliferations", "Basal cell carcinoma"),
    ("Indeterminate", "Indeterminate melanocytic proliferations", "Atypical nevus"),
)
COLUMNS = (
    "isic_id", "attribution", "copyright_license", "acquisition_day", "age_approx",
    "anatom_site_1", "anatom_site_2", "diagnosis_1", "diagnosis_2", "diagnosis_3",
    "diagnosis_confirm_type", "fitzpatrick_skin_type", "image_type", "lesion_id", "melanocytic",
    "patient_id", "pixels_x", "pixels_y", "sex",
)  # fmt: skip


#: Names of one file: file systems allow 65,000.
_MOST_LINKS = 50_000


def row_of(number: int) -> dict[str, Any]:
    """Return the metadata of the image of that number."""
    first, second, third = DIAGNOSES[number % 7 % 5]
    return {
        "isic_id": f"ISIC_{number:07d}",
        "attribution": "Hospital Clinic, Barcelona" if number % 3 else "Anonymous",
        "copyright_license": ("CC-0", "CC-BY", "CC-BY-NC")[number % 3],
        "acquisition_day": number % 900,
        "age_approx": 5 * (number % 17) + 5,
        "anatom_site_1": ("Trunk", "Head and neck", "Upper extremity")[number % 3],
        "anatom_site_2": ("Posterior trunk", "Face", "Forearm")[number % 3],
        "diagnosis_1": first,
        "diagnosis_2": second,
        "diagnosis_3": third,
        "diagnosis_confirm_type": "histopathology",
        "fitzpatrick_skin_type": ("I", "II", "III")[number % 11 % 3],
        "image_type": "dermoscopic",
        "lesion_id": f"IL_{number // 2:07d}",
        "melanocytic": number % 7 % 5 != 1,
        "patient_id": f"IP_{number // 5:07d}",
        "pixels_x": 16,
        "pixels_y": 12,
        "sex": ("female", "male")[number % 2],
    }


def picture(number: int) -> bytes:
    """Return a JPEG of 16 by 12 pixels, unlike that of any other number."""
    stream = BytesIO()
    noise = random.Random(number).randbytes(8 * 6 * 3)
    Image.frombytes("RGB", (8, 6), noise).resize((16, 12)).save(stream, "JPEG", quality=50)
    return stream.getvalue()


def make_folder(folder: Path, images: int, *, alike: bool = False) -> None:
    """Make the folder; with `alike` all its pictures are links to one, which takes no time."""
    if (folder / "isic.lock").exists():
        return
    (folder / ".isic").mkdir(parents=True)
    entries = []
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as table:
        table.write(",".join(COLUMNS) + "\n")
        for number in range(images):
            row = row_of(number)
            cells = (
                f'"{row[name]}"' if "," in str(row[name]) else str(row[name]) for name in COLUMNS
            )
            table.write(",".join(cells) + "\n")
    with (folder / ".isic/journal.jsonl").open("wb") as journal:
        for number in range(images):
            first = number // _MOST_LINKS * _MOST_LINKS
            row = row_of(number)
            path = folder / f"{row['isic_id']}.jpg"
            if alike and number != first:
                os.link(folder / f"ISIC_{first:07d}.jpg", path)
            else:
                content = picture(number)
                path.write_bytes(content)
                digest, changed = hashlib.sha256(content).hexdigest(), path.stat().st_mtime_ns
            entry = Entry(
                isic_id=row["isic_id"], variant="full", path=path.name, size=len(content),
                sha256=digest, mtime_ns=changed,
                width=16, height=12, etag=None, stated=len(content), record=row,
            )  # fmt: skip
            journal.write(entry.to_line())
            entries.append(locked_image(entry, digest).to_line())
    header = LockHeader(
        tool="isic-cli benchmark", archive="demo", time="2026-01-01T00:00:00Z", images=0, size=0,
        license=None, layout="{isic_id}.{ext}", variant="full", collections=(),
        selections=(Selection(limit=images),),
    )  # fmt: skip
    named = {
        "id": 1,
        "name": "First ones",
        "isic_ids": [f"ISIC_{n:07d}" for n in range(min(1000, images))],
    }
    (folder / "collections.json").write_text(json.dumps([named]), "utf-8")
    lines = (LockedImage.from_line(line, "made") for line in entries)
    write_lock(folder / "isic.lock", header, lines, earlier=None)


if __name__ == "__main__":
    make_folder(Path(sys.argv[1]), int(sys.argv[2]))
