"""Draw one picture of the demo archive, with its thumbnail, its superpixels and its masks."""

import io
from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isic_cli.demo import annotators, scenes
from isic_cli.demo.rows import ATTRIBUTES, Shot
from isic_cli.demo.superpixels import Labels, superpixels, to_rgb, within

_FAST = 1  # zlib's level: a few kilobytes more for a third of the time
_THUMBNAIL_SIDE = 256
#: Which ring of the lesion an attribute's mask fills.
_RINGS = {"pigment_network": (0.55, 1.0), "globules": (0.0, 0.5), "streaks": (0.88, 1.12)}


def draw(shot: Shot) -> dict[str, bytes]:
    """Draw one picture.

    Returns
    -------
    dict of str to bytes
        Its files by their path below the folder, as `Shot.files` names them.
    """
    pixels, rho = _scene(shot)
    picture = Image.fromarray(pixels)
    match shot.suffix:
        case ".tif":
            body = _encoded(picture, "TIFF")
        case ".png":
            body = _encoded(picture, "PNG")
        case _:
            body = _encoded(picture, "JPEG")
    picture.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE), Image.Resampling.BILINEAR)
    bodies = [body, _encoded(picture.convert("RGB"), "JPEG", quality=80)]
    if rho is not None:
        labels = superpixels(pixels, shot.number)
        bodies += [_encoded(Image.fromarray(to_rgb(labels)), "PNG")]
        bodies += [_mask(rho < 1)]
        bodies += [
            _mask(np.isin(labels, region)) for region in _regions(shot, labels, rho).values()
        ]
    return dict(zip(shot.files, bodies, strict=True))


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


def _regions(shot: Shot, labels: Labels, rho: NDArray[np.float32]) -> dict[str, list[int]]:
    """Return the superpixels of each attribute of a picture."""
    regions = {}
    for name in ATTRIBUTES.get(shot.look, ()):
        low, high = _RINGS[name]
        region = within(labels, (rho >= low) & (rho < high)).tolist()
        regions[name] = region[: len(region) // 2 * 2]  # even, as the second study wants it
    return regions


def draw_markups(shot: Shot) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Draw what each annotator of the second study marked in a picture.

    Returns
    -------
    markups : dict of str to dict
        By image and annotator, as `annotators.annotations` takes them.
    masks : dict of str to bytes
        Pictures of 0, 128 and 255 by file name.
    """
    pixels, rho = _scene(shot)
    if rho is None:
        raise ValueError(f"{shot.isic_id} shows no lesion from near")
    labels = superpixels(pixels, shot.number)
    regions = _regions(shot, labels, rho)
    markups: dict[str, Any] = {}
    masks = {}
    for place, (annotator, name) in enumerate(annotators.ANNOTATORS.items()):
        marks: dict[str, Mapping[str, Any]] = {}
        for feature, attribute in (("1", "pigment_network"), ("2", "globules")):
            levels = annotators.marks(regions[attribute], int(labels.max()) + 1, place)
            file = f"{shot.isic_id}_{name}_{attribute}.png"
            gray = np.array([int(255 * level + 0.5) for level in levels], np.uint8)
            masks[file] = _encoded(Image.fromarray(gray[labels]), "PNG")
            marks[feature] = {"superpixels": levels, "mask": file}
        markups[f"{shot.isic_id} {annotator}"] = marks
    return markups, masks


def _mask(mask: NDArray[np.bool_]) -> bytes:
    picture = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
    return _encoded(picture, "PNG")


def _encoded(
    picture: Image.Image, kind: Literal["JPEG", "PNG", "TIFF"], *, quality: int = 88
) -> bytes:
    """Return the bytes of a file; `quality` is that of a JPEG."""
    # A real file for TIFF: before Pillow 13 the byte that pads its directory is random in memory.
    with TemporaryFile() if kind == "TIFF" else io.BytesIO() as body:
        match kind:
            case "JPEG":
                picture.save(body, kind, quality=quality)
            case "PNG":
                picture.save(body, kind, compress_level=_FAST)
            case "TIFF":
                picture.save(body, kind, compression="tiff_lzw")
        body.seek(0)
        return body.read()
