"""The pixels of a photograph, and the blurred colours that the clustering sees of them.

JPEG decoders differ: the Independent JPEG Group's libjpeg 9, which the archive used, scales up
4:2:0 colour otherwise than libjpeg-turbo, which Pillow uses, so that many pixels differ a little,
and with them the superpixels.

The order of operations is that of scikit-image before 0.17 on one plane of depth: divide by 255,
blur along depth, rows and columns, then sRGB to CIE Lab, without rescaling.
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


def require_decoder(which: str = "") -> None:
    """Raise UsageError, with `which` picture before it, where the archive's decoder is missing."""
    if find_spec("jpeglib") is None:
        raise UsageError(
            f"{which}the archive's map needs the JPEG decoder that the archive used",
            hint=f"{decoder_hint(platform.system(), platform.machine())}; {_HINT}",
        )


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
    require_decoder(f"{path}: ")
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


Float64 = npt.NDArray[np.float64]

SIGMA = 2.0
#: Kernel radius in pixels: four standard deviations.
RADIUS = int(4 * SIGMA + 0.5)
#: Rows worked on together, so that the intermediate planes stay in the processor's cache.
_BAND = 32

#: Linear sRGB to CIE XYZ, D65 (IEC 61966-2-1).
_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
_WHITE = (0.95047, 1.0, 1.08883)


def gaussian_kernel() -> Float64:
    """Return half the Gaussian kernel: ndarray of shape (RADIUS + 1,), centre first."""
    offsets = np.arange(-RADIUS, RADIUS + 1)
    weights = np.exp(-0.5 / (SIGMA * SIGMA) * offsets**2)
    half: Float64 = (weights / weights.sum())[RADIUS:]
    return half


def _weigh(samples: list[Float64], out: Float64, scratch: Float64, kernel: Float64) -> None:
    """Sum symmetric pairs of shifted samples into `out`, outermost pair first."""
    np.multiply(samples[RADIUS], kernel[0], out=out)
    for distance in range(RADIUS, 0, -1):
        np.add(samples[RADIUS - distance], samples[RADIUS + distance], out=scratch)
        scratch *= kernel[distance]
        out += scratch


def _mirrored(length: int) -> npt.NDArray[np.int64]:
    """Return the positions of a line extended at both ends by reflection (d c b a|a b c d|d c)."""
    period = 2 * length
    positions = np.arange(-RADIUS, length + RADIUS) % period
    return np.minimum(positions, period - 1 - positions)


def blurred(rgb: npt.NDArray[np.uint8]) -> Float64:
    """Return the photograph blurred with a Gaussian of 2 pixels.

    Parameters
    ----------
    rgb : ndarray of shape (H, W, 3), uint8

    Returns
    -------
    planes : ndarray of shape (3, H, W), float64
        0.0 to 1.0, mirrored at the edges.
    """
    height, width, _ = rgb.shape
    kernel = gaussian_kernel()
    # Blurring along a depth of one multiplies by a sum of weights, 1 but for the last bit: done
    # on the 256 possible values instead of on every pixel.
    depth = np.empty(256)
    levels = np.arange(256) / 255
    _weigh([levels] * (2 * RADIUS + 1), depth, np.empty(256), kernel)
    rows, columns = _mirrored(height), _mirrored(width)
    out = np.empty((3, height, width))
    for channel in range(3):
        plane = depth[rgb[..., channel]]
        for top in range(0, height, _BAND):
            band = min(_BAND, height - top)
            source = plane[rows[top : top + band + 2 * RADIUS]]
            down = np.empty((band, width))
            views = [source[k : k + band] for k in range(2 * RADIUS + 1)]
            _weigh(views, down, np.empty_like(down), kernel)
            wide = down[:, columns]
            views = [wide[:, k : k + width] for k in range(2 * RADIUS + 1)]
            _weigh(views, out[channel, top : top + band], down, kernel)
    return out


def to_lab(planes: Float64) -> Float64:
    """Turn sRGB planes into CIE Lab, in place.

    Parameters
    ----------
    planes : ndarray of shape (3, H, W), float64
        sRGB, 0.0 to 1.0; overwritten.

    Returns
    -------
    planes : ndarray of shape (3, H, W), float64
        L (0 to 100), a, b; the same array.
    """
    for top in range(0, planes.shape[1], _BAND):
        band = planes[:, top : top + _BAND]
        linear = np.where(band > 0.04045, ((band + 0.055) / 1.055) ** 2.4, band / 12.92)
        xyz = np.tensordot(_XYZ, linear, axes=1)
        for channel, white in enumerate(_WHITE):
            xyz[channel] /= white
        fx, fy, fz = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16.0 / 116.0)
        band[0] = 116.0 * fy - 16.0
        band[1] = 500.0 * (fx - fy)
        band[2] = 200.0 * (fy - fz)
    return planes
