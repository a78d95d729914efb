"""Transparent pictures that lie over a photograph of the same size: outlines, masks."""

import numpy as np
import numpy.typing as npt

from isic_cli.pictures.png import png_bytes
from isic_cli.superpixel.map import SuperpixelMap

Bool = npt.NDArray[np.bool_]

_OUTLINE = (240, 228, 66, 255)
_FILL = (86, 180, 233, 110)
_MARKED = (213, 94, 0, 140)


def superpixel_layer(pixels: SuperpixelMap, marked: Bool | None = None) -> bytes:
    """Draw the outlines of a map as a PNG; with `marked` of shape (H, W), where it is true too."""
    layer = np.zeros((*pixels.shape, 4), np.uint8)
    if marked is not None:
        layer[marked] = _MARKED
    layer[pixels.boundaries()] = _OUTLINE
    return png_bytes(layer, level=1)


def mask_layer(inside: Bool) -> bytes:
    """Draw the inside of a mask of shape (H, W), and its rim, as a PNG."""
    layer = np.zeros((*inside.shape, 4), np.uint8)
    layer[inside] = _FILL
    layer[_rim(inside)] = _OUTLINE
    return png_bytes(layer, level=1)


def _rim(inside: Bool) -> Bool:
    """Return the pixels of a mask that have a neighbour outside of it, two pixels wide."""
    inner = np.pad(inside, 2)
    height, width = inside.shape
    kept = inside.copy()
    for down, right in ((0, 2), (4, 2), (2, 0), (2, 4)):
        kept &= inner[down : down + height, right : right + width]
    return inside & ~kept
