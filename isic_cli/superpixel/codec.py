"""The PNG of a superpixel map, to labels and back.

In the archive's maps a pixel's label is `R + (G << 8) + (B << 16)`.
"""

import logging
import os
import struct
import zlib
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isic_cli.errors import CheckError, UsageError
from isic_cli.pictures import MAX_PIXELS
from isic_cli.pictures.load import Readable, contents
from isic_cli.pictures.png import (
    COLOUR_TYPES,
    GRAY,
    GRAY_ALPHA,
    PALETTE,
    RGB,
    RGBA,
    PngHeader,
    check_png,
)
from isic_cli.superpixel.given import label_image

if TYPE_CHECKING:
    from PIL import Image

logger = logging.getLogger(__name__)

#: Labels must stay below this: three bytes per pixel.
LABEL_LIMIT = 1 << 24
#: Bytes taken from Pillow at a time, of a picture of more than `_SMALL` bytes. What is asked of it
#: whole, it hands over in pieces that are joined: twice the picture in memory that was never
#: touched before, which takes longer than to read the labels from it.
_BAND = 1 << 19
_SMALL = 1 << 22

#: The maps of the archive hold about a thousand superpixels; far more means another kind of file.
_SUSPICIOUS = 4000

LabelImage = npt.NDArray[np.uint8 | np.uint16 | np.uint32]


def _refuse_mode(header: PngHeader, name: str) -> None:
    """Refuse the pixel formats from which labels cannot be read without loss."""
    if header.colour == GRAY_ALPHA:
        raise UsageError(f"{name}: gray with alpha holds no labels")
    if header.colour == GRAY and header.depth < 8:
        raise UsageError(
            f"{name}: a {header.depth}-bit gray picture is a mask or a drawing, not a label map"
        )
    if header.colour in {RGB, RGBA} and header.depth != 8:
        raise UsageError(
            f"{name}: {header.mode}: decoders keep half of each sample, and so lose the labels"
        )
    if header.colour not in COLOUR_TYPES:
        raise CheckError(f"{name}: the header gives colour type {header.colour}")


def decode_png(
    source: Readable | npt.NDArray[np.integer],
    *,
    max_pixels: int = MAX_PIXELS,
    fast: bool | None = None,
) -> LabelImage:
    """Return the labels of a superpixel PNG; see `read_png`.

    An array is taken as the pixels of one: (H, W, 3), uint8, or as labels: (H, W).

    Examples
    --------
    >>> from isic_cli.superpixel import SuperpixelMap, decode_png
    >>> decode_png(SuperpixelMap.from_labels([[0, 1]]).to_png()).tolist()
    [[0, 1]]
    """
    if isinstance(source, np.ndarray):
        return labels_of_array(source)
    return read_png(source, max_pixels=max_pixels, fast=fast)[1]


def read_png(
    source: Readable, *, max_pixels: int = MAX_PIXELS, fast: bool | None = None
) -> tuple[PngHeader, LabelImage]:
    """Return the header of a superpixel PNG and its labels.

    Accepts RGB and RGBA (alpha ignored) and palettes, as `R + (G << 8) + (B << 16)`, and gray of
    8 or 16 bits, whose values are the labels.

    Parameters
    ----------
    source : path, bytes or binary file
    max_pixels : int
        See `check_png`.
    fast : bool, optional
        Whether to decode with imagecodecs instead of Pillow; by default where it is installed.

    Returns
    -------
    header : PngHeader
    labels : ndarray of shape (H, W), uint8, uint16 or uint32, row-major
        The smallest of these types that the pixel format needs; uint32 only when blue is used.

    Raises
    ------
    UsageError
        Not a PNG, too large, or of a pixel format that holds no labels.
    CheckError
        Damaged.
    NotFoundError, LocalError
        The file cannot be read.
    """
    data, name = contents(source, "PNG")
    header = check_png(data, name=name, max_pixels=max_pixels)
    _refuse_mode(header, name)
    return header, _decode(data, header, name, fast=fast)


