"""Pictures made from maps: outlines, overlays, tiles; and maps made from pictures."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isic_cli.errors import CheckError, UsageError
from isic_cli.files.atomic import write_bytes
from isic_cli.pictures.load import load_rgb, read_bytes
from isic_cli.pictures.png import png_bytes
from isic_cli.services.superpixels.sources import (
    FEATURE_ENDINGS,
    PICTURE_ENDINGS,
    Source,
    partner,
)
from isic_cli.services.superpixels.target import Written, write
from isic_cli.services.superpixels.values import ValueChoice, read_values
from isic_cli.superpixel import SuperpixelMap, check_png, generate, parse_features
from isic_cli.superpixel.choice import LabelChoice
from isic_cli.superpixel.outline import contours
from isic_cli.superpixel.overlay import (
    Layer,
    draw_overlay,
    draw_values,
    feature_layers,
    outline_picture,
)
from isic_cli.superpixel.slic import METHOD_KEY, Method, method_text
from isic_cli.superpixel.tables import map_for_features


@dataclass(frozen=True, slots=True)
class OutlineTask:
    """A map whose outlines are wanted.

    Attributes
    ----------
    source : Source
        The map.
    target : Path
        `.svg`, `.json` (the contour files of the archive's studies), `.geojson` or `.png`.
    image : Path or None
        For a PNG: a photograph to draw them on, or a folder of photographs.
    """

    source: Source
    target: Path
    image: Path | None = None

    @property
    def name(self) -> str:
        """The map's name."""
        return self.source.name


def draw_outlines(task: OutlineTask) -> Written:
    """Write the outlines of a map."""
    pixel_map = SuperpixelMap.from_png(task.source.path)
    match task.target.suffix.lower():
        case ".svg":
            data = pixel_map.svg().encode()
        case ".json":
            data = json.dumps(contours(pixel_map.outlines(), pixel_map.ids)).encode()
        case ".geojson":
            data = json.dumps(_geojson(pixel_map), separators=(",", ":")).encode()
        case _:
            image = None
            if task.image is not None:
                image = load_rgb(partner(task.image, task.source.stem, PICTURE_ENDINGS))
            data = png_bytes(outline_picture(pixel_map, image))
    return write(task.target, data)


def _geojson(pixel_map: SuperpixelMap) -> dict[str, Any]:
    """Return polygons with holes; x to the right and y down, in pixels, rings closed."""
    members = []
    for label, found in pixel_map.polygons().items():
        rings = [[[*ring.tolist(), ring[0].tolist()] for ring in polygon] for polygon in found]
        geometry = {"type": "MultiPolygon", "coordinates": rings}
        members.append({"type": "Feature", "properties": {"label": label}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": members}


@dataclass(frozen=True, slots=True)
class PairTask:
    """A photograph and its map.

    Attributes
    ----------
    image, source : Source
        The photograph; the map.
    target : Path
        The picture, or for tiles the folder.
    labels : LabelChoice or None
        Some superpixels.
    features : Path or None
        A feature file or a folder of such files.
    alpha : float
        Opacity, 0 to 1.
    values : ValueChoice or None
        Colour each superpixel by a number instead.
    """

    image: Source
    source: Source
    target: Path
    labels: LabelChoice | None = None
    features: Path | None = None
    alpha: float = 0.5
    values: ValueChoice | None = None

    @property
    def name(self) -> str:
        """The photograph's name."""
        return self.image.name


def draw_pair(task: PairTask) -> Written:
    """Write a photograph with marked superpixels; with nothing to mark, all borders."""
    read = SuperpixelMap.from_png if task.features is None else map_for_features
    pixel_map = read(task.source.path)
    image = load_rgb(task.image.path)
    if task.values is not None:
        name, values = read_values(task.values, pixel_map, task.image.stem)
        colormap, ends = task.values.colormap, task.values.ends
        drawn = draw_values(
            pixel_map, image, values, name=name, colormap=colormap, ends=ends, alpha=task.alpha
        )
        return write(task.target, png_bytes(drawn))
    layers = []
    if task.labels is not None:
        layers.append(Layer("labels", dict.fromkeys(task.labels.of(pixel_map), 1.0)))
    if task.features is not None:
        features = parse_features(partner(task.features, task.image.stem, FEATURE_ENDINGS))
        layers += feature_layers(features, pixel_map)
    if layers:
        drawn = draw_overlay(pixel_map, image, layers, alpha=task.alpha)
    else:
        drawn = outline_picture(pixel_map, image)
    return write(task.target, png_bytes(drawn))


def cut_tiles(task: PairTask) -> Written:
    """Write a picture per superpixel, `<image>_<label>.png`, others transparent."""
    pixel_map = SuperpixelMap.from_png(task.source.path)
    chosen = task.labels.of(pixel_map) if task.labels else None
    width = max(4, len(str(pixel_map.ids[-1])))
    files = total = 0
    for tile in pixel_map.tiles(load_rgb(task.image.path), chosen):
        data = tile.to_png()
        write_bytes(
            task.target / f"{task.image.stem}_{tile.label:0{width}d}.png", data, parents=True
        )
        files, total = files + 1, total + len(data)
    return Written(task.target, total, files=files)


@dataclass(frozen=True, slots=True)
class GenerateTask:
    """A photograph that needs a map.

    Attributes
    ----------
    source : Source
        The photograph.
    target : Path
        The map.
    method : {"archive", "approximate"}
        See `superpixel.slic`.
    force : bool
        Replace a map that is there.
    """

    source: Source
    target: Path
    method: Method
    force: bool = False

    @property
    def name(self) -> str:
        """The photograph's name."""
        return self.source.name


APPROXIMATE_WARNING = "approximate: not the archive's map; never join it to its feature arrays"


def make_map(task: GenerateTask) -> Written:
    """Make a map; one that is there and was made by the same method is kept."""
    note = APPROXIMATE_WARNING if task.method == "approximate" else None
    if not task.force and task.target.is_file():
        return _kept(task, note)
    made = generate(task.source.path, method=task.method)
    return write(task.target, made.to_png(text=method_text(task.method)), note=note)


def _kept(task: GenerateTask, note: str | None) -> Written:
    data = read_bytes(task.target)
    try:
        text = check_png(data, name=str(task.target)).text
    except (CheckError, UsageError) as error:
        raise UsageError(
            f"{task.target} exists and is not a complete map", hint="--overwrite replaces it"
        ) from error
    if text.get(METHOD_KEY) != method_text(task.method)[METHOD_KEY]:
        raise UsageError(
            f"{task.target} is there, and does not say that it was made by --method {task.method}",
            hint="--overwrite replaces it",
        )
    return Written(task.target, len(data), note=note, skipped=True)
