"""A photograph with its marked superpixels: fills, borders, a legend below.

A superpixel that shows several features is striped in their colours. The legend stands below the
picture, so that it never hides the lesion.
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from isic_cli.errors import UsageError
from isic_cli.pictures.draw import Font
from isic_cli.pictures.draw import font as load_font
from isic_cli.superpixel.features import PRESENT, Features, check_length
from isic_cli.superpixel.given import Picture, photograph_of
from isic_cli.superpixel.map import AnyMap, SuperpixelMap, map_of
from isic_cli.superpixel.palette import Colour, distinct, sequential

Rgb = npt.NDArray[np.uint8]

#: A legend may become as wide as this, in pixels, below a picture that is narrower.
_LEAST_WIDTH = 320
#: Colours of a scale that the legend names.
_MARKS = 5
#: Letters at the end of a text that is cut: the number of superpixels.
_END = 8


@dataclass(frozen=True, slots=True)
class Layer:
    """One kind of mark.

    Attributes
    ----------
    name : str
        As the legend has it.
    strength : Mapping[int, float]
        By label, above 0 to 1: the opacity of the mark, as a share of the overlay's.

    Examples
    --------
    >>> from isic_cli.superpixel import Layer
    >>> Layer("streaks", {4: 1.0, 7: 0.5}).name
    'streaks'
    """

    name: str
    strength: Mapping[int, float]


def feature_layers(features: Features, superpixels: AnyMap) -> list[Layer]:
    """Return a layer per feature: present superpixels whole, "possible" ones fainter.

    Examples
    --------
    >>> from isic_cli.superpixel import SuperpixelMap, feature_layers, parse_features
    >>> features = parse_features(b'{"streaks": [0, 1.0, 0.5]}')
    >>> feature_layers(features, SuperpixelMap.from_labels([[0, 1, 2]]))
    [Layer(name='streaks', strength={1: 1.0, 2: 0.5})]
    """
    pixel_map = map_of(superpixels)
    check_length(features, pixel_map)
    layers = []
    for name, values in features.values.items():
        shown = pixel_map.ids[values[pixel_map.ids] >= PRESENT].tolist()
        layers.append(Layer(name, {label: float(values[label]) for label in shown}))
    return layers


def draw_overlay(
    superpixels: AnyMap,
    image: Picture,
    layers: list[Layer],
    *,
    alpha: float = 0.5,
    borders: bool = True,
    legend: bool = True,
) -> Rgb:
    """Draw layers over a photograph.

    Parameters
    ----------
    superpixels : SuperpixelMap, or what its `from_png` takes
        The map.
    image : path, bytes, binary file, or ndarray of shape (H, W, 3), uint8
        The photograph, EXIF orientation not applied; not changed.
    layers : list of Layer
        Colours are given in this order, so that a name has the same colour in a series of
        pictures with the same layers.
    alpha : float
        Opacity of the fills, 0 to 1.
    borders : bool
        Draw the borders of each layer's area, opaque.
    legend : bool
        Add a strip below with the colours, names and numbers of superpixels.

    Returns
    -------
    drawn : ndarray of shape (H, W, 3), uint8
        Higher by the legend, and wider, white beside the photograph, where the legend needs it.

    Examples
    --------
    >>> import numpy as np
    >>> from isic_cli.superpixel import Layer, SuperpixelMap, draw_overlay
    >>> found = SuperpixelMap.from_labels([[0, 0, 1], [2, 2, 1]])
    >>> photograph, marks = np.zeros((2, 3, 3), np.uint8), [Layer("streaks", {1: 1.0})]
    >>> draw_overlay(found, photograph, marks, legend=False)[0, 2].tolist()
    [230, 159, 0]
    """
    pixel_map = map_of(superpixels)
    out = photograph_of(pixel_map.runs, image).copy()
    colours = distinct(len(layers))
    marks: dict[int, list[tuple[Colour, float]]] = {}
    for layer, colour in zip(layers, colours, strict=True):
        for label, strength in layer.strength.items():
            marks.setdefault(label, []).append((colour, strength * alpha))
    _fill(pixel_map, out, marks)
    if borders:
        for layer, colour in zip(layers, colours, strict=True):
            out[_edge(pixel_map.mask(layer.strength))] = colour
    if not legend or not layers:
        return out
    entries = [
        (f"{la.name} ({len(la.strength)})", c) for la, c in zip(layers, colours, strict=True)
    ]
    return stacked(out, draw_legend(entries, out.shape[1]))


def draw_values(
    superpixels: AnyMap,
    image: Picture,
    values: npt.NDArray[np.floating],
    *,
    name: str = "value",
    colormap: str = "blue-yellow",
    ends: tuple[float, float] | None = None,
    alpha: float = 0.5,
) -> Rgb:
    """Draw superpixels in the colours of their values, with a scale below.

    Parameters
    ----------
    superpixels : SuperpixelMap, or what its `from_png` takes
        The map.
    image : path, bytes, binary file, or ndarray of shape (H, W, 3), uint8
        The photograph, EXIF orientation not applied; not changed.
    values : ndarray of shape (N,), float
        NaN leaves a superpixel untouched.
    name : str
        What the values are, for the scale.
    colormap : str
        One of `palette.COLORMAPS`.
    ends : tuple of float, optional
        The values of the first and the last colour; by default the least and the greatest.
    alpha : float
        Opacity of the colours, 0 to 1.

    Returns
    -------
    drawn : ndarray of shape (H, W, 3), uint8
        Higher by the scale.

    Examples
    --------
    >>> import numpy as np
    >>> from isic_cli.superpixel import SuperpixelMap, draw_values
    >>> found = SuperpixelMap.from_labels([[0, 0, 1], [2, 2, 1]])
    >>> drawn = draw_values(found, np.zeros((2, 3, 3), np.uint8), np.array([0.1, 0.5, 0.9]))
    >>> drawn.shape[0] > 2
    True
    """
    pixel_map = map_of(superpixels)
    known = values[np.isfinite(values)]
    if not (ends or known.size):
        raise UsageError("no superpixel has a value")
    low, high = ends or (float(known.min()), float(known.max()))
    # Equal values have the colour in the middle.
    scaled = (values - low) / (high - low) if high > low else values - low + 0.5
    out = pixel_map.paint(image, values=scaled, alpha=alpha, colormap=colormap)
    marks = np.linspace(0, 1, _MARKS) if high > low else np.full(1, 0.5)
    colours = sequential(marks, colormap).tolist()
    texts = [f"{low + mark * (high - low):.4g}" for mark in marks]
    texts[0] = f"{name} {texts[0]}"
    return stacked(
        out, draw_legend(list(zip(texts, map(tuple, colours), strict=True)), out.shape[1])
    )


def _fill(
    pixel_map: SuperpixelMap, out: Rgb, marks: Mapping[int, list[tuple[Colour, float]]]
) -> None:
    height, width = pixel_map.shape
    stripe = max(2, max(height, width) // 200)
    flat = out.reshape(-1, 3)
    for label, colours in marks.items():
        pixels = pixel_map.pixels(label)
        rows, columns = np.divmod(pixels, width)
        turn = (rows + columns) // stripe % len(colours)
        for number, (colour, alpha) in enumerate(colours):
            chosen = pixels[turn == number]
            flat[chosen] = np.rint(alpha * np.array(colour) + (1 - alpha) * flat[chosen])


def _edge(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the pixels of a mask that have one of their 4 neighbours outside it."""
    inner = np.zeros_like(mask)
    inner[1:-1, 1:-1] = (
        mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    )
    return mask & ~inner