def _decode(data: bytes, header: PngHeader, name: str, *, fast: bool | None) -> LabelImage:
    if fast is None:
        fast = find_spec("imagecodecs") is not None
    # Of an interlaced file libpng prints a warning of its own.
    if fast and header.colour in {RGB, RGBA} and not header.interlaced:
        return _decode_fast(data, name)
    from PIL import PngImagePlugin

    try:
        # Image.open would apply Pillow's own, lower limit of pixels; ours was applied above.
        with PngImagePlugin.PngImageFile(BytesIO(data)) as picture:
            if header.colour == GRAY:
                return _gray(picture.tobytes(), header)
            if header.colour == PALETTE:
                _check_palette(picture, header, name)
            return _labels_by_bands(picture if picture.mode == "RGB" else picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise CheckError(
            f"{name}: the pixel data is damaged ({error})", hint="fetch it again"
        ) from error


def _check_palette(picture: "Image.Image", header: PngHeader, name: str) -> None:
    """Refuse a pixel whose colour the palette lacks: Pillow takes it for black."""
    if int(np.frombuffer(picture.tobytes(), np.uint8).max()) >= header.palette:
        raise CheckError(
            f"{name}: a pixel's colour is missing from the palette", hint="fetch it again"
        )


def _rows_at_once(height: int, width: int) -> int:
    """Return how many rows a band has: four bytes a pixel of a large picture weigh much."""
    return height if 4 * height * width <= _SMALL else max(1, _BAND // (4 * width))


def _labels_by_bands(picture: "Image.Image") -> LabelImage:
    picture.load()
    width, height = picture.size
    labels: LabelImage = np.empty((height, width), np.uint16)
    step = _rows_at_once(height, width)
    for top in range(0, height, step):
        bottom = min(top + step, height)
        band = picture if step == height else picture.crop((0, top, width, bottom))
        # As Pillow holds them, four bytes each: red, green, blue, and one that says nothing.
        found = np.frombuffer(band.tobytes("raw", "RGBX"), "<u4").reshape(-1, width)
        if labels.itemsize == 2 and int(np.bitwise_or.reduce(found, axis=None)) & 0xFF0000:
            labels = labels.astype(np.uint32)
        labels[top:bottom] = found if labels.itemsize == 2 else found & (LABEL_LIMIT - 1)
    return labels


def _gray(raw: bytes, header: PngHeader) -> LabelImage:
    flat: LabelImage
    flat = (
        np.frombuffer(raw, np.uint8) if header.depth == 8 else np.frombuffer(raw, np.dtype("<u2"))
    )
    return flat.reshape(header.height, header.width)


def _decode_fast(data: bytes, name: str) -> LabelImage:
    imagecodecs = import_module("imagecodecs")
    has_spng = imagecodecs.SPNG.available
    decode = imagecodecs.spng_decode if has_spng else imagecodecs.png_decode
    try:
        pixels = decode(data)
    except (imagecodecs.PngError, imagecodecs.SpngError, ValueError) as error:
        raise CheckError(
            f"{name}: the pixel data is damaged ({error})", hint="fetch it again"
        ) from error
    return labels_from_rgb(pixels[..., :3])


def labels_from_rgb(rgb: npt.NDArray[np.uint8]) -> LabelImage:
    """Return `R + (G << 8) + (B << 16)` of each pixel.

    Parameters
    ----------
    rgb : ndarray of shape (H, W, 3), uint8
        Red, green, blue.

    Returns
    -------
    labels : ndarray of shape (H, W), uint16 or uint32
        uint16 when blue is nowhere used.
    """
    rgb = np.ascontiguousarray(rgb)
    height, width, _ = rgb.shape
    if np.bitwise_or.reduce(rgb.reshape(height, 3 * width), axis=0)[2::3].any():
        labels = rgb[..., 2].astype(np.uint32)
        labels <<= 8
        labels |= rgb[..., 1]
        labels <<= 8
        labels |= rgb[..., 0]
        return labels
    # Red and green lie side by side: a little-endian 16-bit read at each third byte.
    pairs: npt.NDArray[np.uint16] = np.ndarray((height, width), "<u2", rgb.data, 0, (3 * width, 3))
    return pairs.copy()


def warn_of_many(count: int, source: Readable) -> None:
    """Warn of a map with so many labels that it may be none."""
    if count > _SUSPICIOUS:
        name = source if isinstance(source, str | os.PathLike) else "PNG"
        logger.warning("%s: %d different labels: perhaps not a superpixel map", name, count)


def check_range(labels: npt.NDArray[np.integer]) -> None:
    """Refuse labels that three bytes cannot hold."""
    if int(labels.min()) < 0 or int(labels.max()) >= LABEL_LIMIT:
        raise UsageError(
            f"labels run from {labels.min()} to {labels.max()}; "
            f"0 to {LABEL_LIMIT - 1} can be stored"
        )


def labels_of_array(pixels: npt.NDArray[np.integer]) -> LabelImage:
    """Return the labels of an array: of shape (H, W), or the pixels of a map, (H, W, 3), uint8.

    Raises
    ------
    UsageError
        Another shape or type.
    """
    if pixels.ndim == 3 and pixels.shape[2] in {3, 4} and pixels.dtype == np.uint8:
        return labels_from_rgb(pixels[..., :3].astype(np.uint8))
    image = label_image(pixels)
    check_range(image)
    return image.astype(np.uint16 if int(image.max()) < 1 << 16 else np.uint32)


def encode_png(labels: LabelImage, *, text: Mapping[str, str] | None = None) -> bytes:
    """Return the labels as an RGB PNG in the archive's encoding.

    Parameters
    ----------
    labels : ndarray of shape (H, W), unsigned, each value below 2**24
        Row-major.
    text : Mapping[str, str], optional
        `tEXt` chunks to add.

    Examples
    --------
    >>> import numpy as np
    >>> from isic_cli.superpixel import decode_png, encode_png
    >>> decode_png(encode_png(np.array([[3, 700]], np.uint16))).tolist()
    [[3, 700]]
    """
    from PIL import Image, PngImagePlugin

    height, width = labels.shape
    picture = Image.new("RGB", (width, height))
    step = _rows_at_once(height, width)
    for top in range(0, height, step):
        wide = np.ascontiguousarray(labels[top : top + step].astype("<u4", copy=False))
        samples = wide.view(np.uint8).reshape(-1, width, 4)[..., :3]
        band = Image.frombytes("RGB", (width, len(wide)), samples.tobytes())
        picture.paste(band, (0, top))
    info = PngImagePlugin.PngInfo()
    for key, value in (text or {}).items():
        info.add_text(key, value)
    out = BytesIO()
    picture.save(out, "PNG", pnginfo=info)
    return out.getvalue()
