"""A finished build of 240 images, with names that no format may take for its own."""

from datetime import date
from typing import Any

import numpy as np

from isic_cli.services.build.facts import (
    BuildFacts,
    DedupeFacts,
    ExportFacts,
    ImageFacts,
    LabelFacts,
    ReferenceFacts,
    Removal,
    SourceFacts,
    SplitFacts,
)

CLINIC = "Clinic_A & Söhne | 100% <b>*free*</b> #1 $x^2$ ~"
RULE = "no diagnosis_1 | a_b & 5 % of <all> {x}"


def image(number: int) -> ImageFacts:
    """One of 300: a tenth is excluded, some are duplicates, the others are in a split."""
    random = np.random.default_rng(number)
    melanoma = bool(random.random() < 0.3)
    metadata: dict[str, Any] = {
        "attribution": CLINIC if random.random() < 0.85 else "Hospital Clínic",
        "copyright_license": "CC-BY" if random.random() < 0.5 else "CC-0",
        "lesion_id": f"IL_{number // 2}",
        "image_type": "dermoscopic",
        "anatom_site_1": str(random.choice(["Trunk", "Head and neck", "Lower extremity"],
                                           p=[0.7, 0.2, 0.1])),
        "diagnosis_1": "Malignant" if melanoma else "Benign",
        "diagnosis_confirm_type": "histopathology" if melanoma or random.random() < 0.4
        else "single image expert consensus",
    }  # fmt: skip
    if random.random() < 0.9:
        metadata["patient_id"] = f"IP_{number // 3}"
        metadata["sex"] = str(random.choice(["female", "male"]))
    if random.random() < 0.8:
        metadata["age_approx"] = int(random.normal(60 if melanoma else 45, 12) // 5 * 5)
    if random.random() < 0.1:
        metadata["fitzpatrick_skin_type"] = str(random.choice(["I", "II", "III"]))
    stage = reason = split = ""
    label = "MEL_x" if melanoma else "NV"
    if number % 10 == 0:
        stage, reason, label = "exclude", RULE if number % 20 else "smaller than 450 px", ""
    elif number % 10 == 1:
        stage, reason, label = "dedupe", "duplicate of another image (phash)", ""
    else:
        split = ("train", "train", "train", "val", "test")[number // 6 % 5]
    return ImageFacts(f"ISIC_{number:07}", "main", metadata, label, split, stage, reason)


IMAGES = tuple(image(number) for number in range(300))


def made_facts(**changed: Any) -> BuildFacts:
    """The facts; `changed` replaces some."""
    source = SourceFacts(
        name="main",
        archive="prod",
        url="https://api.isic-archive.com",
        query='diagnosis_3:"Melanoma, NOS" OR a_b:{1 TO 2}',
        collections=(("HAM10000 & Co", "10.34970/576276"),),
        filters={"license": "cc-by", "sample": "300"},
        images=300,
    )
    more = SourceFacts("more", "prod", "https://api.isic-archive.com", "", (), {}, 12)
    values: dict[str, Any] = {
        "name": "mel-40",
        "title": "Melanoma & naevi_40",
        "description": "To tell melanoma from naevi 50 % of the time.",
        "authors": ("A. Uthor", "B_C & Co"),
        "listed": date(2026, 11, 29),
        "tool": "isic-toolkit 1.2.3",
        "recipe": "ab" * 32,
        "sources": (source, more),
        "references": (ReferenceFacts(
            SourceFacts("2019", "prod", "", "", (("ISIC 2019", None),), {}, 25331),
            ("id", "lesion", "patient"), pictures=True),),
        "removals": (
            Removal("exclude", RULE, 15), Removal("exclude", "smaller than 450 px", 15),
            Removal("dedupe", "duplicate of another image (phash)", 30),
        ),
        "images": IMAGES,
        "dedupe": DedupeFacts(("id", "bytes", "pixels", "phash"), 10, "largest", "drop", 30, 60),
        "labels": LabelFacts("scheme", "isic2019", "ISIC 2019 & more", "1.0", ("MEL_x", "NV", "BCC"), "drop"),
        "split": SplitFacts(
            names=("train", "val", "test"), shares=(0.6, 0.2, 0.2), seed=7,
            group=("patient_id", "lesion_id"), duplicates=False, stratify="label", stable=False,
            hold_out=(), groups={"train": 50, "val": 20, "test": 15}, ungrouped=3, leaks=0),
        "exports": (ExportFacts("hf", "hf", "512", "jpg:95", 240),),
        "challenges": ("ISIC 2019",),
    }  # fmt: skip
    return BuildFacts(**{**values, **changed})
