"""Label images in the files of other tools: `.npy`, `.npz`, TIFF."""

import struct
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from isic_cli.errors import CheckError, UsageError
from isic_cli.superpixel.codec import MAX_PIXELS
from isic_cli.superpixel.photo import read_bytes

SUFFIXES = (".npy", ".npz", ".tif", ".tiff")


def labels_to_file(labels: npt.NDArray[np.uint16 | np.uint32], suffix: str) -> bytes:
    """Return the bytes of a label file.

    Parameters
    ----------
    labels : ndarray of shape (H, W), uint16 or uint32
        Row-major.
    suffix : str
        `.npy`; `.npz` (compressed, the array is called `labels`); `.tif`, `.tiff` (16-bit gray,
        or 32-bit when a label is above 65535).

    Raises
    ------
    UsageError
        Another suffix.
    """
    out = BytesIO()
    if suffix == ".npy":
        np.save(out, labels, allow_pickle=False)
    elif suffix == ".npz":
        np.savez_compressed(out, labels=labels)
    elif suffix in {".tif", ".tiff"}:
        gray = labels if labels.dtype == np.uint16 else labels.astype(np.int32)
        Image.fromarray(gray).save(out, "TIFF", compression="tiff_adobe_deflate")
    else:
        raise UsageError(
            f"labels cannot be written as {suffix or 'a file without suffix'}",
            hint=f"one of {', '.join(SUFFIXES)}",
        )
    return out.getvalue()


def labels_from_file(path: Path) -> npt.NDArray[np.integer]:
    """Read a label file.

    Returns
    -------
    labels : ndarray of shape (H, W), integers

    Raises
    ------
    UsageError
        Another suffix, no array of labels, or a picture that is too large.
    CheckError
        Damaged.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{path}: not a label file", hint=f"one of {', '.join(SUFFIXES)}")
    data = read_bytes(path)
    try:
        if suffix == ".npy":
            return np.asarray(np.load(BytesIO(data), allow_pickle=False))
        if suffix == ".npz":
            with np.load(BytesIO(data), allow_pickle=False) as archive:
                return np.asarray(archive["labels"])
        with Image.open(BytesIO(data)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise UsageError(f"{path}: more than {MAX_PIXELS:,} pixels")
            return np.asarray(picture)
    except KeyError as error:
        raise UsageError(f"{path}: holds no array called 'labels'") from error
    except (OSError, ValueError, EOFError, SyntaxError, struct.error, zipfile.BadZipFile) as error:
        raise CheckError(f"{path}: the file is damaged ({error})") from error
