"""Make a download folder of any number of tiny pictures, as `isic image download` leaves one.

`python benchmarks/scale_folder.py FOLDER IMAGES [alike]` writes pictures of a few hundred bytes
(with `alike` a few, and links to them), the table, the lock, the journal and the collections; what
is there already is not made again.
"""

import csv
import hashlib
import json
import os
import random
import sys
from collections.abc import Iterator
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
    """Return the metadata of the image of that number: two of a lesion, six of a patient."""
    lesion, patient = number // 2, number // 6
    first, second, third = DIAGNOSES[lesion % 7 % 5]
    return {
        "isic_id": f"ISIC_{number:07d}",
        "attribution": "Hospital Clinic, Barcelona" if number % 3 else "Anonymous",
        "copyright_license": ("CC-0", "CC-BY", "CC-BY-NC")[number % 3],
        "acquisition_day": number % 900,
        "age_approx": 5 * (patient % 17) + 5,
        "anatom_site_1": ("Trunk", "Head and neck", "Upper extremity")[lesion % 3],
        "anatom_site_2": ("Posterior trunk", "Face", "Forearm")[lesion % 3],
        "diagnosis_1": first,
        "diagnosis_2": second,
        "diagnosis_3": third,
        "diagnosis_confirm_type": "histopathology",
        "fitzpatrick_skin_type": ("I", "II", "III")[number % 11 % 3],
        "image_type": "dermoscopic",
        "lesion_id": f"IL_{lesion:07d}",
        "melanocytic": lesion % 7 % 5 != 1,
        "patient_id": f"IP_{patient:07d}",
        "pixels_x": 16,
        "pixels_y": 12,
        "sex": ("female", "male")[patient % 2],
    }


def picture(number: int) -> bytes:
    """Return a JPEG of 16 by 12 pixels, unlike that of any other number."""
    stream = BytesIO()
    noise = random.Random(number).randbytes(8 * 6 * 3)
    Image.frombytes("RGB", (8, 6), noise).resize((16, 12)).save(stream, "JPEG", quality=50)
    return stream.getvalue()


def _images(folder: Path, images: int, *, alike: bool) -> Iterator[LockedImage]:
    """Write the pictures, the table and the journal; yield the lines of the lock."""
    root = os.fspath(folder)
    with (
        (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as table,
        (folder / ".isic/journal.jsonl").open("wb") as journal,
    ):
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(COLUMNS)
        for number in range(images):
            row = row_of(number)
            rows.writerow(row.values())
            name = f"{row['isic_id']}.jpg"
            if not alike or number % _MOST_LINKS == 0:
                first, content = f"{root}/{name}", picture(number)
                Path(first).write_bytes(content)
                digest = hashlib.sha256(content).hexdigest()
                changed = Path(first).stat().st_mtime_ns
            else:
                os.link(first, f"{root}/{name}")
            entry = Entry(
                isic_id=row["isic_id"], variant="full", path=name, size=len(content),
                sha256=digest, mtime_ns=changed,
                width=16, height=12, etag=None, stated=len(content), record=row,
            )  # fmt: skip
            journal.write(entry.to_line())
            yield locked_image(entry, digest)


def make_folder(folder: Path, images: int, *, alike: bool = False) -> None:
    """Make the folder; with `alike` its pictures are links to a few, which takes less time."""
    if (folder / "isic.lock").exists():
        return
    (folder / ".isic").mkdir(parents=True)
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
    write_lock(folder / "isic.lock", header, _images(folder, images, alike=alike), earlier=None)


if __name__ == "__main__":
    make_folder(Path(sys.argv[1]), int(sys.argv[2]), alike="alike" in sys.argv[3:])
