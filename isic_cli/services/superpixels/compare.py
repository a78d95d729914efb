"""Two annotations of the same images, or two folders of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.pictures.mask import read_mask
from isic_cli.pictures.png import RGB, check_png
from isic_cli.services.superpixels.batch import Attempted
from isic_cli.services.superpixels.sources import files_below
from isic_cli.superpixel import SuperpixelMap, parse_features
from isic_cli.superpixel.compare import compare_features, compare_maps, compare_masks
from isic_cli.superpixel.masks import split_attribute_name
from isic_cli.superpixel.tables import map_for_features

#: What the end of a file's name says of its role, not of its subject.
_ROLE = re.compile(
    r"_(segmentation|prediction|pred|superpixels|features|mask|downsampled|gt|truth)$"
)


@dataclass(frozen=True, slots=True)
class CompareTask:
    """Two files that are to be compared.

    Attributes
    ----------
    name : str
        What both are called.
    a, b : Path
        The files.
    kind : str
        `masks`, `features` or `maps`.
    pixel_map : Path or None
        Features are weighed by the pixels of this map.
    threshold : float
        A feature is present above it.
    """

    name: str
    a: Path
    b: Path
    kind: str
    pixel_map: Path | None
    threshold: float


def kind_of(path: Path, other: Path) -> str:
    """Return what a file, or the first file of a folder, is that is compared with another.

    JSON holds features. A PNG is a map when it is what the archive writes: 24 bits a pixel, whose
    colours read as numbers count up from 0 without a gap. A picture of the values of a mask is a
    mask. What could be either is not guessed.

    Raises
    ------
    NotFoundError, LocalError, CheckError
        The file cannot be read, or is a damaged PNG.
    UsageError
        It may be a map or a mask, or is neither.
    """
    _refuse_mixture(path, other)
    if path.is_dir():
        path = next(files_below(path, _comparable), path)
        if path.is_dir():
            raise NotFoundError(f"{path} holds nothing to compare")
    if path.suffix.lower() == ".json":
        return "features"
    if path.suffix.lower() == ".png" and _is_map(path):
        return "maps"
    try:
        read_mask(path)
    except UsageError as error:
        raise UsageError(
            f"{path} may be a superpixel map or a mask: {error.message}",
            hint="Say which it is: --kind maps or --kind masks.",
        ) from error
    return "masks"


def _is_map(path: Path) -> bool:
    """Whether a PNG holds labels as the archive encodes them."""
    header = check_png(path)
    if header.colour != RGB or header.depth != 8:
        return False
    labels = SuperpixelMap.from_png(path).ids
    return labels.size > 2 and bool(labels[0] == 0 and labels[-1] == labels.size - 1)


def _comparable(path: Path) -> bool:
    return path.suffix.lower() in {".json", ".png"}


def pairs_of(
    a: Path, b: Path, *, kind: str, pixel_map: Path | None, threshold: float
) -> Iterator[CompareTask | Attempted[Any]]:
    """Yield the pair of two files, or the pairs of two folders.

    Files of two folders belong together when they are of one image, whatever else their names
    say of what they are: `ISIC_0000000_segmentation.png` and `ISIC_0000000_prediction.png`. A
    file without a partner, and one of several of an image, is a failed item.

    Raises
    ------
    UsageError
        A folder and a file.
    """
    _refuse_mixture(a, b)
    if not a.is_dir():
        yield CompareTask(f"{a.name} {b.name}", a, b, kind, pixel_map, threshold)
        return
    ours, theirs = _by_subject(a), _by_subject(b)
    for subject in sorted(ours.keys() | theirs.keys()):
        one, two = ours.get(subject, []), theirs.get(subject, [])
        name = str((one or two)[0].relative_to(a if one else b))
        if not one or not two:
            lacking = a if not one else b
            yield Attempted(name, error=NotFoundError(f"{lacking} holds no {name}"))
        elif len(one) > 1 or len(two) > 1:
            several = " and ".join(path.name for path in (one if len(one) > 1 else two))
            yield Attempted(name, error=UsageError(f"{several} are of one image"))
        else:
            yield CompareTask(name, one[0], two[0], kind, pixel_map, threshold)


def _refuse_mixture(a: Path, b: Path) -> None:
    if b.is_dir() and not a.is_dir():
        raise UsageError(f"{a} is a file and {b} a folder")
    if a.is_dir() and not b.is_dir():
        raise UsageError(f"{a} is a folder and {b} is not")


def _by_subject(folder: Path) -> dict[str, list[Path]]:
    """Return the files of a folder by what they are of: an image, or a feature of it."""
    found: dict[str, list[Path]] = {}
    for path in files_below(folder, _comparable):
        found.setdefault(subject_of(path), []).append(path)
    return found


def subject_of(path: Path) -> str:
    """Return what a file is of: its name without what says that it is truth or prediction.

    >>> subject_of(Path("ISIC_0000000_Segmentation_prediction.png"))
    'isic_0000000'
    >>> subject_of(Path("ISIC_0000000_attribute_globules.png"))
    'isic_0000000_attribute_globules'
    """
    stem = path.stem.lower()
    while (shorter := _ROLE.sub("", stem)) != stem:
        stem = shorter
    return stem


def compare_pair(task: CompareTask) -> list[dict[str, Any]]:
    """Return a row per feature, or one for masks and maps; `file` first."""
    if task.kind == "features":
        weights = map_for_features(task.pixel_map) if task.pixel_map else None
        one, two = parse_features(task.a), parse_features(task.b)
        found = compare_features(one, two, weights, task.threshold)
        return [{"file": task.name, **agreement.row()} for agreement in found]
    if task.kind == "masks":
        named = split_attribute_name(task.a.name)
        agreement = compare_masks(
            read_mask(task.a), read_mask(task.b), named[1] if named else task.a.stem
        )
        return [{"file": task.name, **agreement.row()}]
    maps = compare_maps(SuperpixelMap.from_png(task.a), SuperpixelMap.from_png(task.b))
    return [
        {
            "file": task.name,
            "name": task.a.stem,
            "a": maps.count_a,
            "b": maps.count_b,
            "different_pixels": maps.different_pixels,
            "overlap": round(maps.overlap, 6),
        }
    ]
