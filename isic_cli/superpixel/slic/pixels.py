"""The pixels of a photograph, as the archive saw them.

JPEG decoders differ: the Independent JPEG Group's libjpeg 9, which the archive used, scales up
4:2:0 colour otherwise than libjpeg-turbo, which Pillow uses, so that many pixels differ a little,
and with them the superpixels.
"""

import platform
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isic_cli.distribution import install_extra
from isic_cli.errors import CheckError, UsageError
from isic_cli.pictures.load import load_rgb, read_bytes

LIBJPEG = "9d"
#: The library's version is a setting of the whole process.
_LOCK = threading.Lock()

_APPROXIMATE = "--method approximate makes a map that is near it, never to be joined to the "
_HINT = _APPROXIMATE + "archive's feature arrays"


def decoder_hint(system: str, machine: str) -> str:
    """Say how to come by the decoder on a machine, by `platform.system()` and `machine()`.

    Of the JPEG decoders in Pillow and imagecodecs none can stand in: both are libjpeg-turbo, and
    differ in 7 to 30 % of the pixels of the archive's photographs.
    """
    if system == "Windows" or (system == "Linux" and machine != "x86_64"):
        return f"jpeglib, which has it, has no wheel for {system} on {machine}: use another machine"
    return install_extra("superpixel")


def ijg_pixels(path: Path) -> npt.NDArray[np.uint8]:
    """Decode a JPEG with the IJG's libjpeg 9.

    Returns
    -------
    rgb : ndarray of shape (H, W, 3), uint8
        As stored: EXIF orientation is not applied.

    Raises
    ------
    UsageError
        Not a colour JPEG, or the optional decoder is not installed.
    CheckError
        The JPEG is damaged.
    """
    if not read_bytes(path).startswith(b"\xff\xd8"):
        raise UsageError(
            f"{path}: not a JPEG: the archive's map was made from the JPEG that it serves",
            hint=_HINT,
        )
    if find_spec("jpeglib") is None:
        raise UsageError(
            f"{path}: the archive's map needs the JPEG decoder that the archive used",
            hint=f"{decoder_hint(platform.system(), platform.machine())}; {_HINT}",
        )
    # libjpeg ends the whole process at some damaged files: Pillow must have read it first.
    shape = load_rgb(path).shape
    jpeglib = import_module("jpeglib")
    with _LOCK:
        before = jpeglib.version.get()
        jpeglib.version.set(LIBJPEG)
        try:
            pixels = np.asarray(jpeglib.read_spatial(str(path)).spatial)
        except (OSError, RuntimeError, ValueError) as error:
            raise CheckError(f"{path}: the JPEG is damaged ({error})") from error
        finally:
            jpeglib.version.set(before)
    if pixels.shape != shape:
        raise UsageError(
            f"{path}: not an RGB JPEG, of which alone the archive's map is known", hint=_HINT
        )
    return pixels