def draw_legend(entries: Sequence[tuple[str, Colour | None]], width: int) -> Rgb:
    """Draw a legend: ndarray of shape (h, w, 3), uint8.

    Parameters
    ----------
    entries : sequence of (text, colour)
        A text that is too long even for a wide legend loses its middle. None is an outline alone.
    width : int
        Of the picture above. The legend is as wide, or wider where a text needs it.
    """
    size = max(10, width // 50)
    font = load_font(size)
    gap = size // 2
    widest = max(width, _LEAST_WIDTH) - size - 3 * gap
    lines: list[list[tuple[int, str, Colour | None]]] = [[]]
    x = gap
    for name, colour in entries:
        text = _fitted(_plain(name), widest, font)
        room = size + gap + math.ceil(font.getlength(text)) + 2 * gap
        if x + room - gap > width and lines[-1]:
            lines.append([])
            x = gap
        lines[-1].append((x, text, colour))
        x += room
        width = max(width, x - gap)
    step = size + gap
    picture = Image.new("RGB", (width, gap + step * len(lines)), "white")
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        y = gap + number * step
        for left, text, colour in line:
            square, edge = (left, y, left + size - 1, y + size - 1), 1 if colour else size // 5
            draw.rectangle(square, fill=colour or "white", outline="black", width=edge)
            draw.text((left + size + gap, y + size // 2), text, "black", font, anchor="lm")
    return np.asarray(picture)


def stacked(*pictures: Rgb) -> Rgb:
    """Put pictures below one another, white beside those that are narrower than the widest."""
    width = max(picture.shape[1] for picture in pictures)
    rows = [
        picture
        if picture.shape[1] == width
        else np.pad(picture, ((0, 0), (0, width - picture.shape[1]), (0, 0)), constant_values=255)
        for picture in pictures
    ]
    return np.concatenate(rows)


def _plain(text: str) -> str:
    """Return a text in ASCII, which is what Pillow's own font has letters for."""
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return kept.encode("ascii", "replace").decode("ascii")


def _fitted(text: str, width: int, font: Font) -> str:
    """Return a text that is no wider than `width` pixels; its end, the number, is kept."""
    cut, kept = text, len(text)
    while font.getlength(cut) > width and kept > _END:
        kept -= 1
        cut = f"{text[: kept - _END]}\u2026{text[-_END:]}"
    return cut


def outline_picture(superpixels: AnyMap, image: Picture | None = None) -> Rgb:
    """Draw all borders, black on white or yellow on a photograph: (H, W, 3), uint8.

    Examples
    --------
    >>> from isic_cli.superpixel import SuperpixelMap, outline_picture
    >>> outline_picture(SuperpixelMap.from_labels([[0, 0, 1], [2, 2, 1]])).shape
    (2, 3, 3)
    """
    pixel_map = map_of(superpixels)
    edges = pixel_map.boundaries()
    if image is None:
        gray = np.where(edges, np.uint8(0), np.uint8(255))
        return np.repeat(gray[..., None], 3, axis=2)
    out = photograph_of(pixel_map.runs, image).copy()
    out[edges] = (240, 228, 66)
    return out
