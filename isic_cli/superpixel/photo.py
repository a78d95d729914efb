"""Read files and photographs, with the errors of the house."""

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isic_cli.errors import CheckError, LocalError, NotFoundError, UsageError
from isic_cli.superpixel.picture import open_picture
from isic_cli.superpixel.pngcheck import MAX_PIXELS


def read_bytes(path: Path) -> bytes:
    """Return the whole file, with the errors of the house.

    Raises
    ------
    NotFoundError
        No such file.
    LocalError
        A folder, no permission, a failing disk.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"no such file: {path}") from error
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror}") from error


def load_rgb(path: Path, *, max_pixels: int = MAX_PIXELS) -> npt.NDArray[np.uint8]:
    """Return the pixels of a photograph as they are stored: its EXIF orientation is not applied.

    Superpixel maps were made on the stored pixels, so that a rotated photograph would not match.

    Returns
    -------
    rgb : ndarray of shape (H, W, 3), uint8

    Raises
    ------
    NotFoundError, LocalError
        The file cannot be read.
    UsageError
        Not a picture, or more than `max_pixels`.
    CheckError
        The picture is damaged.
    """
    data = read_bytes(path)
    try:
        picture = open_picture(data, name=str(path), max_pixels=max_pixels)
    except (OSError, SyntaxError, ValueError) as error:
        raise UsageError(f"{path}: not a picture that can be read ({error})") from error
    with picture:
        try:
            rgb = picture if picture.mode == "RGB" else picture.convert("RGB")
            pixels = np.frombuffer(rgb.tobytes(), np.uint8)
        except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
            raise CheckError(f"{path}: the picture is damaged ({error})") from error
        return pixels.reshape(rgb.height, rgb.width, 3)
