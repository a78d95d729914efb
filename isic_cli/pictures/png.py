"""Check a PNG chunk by chunk, before anything is decoded.

Decoders accept files that are damaged in ways that change labels: a wrong checksum, a missing end,
a palette that is too short.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from isic_cli.errors import CheckError, DamagedError, UsageError
from isic_cli.pictures import MAX_PIXELS
from isic_cli.pictures.load import Readable, contents
from isic_cli.pictures.whole import PNG, png_chunks

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
COLOUR_TYPES = {
    GRAY: "gray",
    RGB: "RGB",
    PALETTE: "palette",
    GRAY_ALPHA: "gray+alpha",
    RGBA: "RGBA",
}


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
    palette : int
        Colours in the palette; 0 where there is none.

    Examples
    --------
    >>> from isic_cli.superpixel import SuperpixelMap, check_png
    >>> header = check_png(SuperpixelMap.from_labels([[0, 1]]).to_png())
    >>> header.width, header.height, header.mode
    (2, 1, 'RGB 8-bit')
    """

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    text: Mapping[str, str] = field(default_factory=dict)
    palette: int = 0

    @property
    def mode(self) -> str:
        """Colour type and depth in words, such as "RGB 8-bit"."""
        return f"{COLOUR_TYPES.get(self.colour, f'colour type {self.colour}')} {self.depth}-bit"


def chunks(data: bytes, name: str) -> Iterator[tuple[bytes, memoryview]]:
    """Yield type and body of each chunk; refuse a wrong checksum or a cut file."""
    view = memoryview(data)
    try:
        for kind, start, length in png_chunks(lambda at, most: data[at : at + most], len(data)):
            yield kind, view[start : start + length]
    except DamagedError as error:
        raise CheckError(f"{name}: {error.message}", hint="fetch it again") from error


def png_bytes(pixels: npt.NDArray[np.generic], *, level: int = 6) -> bytes:
    """Return an array of shape (H, W), (H, W, 3) or (H, W, 4), uint8, as a PNG.

    A lower `level`, of zlib, is written faster and takes more bytes.
    """
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=level)
    return out.getvalue()


def _refuse_foreign(data: bytes, name: str) -> None:
    if data.startswith(PNG):
        return
    if data.startswith(b"\xff\xd8"):
        raise UsageError(
            f"{name}: a JPEG, whatever its name says",
            hint="JPEG compression changes the labels for good; use the original PNG",
        )
    if not data:
        raise CheckError(f"{name}: the file is empty", hint="fetch it again")
    raise UsageError(f"{name}: not a PNG file")


def check_png(source: Readable, *, name: str = "", max_pixels: int = MAX_PIXELS) -> PngHeader:
    """Verify signature, header, every chunk's checksum and the end, before any decoding.

    Parameters
    ----------
    source : path, bytes or binary file
    name : str
        What to call it in messages; its path unless given.
    max_pixels : int
        Refuse larger pictures: a header of a few bytes can ask for gigabytes.

    Raises
    ------
    UsageError
        Not a PNG, or more than `max_pixels`.
    CheckError
        Damaged: a checksum, the end, the header or the pixel data is wrong or missing.
    NotFoundError, LocalError
        The file cannot be read.

    Examples
    --------
    >>> from isic_cli.superpixel import SuperpixelMap, check_png
    >>> check_png(SuperpixelMap.from_labels([[0, 1]]).to_png()).interlaced
    False
    """
    data, found = contents(source, "PNG")
    name = name or found
    _refuse_foreign(data, name)
    header: PngHeader | None = None
    text: dict[str, str] = {}
    pixels, colours = False, 0
    for kind, body in chunks(data, name):
        if header is None:
            header = _header(kind, body, name, max_pixels)
        elif kind == b"IDAT":
            pixels = pixels or len(body) > 0
        elif kind == b"PLTE":
            colours = len(body) // 3
        elif kind == b"tEXt":
            key, _, value = bytes(body).partition(b"\0")
            text[key.decode("latin-1")] = value.decode("latin-1")
    if header is None or not pixels:
        raise CheckError(f"{name}: the file holds no pixel data", hint="fetch it again")
    if header.colour == PALETTE and not colours:
        raise CheckError(f"{name}: the palette is missing", hint="fetch it again")
    return replace(header, text=text, palette=colours)


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
