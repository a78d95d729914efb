"""Smooth random fields and soft steps: what every drawing here is made of.

A field is a float32 array of shape (H, W), row 0 at the top.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field: TypeAlias = NDArray[np.float32]
#: Pixels of shape (H, W, 3), values 0 to 255.
Pixels: TypeAlias = NDArray[np.float32]
Shape: TypeAlias = tuple[int, int]

_COARSE = 16  # pixels


def enlarge(field: Field, shape: Shape, how: Image.Resampling = Image.Resampling.BICUBIC) -> Field:
    """Stretch a field to `shape`, smoothly unless told otherwise."""
    picture = Image.fromarray(np.ascontiguousarray(field, np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), how))


def noise(rng: np.random.Generator, shape: Shape, grain: float) -> Field:
    """Return smooth noise between about -1 and 1.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    grain : float
        The size of its blobs in pixels.
    """
    cells = (max(2, round(shape[0] / grain) + 1), max(2, round(shape[1] / grain) + 1))
    field = rng.uniform(-1, 1, cells).astype(np.float32)
    if grain >= _COARSE:  # smooth enough for the last step to be straight, which is faster
        field = enlarge(field, (max(2, shape[0] // 4), max(2, shape[1] // 4)))
        return enlarge(field, shape, Image.Resampling.BILINEAR)
    return enlarge(field, shape)


def clouds(rng: np.random.Generator, shape: Shape, grain: float, octaves: int = 3) -> Field:
    """Return noise of several scales: each octave half as large and half as strong."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        total += noise(rng, shape, grain / 2**octave) * np.float32(0.5**octave)
    return total


def ramp(field: Field, low: float, high: float) -> Field:
    """Return 0 at `low`, 1 at `high`, a smooth step between them; `low` may be the larger."""
    scale = np.float32(1 / (high - low))
    part: Field = np.clip((field - np.float32(low)) * scale, 0, 1)
    smooth: Field = part * part * (np.float32(3) - np.float32(2) * part)
    return smooth


def grid(shape: Shape) -> tuple[Field, Field]:
    """Return the row numbers as a column and the column numbers as a row; they broadcast."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    columns = np.arange(shape[1], dtype=np.float32)[None, :]
    return rows, columns


def blend(pixels: Pixels, colour: tuple[float, float, float], alpha: Field) -> None:
    """Lay a colour over pixels in place, with an opacity of 0 to 1 for each."""
    for channel, value in enumerate(colour):
        plane = pixels[..., channel]
        plane += (np.float32(value) - plane) * alpha


def from_mask(mask: Image.Image) -> Field:
    """Return a drawn 8-bit mask as opacities from 0 to 1."""
    return np.asarray(mask, np.float32) * np.float32(1 / 255)
