"""Draw the demo archive into a folder: pictures, tables, collections, superpixels, studies."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isic_cli.demo import readers, scenes
from isic_cli.demo.rows import Shot, row, shots
from isic_cli.demo.superpixels import Labels, superpixels, to_rgb, within
from isic_cli.models.image import LEADING_COLUMNS

_FAST = 1  # zlib's level: a few kilobytes more for a third of the time
_THUMBNAIL_SIDE = 256
FOLDERS = ("superpixels", "masks", "thumbnails")
#: Which structure of a look each attribute mask shows, with the ring of the lesion it fills.
_RINGS = {"pigment_network": (0.55, 1.0), "globules": (0.0, 0.5), "streaks": (0.88, 1.12)}
_ATTRIBUTES = {
    "junctional": ("pigment_network",),
    "compound": ("globules", "pigment_network"),
    "spitz": ("streaks",),
    "invasive": ("globules", "pigment_network", "streaks"),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A dermoscopic picture's map and the rings of its lesion.

    Attributes
    ----------
    labels : ndarray of shape (H, W), uint16
        Its superpixels.
    regions : dict of str to list of int
        Superpixels by attribute.
    """

    labels: Labels
    regions: dict[str, list[int]]


def build(folder: Path) -> None:
    """Draw everything into an empty folder.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    for name in FOLDERS:
        (folder / name).mkdir()
    cast = list(shots())
    drawn = {shot.isic_id: found for shot in cast if (found := draw(folder, shot))}
    rows = [row(shot) for shot in cast]
    columns = sorted({name for cells in rows for name in cells} - {*LEADING_COLUMNS})
    header = [*LEADING_COLUMNS, *columns]
    table = [[cells.get(name, "") for name in header] for cells in rows]
    _csv(folder / "metadata.csv", [header, *table])
    sources = dict.fromkeys(cells["attribution"] for cells in rows)
    (folder / "attribution.txt").write_text("\n\n".join(sources) + "\n", "utf-8", newline="\n")
    asked = [shot.isic_id for shot in cast if shot.is_dermoscopic][:10]
    marked = [
        shot.isic_id
        for shot in cast
        if shot.is_dermoscopic and shot.look in ("compound", "invasive")
    ][:5]
    _json(folder / "collections.json", collections(cast, asked, marked))
    _study(folder, 1, asked, {})
    _study(folder, 2, marked, _markups(folder, marked, drawn))


def draw(folder: Path, shot: Shot) -> Drawn | None:
    """Draw one picture with its thumbnail; and the maps and masks of a dermoscopic one.

    Parameters
    ----------
    folder : Path
        With folders `superpixels`, `masks` and `thumbnails`.
    """
    pixels, rho = _scene(shot)
    picture = Image.fromarray(pixels)
    path = folder / f"{shot.isic_id}{shot.suffix}"
    if shot.suffix == ".tif":
        picture.save(path, compression="tiff_lzw")
    elif shot.suffix == ".png":
        picture.save(path, compress_level=_FAST)
    else:
        picture.save(path, quality=88)
    picture.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE), Image.Resampling.BILINEAR)
    picture.convert("RGB").save(folder / "thumbnails" / f"{shot.isic_id}_thumbnail.jpg", quality=80)
    return None if rho is None else _maps(folder, shot, pixels, rho)


def _scene(shot: Shot) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
    """Draw a picture; and for a dermoscopic one, the distance from the centre of its lesion."""
    place, number, shape, tone, look = shot.lesion, shot.number, shot.shape, shot.tone, shot.look
    match shot.letter:
        case "d" | "f":
            pixels, outline = scenes.dermoscopic(place, number, shape, tone, look)
            return pixels, outline.rho
        case "c" | "m":
            return scenes.clinical(place, number, shape, tone, look), None
        case "o" | "T":
            return scenes.overview(number, shape, tone, look), None
        case "t":
            return scenes.tile(place, number, shape, tone, look), None
        case _:
            return scenes.confocal(number, shape, mosaic=shot.letter == "R"), None


def _maps(folder: Path, shot: Shot, pixels: NDArray[np.uint8], rho: NDArray[np.float32]) -> Drawn:
    labels = superpixels(pixels, shot.number)
    path = folder / "superpixels" / f"{shot.isic_id}_superpixels.png"
    Image.fromarray(to_rgb(labels)).save(path, compress_level=_FAST)
    _mask(folder / "masks" / f"{shot.isic_id}_segmentation.png", rho < 1)
    regions = {}
    for name in _ATTRIBUTES.get(shot.look, ()):
        low, high = _RINGS[name]
        region = within(labels, (rho >= low) & (rho < high)).tolist()
        regions[name] = region[: len(region) // 2 * 2]  # even, as the second study wants it
        mask = np.isin(labels, regions[name])
        _mask(folder / "masks" / f"{shot.isic_id}_attribute_{name}.png", mask)
    return Drawn(labels, regions)


def _mask(path: Path, mask: NDArray[np.bool_]) -> None:
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(path, compress_level=_FAST)


def collections(
    cast: Sequence[Shot], asked: Sequence[str], marked: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the five collections.

    Parameters
    ----------
    cast : sequence of Shot
        Every picture.
    asked, marked : sequence of str
        The images of the two studies.
    """
    even = [shot.isic_id for shot in cast if shot.number % 2 == 0]
    spitz = [shot.isic_id for shot in cast if shot.look in {"spitz", "blue"}]
    plain = {"public": True, "pinned": False, "locked": False, "doi": None, "doi_url": None}
    return [
        plain
        | {
            "id": 1,
            "name": "Demo challenge 2026: training",
            "description": "Every second drawn picture. The DOI is of a test prefix.",
            "locked": True,
            "doi": "10.5555/isic-demo-1",
            "doi_url": "https://doi.org/10.5555/isic-demo-1",
            "isic_ids": even,
        },
        plain
        | {
            "id": 2,
            "name": "Drawn nevi",
            "description": "Every drawn nevus.",
            "query": "diagnosis_3:Nevus",
        },
        plain
        | {
            "id": 3,
            "name": "drawn nevi",
            "description": "Spitz and blue nevi: the same name as another, but for a capital.",
            "isic_ids": spitz,
        },
        plain
        | {
            "id": 4,
            "name": "Melanoma, drawn & imagined",
            "description": "Every drawn melanoma.",
            "pinned": True,
            "query": 'diagnosis_2:"Malignant melanocytic proliferations (Melanoma)"',
        },
        plain
        | {
            "id": 5,
            "name": "Collection of the demo studies",
            "description": "",
            "isic_ids": sorted({*asked, *marked}),
        },
    ]


