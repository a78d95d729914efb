"""Read a mask: which pixels of an image are inside.

Masks come as 0 and 255, 0 and 1, one bit, a palette, three equal channels, sixteen bits, with a
transparent outside, or with smooth edges. The values of the picture decide:

* one value: everything is outside when it is 0, else inside;
* two values: the higher one is inside;
* 0, 128 and 255, as the studies of the archive wrote them: 128 ("possible") and 255 are inside;
* more values, nearly all of them close to black or to white (smooth edges, JPEG): half of the
  full brightness and above is inside;
* anything else is a picture of something, and refused.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from isic_cli.errors import UsageError
from isic_cli.pictures import MAX_PIXELS
from isic_cli.pictures.load import Readable, contents, input_errors, opened, read_bytes
from isic_cli.pictures.png import check_png
from isic_cli.pictures.png_rows import grey_rows
from isic_cli.pictures.whole import PNG

Mask = npt.NDArray[np.bool_]
Grey = npt.NDArray[np.unsignedinteger]

#: The three levels of a study's mask, of 255.
_LEVELS = {0, 128, 255}
#: How near to black or white the pixels of a smooth mask are, as a share of the full brightness,
_NEAR = 1 / 8
#: and how many of them.
_MOST_SMOOTH = 0.9


def read_mask(source: Readable, *, max_pixels: int = MAX_PIXELS) -> Mask:
    """Read a mask by its values from a path, bytes or a binary file; see the module.

    Returns
    -------
    mask : ndarray of shape (H, W), bool

    Raises
    ------
    NotFoundError, LocalError
        The file cannot be read.
    UsageError
        A picture that is not a mask, or too large.
    CheckError
        A damaged file.
    """
    data, name = contents(source, "the mask")
    return inside(grey_of(data, name=name, max_pixels=max_pixels), name=name)


def read_grey(path: Path, *, max_pixels: int = MAX_PIXELS) -> Grey:
    """Return the values of a mask's file; a palette without grey gives its numbers.

    Returns
    -------
    values : ndarray of shape (H, W), uint8 or uint16

    Raises
    ------
    NotFoundError, LocalError, UsageError, CheckError
        As for `read_mask`.
    """
    return grey_of(read_bytes(path), name=str(path), max_pixels=max_pixels)


def grey_of(data: bytes, *, name: str, max_pixels: int = MAX_PIXELS) -> Grey:
    """Return the values of a mask from what its file holds; see `read_grey`."""
    if data.startswith(PNG):
        check_png(data, name=name, max_pixels=max_pixels)
    with input_errors(), opened(data, name=name, max_pixels=max_pixels) as picture:
        return _grey(picture, name)


def read_plain_mask(data: bytes, *, name: str, max_pixels: int = MAX_PIXELS) -> Grey:
    """Return the values of a mask as the challenges take it: a PNG of one channel, or of one bit.

    Returns
    -------
    values : ndarray of shape (H, W), uint8

    Raises
    ------
    UsageError
        Another kind of picture, or of channels.
    CheckError
        A damaged file.
    """
    if not data.startswith(PNG):
        raise UsageError(f"{name} is not a PNG")
    pixels = grey_rows(data, check_png(data, name=name, max_pixels=max_pixels))
    if pixels is not None:
        return pixels
    with input_errors(), opened(data, name=name, max_pixels=max_pixels) as picture:
        if picture.mode not in {"1", "L"}:
            raise UsageError(f"{name} has the channels {picture.mode}, and not one of grey")
        return np.asarray(picture.convert("L") if picture.mode == "1" else picture)


def _grey(picture: Image.Image, name: str) -> Grey:
    if picture.mode == "1":
        return np.asarray(picture.convert("L"))
    if picture.mode.startswith("I"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in {"L", "LA", "RGB", "RGBA", "P", "PA"}:
        channels = np.asarray(picture.convert("RGBA"))
        grey, alpha = channels[..., 0], channels[..., 3]
        if (channels[..., :3] == grey[..., np.newaxis]).all():
            # A mask may be drawn in one colour whose outside is transparent.
            return alpha if np.ptp(grey) == 0 and np.ptp(alpha) else grey
        if picture.mode == "P":
            return np.asarray(picture)
        raise UsageError(f"{name}: a coloured picture, not a mask")
    raise UsageError(f"{name}: a picture of mode {picture.mode}, not a mask")


def inside(grey: Grey, *, name: str) -> Mask:
    """Return which pixels are inside; see the module.

    Parameters
    ----------
    grey : ndarray of shape (H, W), uint8 or uint16
    name : str
        What to call it in messages.

    Raises
    ------
    UsageError
        For values that are not those of a mask.
    """
    values = np.unique(grey)
    if values.size == 1:
        return np.full(grey.shape, bool(values[0]), np.bool_)
    if values.size == 2:
        return np.asarray(grey == values[1], np.bool_)
    full = 255 if grey.dtype == np.uint8 else 65_535
    if not (full == 255 and set(values.tolist()) == _LEVELS) and not _is_smooth(grey, full):
        raise UsageError(
            f"{name}: {values.size} values from {values[0]} to {values[-1]}, not a mask",
            hint="A mask has two values, or smooth edges between black and white.",
        )
    return np.asarray(grey >= (full + 1) // 2, np.bool_)


def _is_smooth(grey: Grey, full: int) -> bool:
    """Whether nearly all pixels are close to black or to white, and there are some of both."""
    black, white = grey <= full * _NEAR, grey >= full * (1 - _NEAR)
    return bool(black.any() and white.any() and (black | white).mean() >= _MOST_SMOOTH)
