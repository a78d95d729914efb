"""Two annotations of the same images, or two folders of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.services.superpixels.batch import Outcome
from isic_cli.services.superpixels.read import read_features
from isic_cli.services.superpixels.sources import files_below
from isic_cli.superpixel import SuperpixelMap, check_png
from isic_cli.superpixel.compare import compare_features, compare_maps, compare_masks
from isic_cli.superpixel.masks import read_mask, split_attribute_name
from isic_cli.superpixel.photo import read_bytes
from isic_cli.superpixel.pngcheck import GRAY
from isic_cli.superpixel.tables import map_for_features


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


def kind_of(path: Path) -> str:
    """Return what a file, or the first file of a folder, is.

    JSON holds features; a PNG of 8-bit gray or less is a mask, any other a map; other pictures
    are masks.

    Raises
    ------
    NotFoundError, LocalError, CheckError
        The file cannot be read, or is a damaged PNG.
    """
    if path.is_dir():
        path = next(files_below(path, _comparable), path)
        if path.is_dir():
            raise NotFoundError(f"{path} holds nothing to compare")
    if path.suffix.lower() == ".json":
        return "features"
    if path.suffix.lower() != ".png":
        return "masks"
    header = check_png(read_bytes(path), name=str(path))
    return "masks" if header.colour == GRAY and header.depth <= 8 else "maps"


def _comparable(path: Path) -> bool:
    return path.suffix.lower() in {".json", ".png"}


def pairs_of(
    a: Path, b: Path, *, kind: str, pixel_map: Path | None, threshold: float
) -> Iterator[CompareTask | Outcome[Any]]:
    """Yield the pair, or the pairs of equal names of two folders; a widow is a failed item.

    Raises
    ------
    UsageError
        A folder and a file.
    """
    if not a.is_dir():
        if b.is_dir():
            raise UsageError(f"{a} is a file and {b} a folder")
        yield CompareTask(f"{a.name} {b.name}", a, b, kind, pixel_map, threshold)
        return
    if not b.is_dir():
        raise UsageError(f"{a} is a folder and {b} is not")
    ours = {str(path.relative_to(a)): path for path in files_below(a, _comparable)}
    theirs = {str(path.relative_to(b)): path for path in files_below(b, _comparable)}
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs:
            lacking = b if name in ours else a
            yield Outcome(name, error=NotFoundError(f"{lacking} holds no {name}"))
        else:
            yield CompareTask(name, ours[name], theirs[name], kind, pixel_map, threshold)


def compare_pair(task: CompareTask) -> list[dict[str, Any]]:
    """Return a row per feature, or one for masks and maps; `file` first."""
    if task.kind == "features":
        weights = map_for_features(task.pixel_map) if task.pixel_map else None
        one, two = read_features(task.a), read_features(task.b)
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