def _study(folder: Path, number: int, images: Sequence[str], markups: dict[str, Any]) -> None:
    place = folder / "studies" / str(number)
    place.mkdir(parents=True, exist_ok=True)
    _json(place / "study.json", readers.STUDIES[number - 1])
    _csv(place / "responses.csv", readers.responses(number, images))
    _json(place / "annotations.json", readers.annotations(number, images, markups))


def _markups(folder: Path, images: Sequence[str], drawn: dict[str, Drawn]) -> dict[str, Any]:
    """Return what each reader marked in each image, and draw the masks of it: 0, 128, 255."""
    masks = folder / "studies" / "2" / "masks"
    masks.mkdir(parents=True)
    markups: dict[str, Any] = {}
    for image in images:
        found = drawn[image]
        count = int(found.labels.max()) + 1
        for place, (reader, name) in enumerate(readers.READERS.items()):
            marks = {}
            for feature, attribute in (("1", "pigment_network"), ("2", "globules")):
                values = readers.marks(found.regions[attribute], count, place)
                file = f"{image}_{name}_{attribute}.png"
                gray = np.array((0, 128, 255), np.uint8)[(values * 2).astype(int)]
                Image.fromarray(gray[found.labels]).save(masks / file, compress_level=_FAST)
                levels = [int(value) if value in {0.0, 1.0} else value for value in values.tolist()]
                marks[feature] = {"superpixels": levels, "mask": file}
            markups[f"{image} {reader}"] = marks
    return markups


def _csv(path: Path, rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _json(path: Path, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=None, separators=(",", ":"))
    path.write_text(text + "\n", "utf-8", newline="\n")
