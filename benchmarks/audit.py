"""Faults planted in real and drawn pictures, in metadata and embeddings: how many are found.

    python benchmarks/audit.py [FOLDER OF PICTURES]

Without a folder, the pictures of the demo archive are taken, and those of ../shared/data/real
where they are. Of each kind, faults are planted in 5 % of the pictures, and recall is the share of
them among the first 5 % of the pictures as the audit ranks that kind; the mean and the least of
ten seeds are printed. The process exits with 1 when a mean is below 0.9.
"""

import csv
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from isic_cli.services.dataset.audit import Audit, AuditOptions
from isic_cli.services.dataset.audit_pictures import MeasuredPicture, measure_pictures
from isic_cli.services.sheet.sources import pictures_in

SHARE = 0.05
SEEDS = range(10)
LEAST = 0.9
#: Images and features of the made metadata and embeddings.
IMAGES, FEATURES = 600, 64

TEXT = "Consent to the examination by dermoscopy and to its documentation. " * 40

Picture = Image.Image


def blurred(picture: Picture, _: random.Random) -> Picture:
    """Out of focus by 1 % of the longer side."""
    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 100))


def black(picture: Picture, _: random.Random) -> Picture:
    return Image.new("RGB", picture.size, (3, 3, 3))


def overexposed(picture: Picture, _: random.Random) -> Picture:
    return Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.9)


