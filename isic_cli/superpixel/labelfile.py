"""Label images in the files of other tools, `.npy`, `.npz`, TIFF, and as a run cache, `.runs`."""

import math
import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from PIL import Image

from isic_cli.errors import CheckError, DamagedError, UnsafeError, UsageError
from isic_cli.pictures import MAX_PIXELS
from isic_cli.pictures.load import opened, read_bytes
from isic_cli.superpixel.cachefile import read_cache, write_cache
from isic_cli.superpixel.map import SuperpixelMap

SUFFIXES = (".npy", ".npz", ".tif", ".tiff", ".runs")

_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    SyntaxError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,  # an encrypted or exotic archive
)


def map_to_file(pixel_map: SuperpixelMap, suffix: str) -> bytes:
    """Return the bytes of a label file.

    Parameters
    ----------
    pixel_map : SuperpixelMap
        The map.
    suffix : str
        `.npy`; `.npz` (compressed, the array is called `labels`); `.tif`, `.tiff` (16-bit gray,
        or 32-bit when a label is above 65535); `.runs`, which opens fastest.

    Raises
    ------
    UsageError
        Another suffix.
    """
    if suffix == ".runs":
        return write_cache(pixel_map)
    out, labels = BytesIO(), pixel_map.labels
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


def map_from_file(path: Path) -> SuperpixelMap:
    """Read a label file.

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
    if suffix == ".runs":
        return read_cache(path)
    return SuperpixelMap.from_labels(_labels(path, suffix))


def _labels(path: Path, suffix: str) -> npt.NDArray[np.integer]:
    data = read_bytes(path)
    try:
        if suffix == ".npy":
            return _array(BytesIO(data), path)
        if suffix == ".npz":
            with zipfile.ZipFile(BytesIO(data)) as archive, archive.open("labels.npy") as stream:
                return _array(stream, path)
        with opened(data, name=str(path)) as picture:
            return np.asarray(picture)
    except UnsafeError as error:
        raise UsageError(error.message, hint=error.hint) from error
    except DamagedError as error:
        raise CheckError(f"{error.message}: the file is damaged") from error
    except KeyError as error:
        raise UsageError(f"{path}: holds no array called 'labels'") from error
    except _DAMAGED as error:
        raise CheckError(f"{path}: the file is damaged ({error})") from error


def _array(stream: IO[bytes], path: Path) -> npt.NDArray[np.integer]:
    """Read an array; what its header asks for is checked before any memory is taken."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise UsageError(f"{path}: an array of format {version}, which holds no labels")
    if dtype.hasobject:
        raise UsageError(f"{path}: an array of {dtype}, not of numbers")
    if math.prod(shape) > MAX_PIXELS:
        size = "x".join(map(str, shape))
        raise UsageError(f"{path}: {size} is more than {MAX_PIXELS:,} pixels")
    stream.seek(0)
    return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
