"""Draw one picture of the demo archive, with its thumbnail, its superpixels and its masks.

The superpixels are a jittered grid that gives way to brightness. They are not archive maps: the
archive's are made by SLIC, and these only share their form.
"""

import io
from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isic_cli.demo import annotators, scenes
from isic_cli.demo.rows import ATTRIBUTES, Shot

Labels = NDArray[np.uint16]

#: About as many labels as the archive's maps have.
WANTED = 1000
_JITTER = 0.3
_BRIGHTNESS = 0.08  # a difference of 12 levels counts as much as one grid step


def superpixels(picture: NDArray[np.uint8], seed: int) -> Labels:
    """Divide a picture into connected patches.

    Each pixel goes to the best of the nine seeds around it, by distance and brightness; then
    whatever does not hang together with its seed goes to a neighbour. Worked out on every second
    pixel.

    Parameters
    ----------
    picture : ndarray of shape (H, W, 3), uint8
        Both sides even.
    seed : int
        Moves the grid.

    Returns
    -------
    ndarray of shape (H, W), uint16
        Labels 0 to N-1, in the order of the grid, each one connected (by edges) and none empty.
    """
    height, width = picture.shape[:2]
    half = np.asarray(Image.fromarray(picture).convert("L").reduce(2), np.float32)
    step = np.sqrt(half.shape[0] * half.shape[1] / WANTED)
    cells = round(half.shape[0] / step), round(half.shape[1] / step)
    ys, xs = _seeds(np.random.default_rng([14, seed]), cells, half.shape)
    labels = _nearest(half, ys, xs, float(step)).astype(np.uint16)
    labels[ys, xs] = np.arange(cells[0] * cells[1], dtype=np.uint16).reshape(cells)
    _connect(labels, ys, xs)
    return labels.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]


def to_rgb(labels: Labels) -> NDArray[np.uint8]:
    """Encode labels as the archive does: R + 256 G + 65536 B; blue is never needed here."""
    rgb = np.zeros((*labels.shape, 3), np.uint8)
    rgb[..., 0] = labels & 255
    rgb[..., 1] = labels >> 8
    return rgb


def within(labels: Labels, mask: NDArray[np.bool_], part: float = 0.5) -> NDArray[np.intp]:
    """Return the labels of which more than `part` lies in a mask of the same shape."""
    flat = labels.ravel()
    share = np.bincount(flat, weights=mask.ravel()) / np.bincount(flat)
    return np.flatnonzero(share > part)


def _seeds(
    rng: np.random.Generator, cells: tuple[int, int], shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return row and column of a seed in each cell of a grid, arrays of the grid's shape."""
    places = []
    for axis in range(2):
        index = np.arange(cells[axis]).reshape((-1, 1) if axis == 0 else (1, -1))
        moved = index + 0.5 + rng.uniform(-_JITTER, _JITTER, cells)
        places.append((moved * shape[axis] / cells[axis]).astype(np.intp))
    return places[0], places[1]


def _nearest(
    gray: NDArray[np.float32], ys: NDArray[np.intp], xs: NDArray[np.intp], step: float
) -> NDArray[np.int32]:
    height, width = gray.shape
    cell_rows = np.arange(height) * ys.shape[0] // height
    cell_columns = np.arange(width) * ys.shape[1] // width
    rows, columns = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    far = [rows[:, None] / np.float32(step), columns[None, :] / np.float32(step)]
    seeds = [(place / step).astype(np.float32) for place in (ys, xs)]
    levels = gray * np.float32(_BRIGHTNESS)
    level_of = levels[ys, xs]
    best = np.full((height, width), np.inf, np.float32)
    labels = np.zeros((height, width), np.int32)
    for up in (-1, 0, 1):
        near_rows = np.clip(cell_rows + up, 0, ys.shape[0] - 1)[:, None]
        for left in (-1, 0, 1):
            near = near_rows, np.clip(cell_columns + left, 0, ys.shape[1] - 1)[None, :]
            own = (near[0] * ys.shape[1] + near[1]).astype(np.int32)
            cost = np.square(far[0] - seeds[0].take(own))
            cost += np.square(far[1] - seeds[1].take(own))
            cost += np.square(levels - level_of.take(own))
            np.copyto(labels, own, where=cost < best)
            np.minimum(best, cost, out=best)
    return labels


def _connect(labels: Labels, ys: NDArray[np.intp], xs: NDArray[np.intp]) -> None:
    """Give what does not hang together with its seed to a neighbour, in place."""
    rooted = np.zeros(labels.shape, bool)
    rooted[ys, xs] = True
    _grow(labels, rooted, take_over=False)
    while not rooted.all():
        _grow(labels, rooted, take_over=True)


def _grow(labels: Labels, rooted: NDArray[np.bool_], *, take_over: bool) -> None:
    """Spread `rooted` to the four neighbours of each pixel.

    Either to those of the same label, until nothing changes; or one step into any that is not
    rooted, which then takes the label of its neighbour.
    """
    ahead, behind, everything = slice(1, None), slice(None, -1), slice(None)
    steps = [
        ((ahead, everything), (behind, everything)),
        ((behind, everything), (ahead, everything)),
        ((everything, ahead), (everything, behind)),
        ((everything, behind), (everything, ahead)),
    ]
    before, count = -1, int(rooted.sum())
    while before != count:
        for there, here in steps:
            new = ~rooted[there] & rooted[here]
            if take_over:
                labels[there][new] = labels[here][new]
            else:
                new &= labels[there] == labels[here]
            rooted[there] |= new
        if take_over:
            return
        before, count = count, int(rooted.sum())


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
