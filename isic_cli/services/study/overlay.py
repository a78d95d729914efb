"""The annotators' marks drawn over the photograph, and a sheet of all drawings of a study."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from isic_cli.agreement.table import BoolArray
from isic_cli.pictures.draw import fitted, font
from isic_cli.services.study.layers import FeatureLayer
from isic_cli.superpixel.overlay import draw_legend, stacked
from isic_cli.superpixel.palette import Colour, distinct

Rgb = NDArray[np.uint8]

#: Opacity of what all annotators marked and were sure of: the lesion below stays visible.
OPACITY = 0.4
#: The legend's scale of opacity, drawn in this grey.
_GREY = (40, 40, 40)
#: The colour of a heat map, and the opacity of its strongest place.
_HEAT = (230, 60, 20)
_HEAT_OPACITY = 0.7
#: Sheets: width of a drawing and least width of a page in pixels, and drawings to a page.
_TILE = 260
_LEAST = 560
PER_SHEET = 100


@dataclass(frozen=True, eq=False)
class SheetTile:
    """One drawing of a sheet.

    Attributes
    ----------
    caption : str
        Below the picture.
    picture : Image
        The drawing without its legend, made small.
    """

    caption: str
    picture: Image.Image


def colours_of(features: Sequence[str]) -> dict[str, Colour]:
    """Give each feature its colour: the same names in the same order get the same colours."""
    return dict(zip(features, distinct(len(features)), strict=True))


def paint(
    photograph: Rgb,
    layers: Sequence[FeatureLayer],
    colours: dict[str, Colour],
    *,
    alpha: float = OPACITY,
) -> Rgb:
    """Draw layers over a photograph.

    The more annotators marked a place, the more opaque it is; an outline surrounds what more than
    half of them marked. Where features lie over each other their colours alternate in stripes.

    Parameters
    ----------
    photograph : ndarray of shape (H, W, 3), uint8
        Not changed.
    layers : sequence of FeatureLayer
        Of the photograph's size.
    colours : dict of str to colour
        By feature.
    alpha : float
        Opacity of what all annotators marked, 0 to 1.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8
    """
    out = photograph.astype(np.float32)
    height, width = photograph.shape[:2]
    covered = np.zeros((height, width), np.uint8)
    for layer in layers:
        covered += layer.strength > 0
    stripe = max(2, max(height, width) // 150)
    turn = (np.arange(height)[:, np.newaxis] + np.arange(width)) // stripe
    turn %= np.maximum(covered, 1)
    rank = np.zeros((height, width), np.uint8)
    for layer in layers:
        marked = layer.strength > 0
        chosen = marked & (turn == rank)
        opacity = (layer.strength[chosen] * np.float32(alpha))[:, np.newaxis]
        out[chosen] += opacity * (np.array(colours[layer.feature], np.float32) - out[chosen])
        rank += marked
    drawn = np.rint(out).astype(np.uint8)
    thickness = max(1, max(height, width) // 400)
    for layer in layers:
        drawn[_rim(layer.majority, thickness)] = colours[layer.feature]
    return drawn


def with_legend(
    drawn: Rgb,
    layers: Sequence[FeatureLayer],
    colours: dict[str, Colour],
    count: int,
    *,
    alpha: float = OPACITY,
) -> Rgb:
    """Add a legend below: the features with how many annotators marked them, and the opacities.

    Parameters
    ----------
    drawn : ndarray of shape (H, W, 3), uint8
        Of `paint`.
    layers : sequence of FeatureLayer
        What was painted.
    colours : dict of str to colour
        By feature.
    count : int
        How many annotators annotated the image.
    alpha : float
        As it was painted.
    """
    entries: list[tuple[str, Colour | None]] = [
        (f"{layer.feature} ({len(layer.annotators)} of {count} annotators)", colours[layer.feature])
        for layer in layers
    ]
    width = drawn.shape[1]
    return stacked(drawn, draw_legend(entries, width), draw_legend(_scale(count, alpha), width))


def tile(caption: str, drawn: Rgb) -> SheetTile:
    """Make a drawing small, for a sheet."""
    picture = Image.fromarray(drawn)
    picture.thumbnail((_TILE, _TILE), Image.Resampling.LANCZOS)
    return SheetTile(caption, picture)


def sheet(title: str, tiles: Sequence[SheetTile], colours: dict[str, Colour]) -> Rgb:
    """Lay drawings out on a page.

    Parameters
    ----------
    title : str
        Above them.
    tiles : sequence of SheetTile
        At least one.
    colours : dict of str to colour
        For the legend below; empty for none.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8
    """
    columns = math.ceil(math.sqrt(len(tiles)))
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    heights = [max(item.picture.height for item in row) for row in rows]
    gap, line = 12, 24
    width = max(_LEAST, gap + columns * (_TILE + gap))
    page = Image.new("RGB", (width, 2 * line + sum(heights) + len(rows) * (line + gap)), "white")
    pen = ImageDraw.Draw(page)
    large, small = font(18), font(13)
    pen.text((gap, line), fitted(title, width - 2 * gap, large), "black", large, anchor="lm")
    y = 2 * line
    for row, height in zip(rows, heights, strict=True):
        for column, item in enumerate(row):
            x = gap + column * (_TILE + gap)
            # Flat pictures stand on the bottom of their row, close to their caption.
            page.paste(item.picture, (x, y + height - item.picture.height))
            pen.text((x, y + height + line // 2), item.caption, "black", small, anchor="lm")
        y += height + line + gap
    drawn = np.asarray(page)
    if not colours:
        return drawn
    # A legend as wide as the page would have letters as large as its title.
    legend = Image.fromarray(draw_legend(list(colours.items()), min(page.width, 700)))
    below = Image.new("RGB", (page.width, legend.height + gap), "white")
    below.paste(legend, (0, 0))
    return np.concatenate([drawn, np.asarray(below)])


def _scale(count: int, alpha: float) -> list[tuple[str, Colour | None]]:
    steps = range(1, count + 1) if count <= 4 else sorted({1, count // 2, count})
    entries: list[tuple[str, Colour | None]] = []
    for step in steps:
        opacity = alpha * step / count
        grey = tuple(round(255 + opacity * (channel - 255)) for channel in _GREY)
        entries.append((f"{step} of {count}", (grey[0], grey[1], grey[2])))
    return [*entries, ("more than half", None)]


def _rim(mask: BoolArray, thickness: int) -> BoolArray:
    """Return the pixels of a mask that lie within `thickness` of its outside."""
    inner = mask
    for _ in range(thickness):
        core = inner.copy()
        core[1:] &= inner[:-1]
        core[:-1] &= inner[1:]
        core[:, 1:] &= inner[:, :-1]
        core[:, :-1] &= inner[:, 1:]
        inner = core
    return mask & ~inner


def heat(photograph: Rgb, strength: NDArray[np.floating]) -> Rgb:
    """Draw a share of annotators as red over the gray photograph, both of shape (H, W)."""
    gray = np.repeat(photograph.mean(axis=2, keepdims=True), 3, axis=2)
    weight = (_HEAT_OPACITY * strength)[..., np.newaxis]
    blended = gray * (1 - weight) + np.asarray(_HEAT) * weight
    rounded: Rgb = np.rint(blended).astype(np.uint8)
    return rounded