def text_page(picture: Picture, chance: random.Random) -> Picture:
    """A printed page, turned by any angle."""
    page = Image.new("RGB", picture.size, (247, 246, 244))
    pen, face = ImageDraw.Draw(page), ImageFont.load_default(max(10, picture.width // 40))
    words, line, top = TEXT.split(), "", 10
    while words and top < picture.height:
        line = f"{line} {words.pop(0)}"
        if face.getlength(line) > 0.85 * picture.width:
            pen.text((10, top), line, fill=(40, 40, 40), font=face)
            line, top = "", top + picture.width // 28
    return page.rotate(chance.uniform(0, 360), fillcolor=(247, 246, 244))


def vignetted(picture: Picture, _: random.Random) -> Picture:
    """Only a circle of the picture is left, as through a tube."""
    mask = Image.new("L", picture.size, 0)
    wide, high = picture.size
    radius = 0.38 * min(wide, high)
    box = (wide / 2 - radius, high / 2 - radius, wide / 2 + radius, high / 2 + radius)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return Image.composite(picture, Image.new("RGB", picture.size, "black"), mask)


def shrunk(picture: Picture, _: random.Random) -> Picture:
    return ImageOps.contain(picture, (64, 64))


def strip(picture: Picture, _: random.Random) -> Picture:
    return picture.crop((0, 0, picture.width, max(8, picture.height // 6)))


#: Each fault, and the kind of finding that must show it.
PICTURES: dict[str, tuple[Callable[[Picture, random.Random], Picture], str]] = {
    "blurred": (blurred, "blur"),
    "black": (black, "dark"),
    "overexposed": (overexposed, "bright"),
    "rotated text page": (text_page, "no_skin"),
    "vignette": (vignetted, "border"),
    "shrunk": (shrunk, "tiny"),
    "strip": (strip, "odd_shape"),
}


def recall(found: Sequence[dict[str, Any]], kind: str, planted: set[str], images: int) -> float:
    """Return the share of the planted among the first 5 % of the images, those of one kind."""
    inspected = [row["isic_id"] for row in found if row["kind"] == kind]
    return len(planted & set(inspected[: round(SHARE * images)])) / len(planted)


def audited(source: Path, **options: Any) -> list[dict[str, Any]]:
    return Audit(source, AuditOptions(**options)).findings({}, [])


def plant_pictures(
    pictures: Sequence[MeasuredPicture], folder: Path, fault: str, seed: int
) -> tuple[list[MeasuredPicture], set[str], str]:
    """Spoil 5 % of the pictures; return the measures of all, the ids and the kind."""
    chance = random.Random(seed)
    spoil, kind = PICTURES[fault]
    faulty = set(chance.sample(range(len(pictures)), round(SHARE * len(pictures))))
    planted = set()
    measured = list(pictures)
    for number in sorted(faulty):
        target = folder / Path(pictures[number].path).with_suffix(".jpg").name
        with Image.open(pictures[number].path) as picture:
            spoil(picture.convert("RGB"), chance).save(target, quality=90)
        (measured[number],) = measure_pictures((str(target),))
        planted.add(measured[number].key)
    return measured, planted, kind


def clusters(seed: int) -> tuple[np.ndarray[Any, Any], list[int]]:
    """Embeddings of seven separable classes, and the classes."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(7, FEATURES))
    classes = generator.integers(0, 7, IMAGES)
    return centres[classes] + 0.35 * generator.normal(size=(IMAGES, FEATURES)), classes.tolist()


def plant_embeddings(folder: Path, fault: str, seed: int) -> tuple[set[str], str]:
    """Write a table of labels and a file of vectors with a fault in 5 % of them."""
    chance, generator = random.Random(seed), np.random.default_rng(seed + 1000)
    vectors, classes = clusters(seed)
    faulty = chance.sample(range(IMAGES), round(SHARE * IMAGES))
    planted = set(faulty)
    if fault == "flipped label":
        for row in faulty:
            classes[row] = (classes[row] + chance.randrange(1, 7)) % 7
    elif fault == "near-duplicate":
        originals = faulty[: len(faulty) // 2]
        for original, copy in zip(originals, faulty[len(originals) :], strict=False):
            vectors[copy] = vectors[original] + 0.02 * generator.normal(size=FEATURES)
    else:
        vectors[faulty] = 1.2 * generator.normal(size=(len(faulty), FEATURES))
    ids = [f"ISIC_{row:07d}" for row in range(IMAGES)]
    np.savez(folder / "vectors.npz", ids=np.array(ids), embeddings=vectors.astype(np.float32))
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("isic_id", "label"), *zip(ids, classes, strict=True)])
    return {ids[row] for row in planted}, EMBEDDINGS[fault]


EMBEDDINGS = {
    "flipped label": "label_error",
    "near-duplicate": "near_duplicate",
    "off-topic": "off_topic",
}


def plant_metadata(folder: Path, fault: str, seed: int) -> tuple[set[str], str]:
    """Write metadata of lesions and patients of four images each, one wrong in some of them."""
    chance = random.Random(seed)
    nevus = ("Benign", "Benign melanocytic proliferations", "Nevus")
    melanoma = ("Malignant", "Malignant melanocytic proliferations (Melanoma)", "Melanoma in situ")
    rows = []
    for number in range(IMAGES):
        levels = nevus if number // 4 % 3 else melanoma
        rows.append(
            {
                "isic_id": f"ISIC_{number:07d}",
                "lesion_id": f"IL_{number // 4:07d}",
                "patient_id": f"IP_{number // 8:07d}",
                "sex": "female" if number // 8 % 2 else "male",
                "age_approx": 30 + 5 * (number // 8 % 10),
                "anatom_site_general": "anterior torso",
                "image_type": "dermoscopic",
                **{f"diagnosis_{level}": name for level, name in enumerate(levels, 1)},
            }
        )
    # At most one of a lesion or patient, else nobody could say which one is wrong.
    faulty = [8 * group + chance.randrange(8) for group in chance.sample(range(IMAGES // 8), 30)]
    for number in faulty:
        row = rows[number]
        match fault:
            case "diagnosis of a lesion":
                levels = melanoma if row["diagnosis_1"] == "Benign" else nevus
                row |= {f"diagnosis_{level}": name for level, name in enumerate(levels, 1)}
            case "sex of a patient":
                row["sex"] = "male" if row["sex"] == "female" else "female"
            case "age of a patient":
                row["age_approx"] = (row["age_approx"] + 40) % 90
            case "image type":
                row["dermoscopic_type"] = "contact polarized"
                row["image_type"] = "clinical: overview"
    with (folder / "metadata.csv").open("w", newline="") as file:
        names = list(dict.fromkeys(name for row in rows for name in row))
        names = list(dict.fromkeys([*names, *rows[faulty[0]]]))
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return {f"ISIC_{number:07d}" for number in faulty}, METADATA[fault]


METADATA = {
    "diagnosis of a lesion": "lesion",
    "sex of a patient": "patient",
    "age of a patient": "patient",
    "image type": "impossible",
}


def recalls_of(
    pictures: Sequence[MeasuredPicture],
) -> Iterator[tuple[str, str, int, list[float]]]:
    """Yield each fault, the kind that shows it, how many are planted, and each seed's recall."""
    for fault in (*PICTURES, *EMBEDDINGS, *METADATA):
        recalls, kind, planted = [], "", set[str]()
        for seed in SEEDS:
            with tempfile.TemporaryDirectory() as name:
                folder, images = Path(name), IMAGES
                if fault in PICTURES:
                    every, planted, kind = plant_pictures(pictures, folder, fault, seed)
                    paths, images = {one.key: one.path for one in every}, len(every)
                    found = Audit(folder, AuditOptions((kind,))).findings(paths, every)
                elif fault in EMBEDDINGS:
                    planted, kind = plant_embeddings(folder, fault, seed)
                    vectors = folder / "vectors.npz"
                    found = audited(folder / "labels.csv", embeddings=vectors, kinds=(kind,))
                else:
                    planted, kind = plant_metadata(folder, fault, seed)
                    found = audited(folder / "metadata.csv", kinds=(kind,))
                recalls.append(recall(found, kind, planted, images))
        yield fault, kind, len(planted), recalls


def sources() -> list[str]:
    if len(sys.argv) > 1:
        return list(pictures_in(Path(sys.argv[1])))
    from isic_cli.demo import DrawnFiles, demo_folder

    folder = demo_folder(Path(tempfile.mkdtemp()))
    drawn = DrawnFiles(folder)
    for name in drawn.sizes:
        drawn.make(name)
    found = list(pictures_in(folder))
    real = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"
    return found + (list(pictures_in(real)) if real.is_dir() else [])


def main() -> int:
    pictures = measure_pictures(tuple(sources()))
    print(f"{len(pictures)} pictures; {IMAGES} made rows and embeddings; recall at 5 % inspected\n")
    print(f"{'fault':24}{'kind':18}{'mean':>6}{'least':>7}")
    missed = 0
    for fault, kind, _, recalls in recalls_of(pictures):
        mean = sum(recalls) / len(recalls)
        missed += mean < LEAST
        print(f"{fault:24}{kind:18}{mean:6.2f}{min(recalls):7.2f}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
