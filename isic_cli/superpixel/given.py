"""What callers hand in, checked before numpy makes something else of it."""

from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from isic_cli.errors import UsageError
from isic_cli.pictures.load import Readable, load_rgb
from isic_cli.pictures.mask import read_mask
from isic_cli.superpixel.measure import check_size
from isic_cli.superpixel.runs import RowRuns

#: A photograph or a mask: a path, bytes, a file opened in binary, or the array of its pixels.
Picture = Readable | npt.NDArray[np.generic]


def pixels_of(image: Picture) -> npt.NDArray[np.generic]:
    """Return the pixels of a photograph; of a file (H, W, 3), uint8, as they are stored."""
    return image if isinstance(image, np.ndarray) else load_rgb(image)


def photograph_of(runs: RowRuns, image: Picture) -> npt.NDArray[np.uint8]:
    """Return the pixels (H, W, 3), uint8, of the photograph that a map belongs to.

    Raises
    ------
    UsageError
        It has another size, or not three channels of eight bits.
    """
    pixels = pixels_of(image)
    check_size(runs, pixels.shape, "image")
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise UsageError(f"an RGB picture is needed, not {pixels.dtype} {pixels.shape}")
    return pixels.view(np.uint8)


def mask_of(mask: Picture) -> npt.NDArray[np.generic]:
    """Return the pixels of a mask; of a file (H, W), bool: see `pictures.mask`."""
    return mask if isinstance(mask, np.ndarray) else read_mask(mask)


def label_image(labels: npt.ArrayLike) -> npt.NDArray[np.integer]:
    """Return an image of labels as an array, which may be the one that was given.

    Raises
    ------
    UsageError
        Not two-dimensional, empty, or not integers.
    """
    wanted = "labels are a non-empty 2-D array of integers"
    try:
        image = np.asarray(labels)
    except ValueError as error:
        raise UsageError(f"{wanted}, not rows of different lengths") from error
    if image.ndim != 2 or image.size == 0 or image.dtype.kind not in "ui":
        raise UsageError(f"{wanted}, not {image.dtype} {image.shape}")
    return image


def label_number(value: Any) -> int:
    """Return one label: numpy would cut 1.5 to 1, a superpixel that was not asked for.

    Raises
    ------
    UsageError
        Not of an integer type, or so large that no array of labels can have it.
    """
    if getattr(getattr(value, "dtype", None), "kind", "") == "b":  # numpy 2.0 takes it for 0 or 1
        raise _no_label(value)
    try:
        number = index(value)
    except TypeError as error:
        raise _no_label(value) from error
    if number.bit_length() > 63:
        raise _no_label(value)
    return number


def _no_label(value: Any) -> UsageError:
    return UsageError(f"{value!r} is not a label", hint="labels are whole numbers below 2**24")


def rgb_levels(colour: Any) -> list[int]:
    """Return the three levels of a colour: numpy would cut fractions, and choke on a name.

    Raises
    ------
    UsageError
        Not three whole numbers from 0 to 255.
    """
    wrong = f"a colour is three whole numbers from 0 to 255, not {colour!r}"
    try:
        levels = list(map(index, colour))
    except TypeError as error:
        raise UsageError(wrong) from error
    if len(levels) != 3 or not all(0 <= level <= 255 for level in levels):
        raise UsageError(wrong)
    return levels
