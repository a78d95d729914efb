"""The PNG of a superpixel map: checked chunk by chunk, then decoded to labels, and back.

In the archive's maps a pixel's label is `R + (G << 8) + (B << 16)`. Decoders accept files that
are damaged in ways that change labels, so that the chunk checksums are verified here first.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO

import numpy as np
import numpy.typing as npt

from isic_cli.errors import CheckError, UsageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Labels must stay below this: three bytes per pixel.
LABEL_LIMIT = 1 << 24
#: Pixels that a map may have at most, unless the caller allows more.
MAX_PIXELS = 200_000_000

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
_NAMES = {GRAY: "gray", RGB: "RGB", PALETTE: "palette", GRAY_ALPHA: "gray+alpha", RGBA: "RGBA"}

LabelImage = npt.NDArray[np.uint8 | np.uint16 | np.uint32]


@dataclass(frozen=True, slots=True)
class PngHeader:
    """What a PNG says of itself, its checksums verified.

    Attributes
    ----------
    width, height : int
        Pixels.
    depth : int
        Bits per sample.
    colour : int
        PNG colour type: 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGBA.
    interlaced : bool
        Adam7; the archive's maps never are.
    text : Mapping[str, str]
        The `tEXt` chunks.
    """

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    text: Mapping[str, str] = field(default_factory=dict)

    @property
    def mode(self) -> str:
        """Colour type and depth in words, such as "RGB 8-bit"."""
        return f"{_NAMES.get(self.colour, f'colour type {self.colour}')} {self.depth}-bit"


def _chunks(data: bytes, name: str) -> Iterator[tuple[bytes, memoryview]]:
    """Yield type and body of each chunk up to IEND; refuse a wrong checksum or a cut file."""
    view = memoryview(data)
    position = len(SIGNATURE)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 12 + length
        if end > len(data):
            break
        kind = bytes(view[position + 4 : position + 8])
        (stored,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(view[position + 4 : end - 4]) != stored:
            raise CheckError(
                f"{name}: the checksum of a {kind.decode('latin-1')} chunk is wrong",
                hint="the file is damaged; labels read from it could be wrong; fetch it again",
            )
        yield kind, view[position + 8 : end - 4]
        if kind == b"IEND":
            return
        position = end
    raise CheckError(
        f"{name}: the file is cut short: it ends before its IEND chunk",
        hint="fetch it again",
    )


def _refuse_foreign(data: bytes, name: str) -> None:
    if data.startswith(SIGNATURE):
        return
    if data.startswith(b"\xff\xd8"):
        raise UsageError(
            f"{name}: a JPEG, whatever its name says",
            hint="JPEG compression changes the labels for good; use the original PNG",
        )
    raise UsageError(f"{name}: not a PNG file" if data else f"{name}: the file is empty")


def check_png(data: bytes, *, name: str = "PNG", max_pixels: int = MAX_PIXELS) -> PngHeader:
    """Verify signature, header, every chunk's checksum and the end, before any decoding.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        What to call it in messages.
    max_pixels : int
        Refuse larger pictures: a header of a few bytes can ask for gigabytes.

    Raises
    ------
    UsageError
        Not a PNG, or more than `max_pixels`.
    CheckError
        Damaged: a checksum, the end, the header or the pixel data is wrong or missing.
    """
    _refuse_foreign(data, name)
    header: PngHeader | None = None
    text: dict[str, str] = {}
    pixels = False
    for kind, body in _chunks(data, name):
        if header is None:
            header = _header(kind, body, name, max_pixels)
        elif kind == b"IDAT":
            pixels = pixels or len(body) > 0
        elif kind == b"tEXt":
            key, _, value = bytes(body).partition(b"\0")
            text[key.decode("latin-1")] = value.decode("latin-1")
    if header is None or not pixels:
        raise CheckError(f"{name}: the file holds no pixel data", hint="fetch it again")
    return PngHeader(
        header.width, header.height, header.depth, header.colour, header.interlaced, text
    )


def _header(kind: bytes, body: memoryview, name: str, max_pixels: int) -> PngHeader:
    if kind != b"IHDR" or len(body) != 13:
        raise CheckError(f"{name}: the file does not begin with a PNG header")
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
    if not width or not height:
        raise CheckError(f"{name}: the header gives a size of {width}x{height}")
    if width * height > max_pixels:
        raise UsageError(
            f"{name}: {width}x{height} is more than {max_pixels:,} pixels",
            hint="a file that claims such a size is usually damaged or hostile",
        )
    return PngHeader(width, height, depth, colour, bool(interlace))


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
    if header.colour not in _NAMES:
        raise CheckError(f"{name}: the header gives colour type {header.colour}")


def decode_png(
    data: bytes,
    *,
    name: str = "PNG",
    max_pixels: int = MAX_PIXELS,
    header: PngHeader | None = None,
    fast: bool | None = None,
) -> LabelImage:
    """Return the labels of a superpixel PNG.

    Accepts RGB and RGBA (alpha ignored) and palettes, as `R + (G << 8) + (B << 16)`, and gray of
    8 or 16 bits, whose values are the labels.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        What to call it in messages.
    max_pixels : int
        See `check_png`.
    header : PngHeader, optional
        What `check_png` returned for these bytes, when it was called already.

    fast : bool, optional
        Whether to decode with imagecodecs instead of Pillow; by default where it is installed.

    Returns
    -------
    labels : ndarray of shape (H, W), uint8, uint16 or uint32, row-major
        The smallest of these types that the pixel format needs; uint32 only when blue is used.

    Raises
    ------
    UsageError
        Not a PNG, too large, or of a pixel format that holds no labels.
    CheckError
        Damaged.
    """
    if header is None:
        header = check_png(data, name=name, max_pixels=max_pixels)
    _refuse_mode(header, name)
    if fast is None:
        fast = find_spec("imagecodecs") is not None
    if fast and header.colour in {RGB, RGBA}:
        return _decode_fast(data, name)
    from PIL import PngImagePlugin

    try:
        # Image.open would apply Pillow's own, lower limit of pixels; ours was applied above.
        with PngImagePlugin.PngImageFile(BytesIO(data)) as picture:
            if header.colour == GRAY:
                return _gray(picture.tobytes(), header)
            rgb = picture if picture.mode == "RGB" else picture.convert("RGB")
            pixels = np.frombuffer(rgb.tobytes(), np.uint8)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
        raise CheckError(
            f"{name}: the pixel data is damaged ({error})", hint="fetch it again"
        ) from error
    return labels_from_rgb(pixels.reshape(header.height, header.width, 3))


def _gray(raw: bytes, header: PngHeader) -> LabelImage:
    flat: LabelImage
    flat = (
        np.frombuffer(raw, np.uint8) if header.depth == 8 else np.frombuffer(raw, np.dtype("<u2"))
    )
    return flat.reshape(header.height, header.width)


def _decode_fast(data: bytes, name: str) -> LabelImage:
    imagecodecs = import_module("imagecodecs")
    try:
        pixels = imagecodecs.png_decode(data)
    except (imagecodecs.PngError, ValueError) as error:
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


def encode_png(labels: LabelImage, *, text: Mapping[str, str] | None = None) -> bytes:
    """Return the labels as an RGB PNG in the archive's encoding.

    Parameters
    ----------
    labels : ndarray of shape (H, W), unsigned, each value below 2**24
        Row-major.
    text : Mapping[str, str], optional
        `tEXt` chunks to add.
    """
    from PIL import Image, PngImagePlugin

    height, width = labels.shape
    wide = labels.astype("<u4", copy=False)
    samples = np.ascontiguousarray(wide).view(np.uint8).reshape(height, width, 4)
    picture = Image.frombytes("RGB", (width, height), samples[..., :3].tobytes())
    info = PngImagePlugin.PngInfo()
    for key, value in (text or {}).items():
        info.add_text(key, value)
    out = BytesIO()
    picture.save(out, "PNG", pnginfo=info)
    return out.getvalue()
