"""The marks of several raters as the EASY study's tool kept them, in one JSON file.

`{image: {"markupData": {feature: {rater: ["402", …]}}, "ratersForCurrentImage": [rater, …],
"superpixels_in_mask": [0.0, …]}}`: superpixel numbers are strings, a mark is definite, and the
last list has one entry for each superpixel.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from isic_cli.agreement.consensus import DEFINITE
from isic_cli.errors import UsageError
from isic_cli.services.study.annotations import SuperpixelMarks
from isic_cli.services.study.data import FeatureAnnotation, StudyData
from isic_cli.services.study.pictures import Pictures


def is_easy(parsed: Any) -> bool:
    """Whether a JSON value is of this shape."""
    return (
        isinstance(parsed, dict)
        and bool(parsed)
        and all(isinstance(entry, dict) and "markupData" in entry for entry in parsed.values())
    )


def easy_study(parsed: Mapping[str, Any], *, source: str, folder: Path) -> StudyData:
    """Read the file.

    Parameters
    ----------
    parsed : mapping
        Its JSON.
    source : str
        Named by errors.
    folder : Path
        Where the file lies: photographs and superpixel maps are searched there.

    Raises
    ------
    UsageError
        A superpixel that is no number or that the image does not have.
    """
    annotators = {}
    annotations: list[FeatureAnnotation] = []
    for image, entry in parsed.items():
        found = list(_markings(image, entry, f"{source}, {image}"))
        annotations += found
        raters = entry.get("ratersForCurrentImage") or ()
        annotators[image] = tuple(dict.fromkeys((*raters, *(item.annotator for item in found))))
    return StudyData(
        name=source,
        annotations=tuple(annotations),
        annotators_by_image=annotators,
        pictures=Pictures(folders=(folder,)),
    )


def _markings(image: str, entry: Mapping[str, Any], where: str) -> Iterator[FeatureAnnotation]:
    length = len(entry.get("superpixels_in_mask") or ()) or None
    by_feature = entry["markupData"]
    if not isinstance(by_feature, dict):
        raise UsageError(f"{where}: markupData is not an object")
    for feature, by_rater in by_feature.items():
        if not isinstance(by_rater, dict):
            raise UsageError(f"{where}, {feature}: no object of raters")
        for rater, numbers in by_rater.items():
            marks = _marks(numbers, length, f"{where}, {feature}, {rater}")
            yield FeatureAnnotation(image, rater, feature, marks)


def _marks(numbers: Any, length: int | None, where: str) -> SuperpixelMarks:
    if not isinstance(numbers, list):
        raise UsageError(f"{where}: no list of superpixels")
    labels = []
    for number in numbers:
        if not str(number).isdecimal():
            raise UsageError(f"{where}: {number!r} is not a number of a superpixel")
        labels.append(int(number))
    rising = tuple(sorted(set(labels)))
    if length is not None and rising and rising[-1] >= length:
        raise UsageError(f"{where}: superpixel {rising[-1]} is marked, and there are {length}")
    return SuperpixelMarks(rising, (DEFINITE,) * len(rising), length)
