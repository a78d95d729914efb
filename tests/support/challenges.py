"""A small mirror of the challenge site: every file, in the true layout of its year.

The pictures are drawn, six for training and three for validation and for the test; the tables
have the site's columns, spellings and peculiarities. `mirror()` gives the bytes by path, and
`write_mirror` lays them out as the site does.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from isic_cli.challenge.tasks import find_task

#: Pictures are so large: (height, width).
SHAPE = (24, 32)
COUNTS = {"Training": 6, "Validation": 3, "Test": 3}
NOTICES = {"LICENSE.txt": b"a licence\n", "ATTRIBUTION.txt": b"an attribution\n"}


def ids(split: str, first: int = 0) -> list[str]:
    """The images of a split: those of validation and test follow the training set."""
    start = first + {"Training": 0, "Validation": 100, "Test": 200}[split]
    return [f"ISIC_{start + number:07}" for number in range(COUNTS[split])]


@cache
def _lesion(number: int) -> np.ndarray:
    """A disc, another for each number; 255 inside, shape `SHAPE`."""
    rows, columns = np.indices(SHAPE)
    inside = (rows - 12) ** 2 + (columns - 10 - number % 12) ** 2 < (4 + number % 5) ** 2
    return np.asarray(inside * np.uint8(255))


def _number(name: str) -> int:
    return int(name[5:12])


def _encoded(image: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


@cache
def jpeg(name: str) -> bytes:
    shade = 200 - _lesion(_number(name)) // 2
    tint = np.full_like(shade, 90 + _number(name) % 60)
    return _encoded(Image.fromarray(np.dstack([shade, tint, shade])), "JPEG")


@cache
def mask(name: str, shift: int = 0) -> bytes:
    """The lesion of an image, or another disc for another shift, as 0 and 255."""
    return _encoded(Image.fromarray(_lesion(_number(name) + shift)), "PNG")


@cache
def superpixels() -> bytes:
    """Six by eight squares, as the archive packs labels into red, green and blue."""
    rows, columns = np.indices(SHAPE)
    labels = rows // 4 * 8 + columns // 4
    return _encoded(
        Image.fromarray(np.dstack([labels, 0 * labels, 0 * labels]).astype("u1")), "PNG"
    )


def features(name: str, keys: Sequence[str]) -> bytes:
    return json.dumps(
        {
            key: [int((_number(name) + at + place) % 7 == 0) for place in range(48)]
            for at, key in enumerate(keys)
        }
    ).encode()


def zipped(folder: str, members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP whose members are in one folder, as the site's are."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(f"{folder}/", (2018, 7, 1, 0, 0, 0)), b"")
        for name, body in members.items():
            info = zipfile.ZipInfo(f"{folder}/{name}", (2018, 7, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, body, method)
    return stream.getvalue()


def csv(header: str, rows: Iterable[Iterable[object]]) -> bytes:
    lines = [header] if header else []
    lines += [",".join(map(str, row)) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode()


def one_hot(classes: Sequence[str], number: int) -> list[str]:
    return ["1.0" if at == number % len(classes) else "0.0" for at in range(len(classes))]


def _jpegs(names: Iterable[str]) -> dict[str, bytes]:
    return {f"{name}.jpg": jpeg(name[:12]) for name in names}


def _2016() -> dict[str, bytes]:
    files = {}
    for split, last in (("Training", ("benign", "malignant")), ("Test", ("0.0", "1.0"))):
        names = ids(split)
        maps = {f"{name}_superpixels.png": superpixels() for name in names}
        masks = {f"{name}_Segmentation.png": mask(name) for name in names}
        keys = find_task("2016:2").classes
        stems = {
            "Part1": (_jpegs(names), masks),
            "Part2": (
                _jpegs(names) | maps,
                {f"{name}.json": features(name, keys) for name in names},
            ),
            "Part2B": (
                _jpegs(names),
                {
                    f"{name}_{key}.png": mask(name, at + 1)
                    for name in names
                    for at, key in enumerate(keys)
                },
            ),
            "Part3": (_jpegs(names), None),
            "Part3B": (_jpegs(names) | masks, None),
        }
        for part, (data, truth) in stems.items():
            stem = f"ISBI2016_ISIC_{part}_{split}"
            files[f"{stem}_Data.zip"] = zipped(f"{stem}_Data", data)
            if truth is not None:
                files[f"{stem}_GroundTruth.zip"] = zipped(f"{stem}_GroundTruth", truth)
            else:
                rows = [(name, last[at % 2]) for at, name in enumerate(names)]
                files[f"{stem}_GroundTruth.csv"] = csv("", rows)
    return files


def _2017() -> dict[str, bytes]:
    files = {}
    for split in COUNTS:
        names, stem = ids(split), f"ISIC-2017_{split}{'_v2' if split == 'Test' else ''}"
        data = _jpegs(names) | {f"{name}_superpixels.png": superpixels() for name in names}
        facts = csv(
            "image_id,age_approximate,sex",
            [(name, 55, "female") for name in names[:-1]] + [(names[-1], "unknown", "unknown")],
        )
        data[f"{stem}_Data_metadata.csv"] = facts
        files[f"{stem}_Data.zip"] = zipped(f"{stem}_Data", data)
        masks = {f"{name}_segmentation.png": mask(name) for name in names}
        files[f"{stem}_Part1_GroundTruth.zip"] = zipped(f"{stem}_Part1_GroundTruth", masks)
        keys = find_task("2017:2").classes
        arrays = {f"{name}_features.json": features(name, keys) for name in names}
        files[f"{stem}_Part2_GroundTruth.zip"] = zipped(f"{stem}_Part2_GroundTruth", arrays)
        rows = [
            (name, *[("1.0", "0.0"), ("0.0", "1.0"), ("0.0", "0.0")][at % 3])
            for at, name in enumerate(names)
        ]
        header = "image_id,melanoma,seborrheic_keratosis"
        files[f"{stem}_Part3_GroundTruth.csv"] = csv(header, rows)
    return files


def _2018() -> dict[str, bytes]:
    files = {}
    for split in COUNTS:
        names, stem = ids(split), f"ISIC2018_Task1-2_{split}_Input"
        files[f"{stem}.zip"] = zipped(stem, NOTICES | _jpegs(names))
        stem = f"ISIC2018_Task1_{split}_GroundTruth"
        masks = {f"{name}_segmentation.png": mask(name) for name in names}
        files[f"{stem}.zip"] = zipped(stem, NOTICES | masks)
        stem = f"ISIC2018_Task2_{split}_GroundTruth{'_v3' if split == 'Training' else ''}"
        keys = find_task("2018:2").classes
        masks = {
            f"{name}_attribute_{key}.png": mask(name, at)
            for name in names
            for at, key in enumerate(keys)
        }
        files[f"{stem}.zip"] = zipped(stem, NOTICES | masks)
        names, classes = ids(split, 24306), find_task("2018:3").classes
        names = [*names[:-1], "ISIC_0035068"] if split == "Test" else names
        stem = f"ISIC2018_Task3_{split}_Input"
        files[f"{stem}.zip"] = zipped(stem, NOTICES | _jpegs(names))
        stem = f"ISIC2018_Task3_{split}_GroundTruth"
        table = csv(
            f"image,{','.join(classes)}",
            [(name, *one_hot(classes, at)) for at, name in enumerate(names)],
        )
        files[f"{stem}.zip"] = zipped(stem, NOTICES | {f"{stem}.csv": table})
    rows = [
        (name, f"HAM_{at // 2:07}", "histopathology")
        for at, name in enumerate(ids("Training", 24306))
    ]
    files["ISIC2018_Task3_Training_LesionGroupings.csv"] = csv(
        "image,lesion_id,diagnosis_confirm_type", rows
    )
    return files


def _2019() -> dict[str, bytes]:
    files, classes = {}, find_task("2019:1").classes
    header = f"image,{','.join(classes)}"
    for split in ("Training", "Test"):
        names = ids(split, 13908)
        names[0] = f"{names[0]}_downsampled"
        stem = f"ISIC_2019_{split}_Input"
        files[f"{stem}.zip"] = zipped(stem, NOTICES | _jpegs(names))
        rows: list[tuple[object, ...]] = [
            (name, *one_hot(classes[:-1], at), "0.0") for at, name in enumerate(names)
        ]
        if split == "Test":
            rows = [
                (*row, "1.0" if at else "0.0", "0.0" if at else "1.0")
                for at, row in enumerate(rows)
            ]
        weights = ",score_weight,validation_weight" if split == "Test" else ""
        files[f"ISIC_2019_{split}_GroundTruth.csv"] = csv(header + weights, rows)
        lesion = ",lesion_id" if split == "Training" else ""
        facts = [
            (name, 55, "anterior torso", *([f"BCN_{at // 2:07}"] if lesion else []), "female")
            for at, name in enumerate(names)
        ]
        files[f"ISIC_2019_{split}_Metadata.csv"] = csv(
            f"image,age_approx,anatom_site_general{lesion},sex", facts
        )
    return files


def _2020() -> dict[str, bytes]:
    files = {}
    for split, folder in (("Training", "train"), ("Test", "ISIC_2020_Test_Input")):
        names = ids(split, 15719)
        files[f"ISIC_2020_{split}_JPEG.zip"] = zipped(folder, _jpegs(names), zipfile.ZIP_STORED)
        dicom = {f"{name}.dcm": bytes(128) + b"DICM" + name.encode() for name in names}
        files[f"ISIC_2020_{split}_Dicom.zip"] = zipped(folder, dicom)
        corrected = f"ISIC_2020_{'Train' if split == 'Training' else split}_DICOM_corrected"
        files[f"{corrected}.zip"] = zipped(folder, dicom)
    names = ids("Training", 15719)
    rows = [
        (
            name,
            f"IP_{at // 2:07}",
            f"IL_{at:07}",
            "male",
            45,
            "head/neck",
            "unknown",
            *(("malignant", 1) if at == 5 else ("benign", 0)),
        )
        for at, name in enumerate(names)
    ]
    header = "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,benign_malignant,target"
    files["ISIC_2020_Training_GroundTruth.csv"] = csv(
        header, [(*row[:2], *row[3:]) for row in rows]
    )
    header = header.replace("patient_id,", "patient_id,lesion_id,")
    files["ISIC_2020_Training_GroundTruth_v2.csv"] = csv(header, rows)
    files["ISIC_2020_Training_Duplicates.csv"] = csv("image_name_1,image_name_2", [names[:2]])
    facts = [
        (name, f"IP_{at:07}", 50, "torso", "female") for at, name in enumerate(ids("Test", 15719))
    ]
    files["ISIC_2020_Test_Metadata.csv"] = csv(
        "image,patient,age_approx,anatom_site_general,sex", facts
    )
    return files


def _2024() -> dict[str, bytes]:
    files = {}
    for edition, names in (
        ("", ids("Training", 15670)),
        ("Permissive_", ids("Training", 15670)[:3]),
    ):
        stem = f"ISIC_2024_{edition}Training"
        folder = f"ISIC_2024_{edition}Training_Input"
        files[f"{stem}_Input.zip"] = zipped(folder, NOTICES | _jpegs(names))
        files[f"{stem}_GroundTruth.csv"] = csv(
            "isic_id,target", [(name, int(at == 2)) for at, name in enumerate(names)]
        )
        rows = [
            (
                name,
                int(at == 2),
                f"IP_{at // 2:07}",
                f"IL_{at:07}",
                60,
                "male",
                "Malignant::Malignant epidermal proliferations" if at == 2 else "Benign",
                "Malignant" if at == 2 else "Benign",
                "",
                "",
                "",
                "",
            )
            for at, name in enumerate(names)
        ]
        header = "isic_id,target,patient_id,lesion_id,age_approx,sex,iddx_full,iddx_1,iddx_2,iddx_3,iddx_4,iddx_5"
        files[f"{stem}_Supplement.csv"] = csv(header, rows)
    return files


def _milk10k() -> dict[str, bytes]:
    files, classes = {}, find_task("milk10k").classes
    for split in ("Training", "Test"):
        names = [name for first in (47000, 57000) for name in ids(split, first)]
        lesions = [f"IL_{int(name[5:12]) % 10000:07}" for name in names]
        data = {
            f"{lesion}/{name}.jpg": jpeg(name) for lesion, name in zip(lesions, names, strict=True)
        }
        files[f"MILK10k_{split}_Input.zip"] = zipped(f"MILK10k_{split}_Input", NOTICES | data)
        kinds = ["clinical: close-up"] * COUNTS[split] + ["dermoscopic"] * COUNTS[split]
        rows = [
            (
                lesion,
                kind,
                name,
                "MILK study team",
                "CC-BY-NC",
                "altered",
                70,
                "male",
                1,
                "head_neck_face",
            )
            for lesion, kind, name in zip(lesions, kinds, names, strict=True)
        ]
        header = "lesion_id,image_type,isic_id,attribution,copyright_license,image_manipulation,age_approx,sex,skin_tone_class,site"
        files[f"MILK10k_{split}_Metadata.csv"] = csv(header, rows)
        if split == "Training":
            truth = [
                (lesion, *one_hot(classes, at)) for at, lesion in enumerate(sorted({*lesions}))
            ]
            files["MILK10k_Training_GroundTruth.csv"] = csv(f"lesion_id,{','.join(classes)}", truth)
            facts = [
                (name, '"Squamous cell carcinoma, Invasive"', "histopathology", "")
                for name in names
            ]
            header = "isic_id,diagnosis_full,diagnosis_confirm_type,invasion_thickness_interval"
            files["MILK10k_Training_Supplement.csv"] = csv(header, facts)
    return files


_YEARS = {
    "2016": _2016,
    "2017": _2017,
    "2018": _2018,
    "2019": _2019,
    "2020": _2020,
    "2024": _2024,
    "milk10k": _milk10k,
}


@cache
def mirror() -> Mapping[str, bytes]:
    """Every file of the site, by `YEAR/FILE`."""
    return {
        f"{year}/{name}": body for year, build in _YEARS.items() for name, body in build().items()
    }


def write_mirror(folder: Path, *years: str) -> Path:
    """Lay the files of some years, or of all, out below a folder; return it."""
    for path, body in mirror().items():
        if not years or path.partition("/")[0] in years:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(body)
    return folder
