"""Open a picture of any format: one limit of pixels, one orientation rule, errors in words."""

import logging
import os
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from PIL import ExifTags, Image, UnidentifiedImageError

from isic_cli.errors import (
    CheckError,
    DamagedError,
    IsicError,
    LocalError,
    NotAPictureError,
    NotFoundError,
    UnsafeError,
    UsageError,
)
from isic_cli.files.faults import shown, translated
from isic_cli.pictures import MAX_PIXELS
from isic_cli.pictures.whole import stated_size

if TYPE_CHECKING:  # whoever asks for dimensions needs no arrays
    import numpy as np
    import numpy.typing as npt

#: What is read: a path, what a file holds, or a file that is open in binary.
Readable = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]

#: Bytes in which most headers fit.
_HEAD = 4096
_LOGGER = logging.getLogger(__name__)

# Ours decides, and is applied to the header of each picture.
Image.MAX_IMAGE_PIXELS = None

#: The modules whose warnings are ignored, and the filter that ignores them.
_PILLOW = r"PIL\."
_OF_PILLOW = ("ignore", None, Warning, re.compile(_PILLOW), 0)

#: EXIF orientation → what shows the picture upright (Exif 2.32, tag 0x0112).
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: The turns that swap width and height.
SIDEWAYS = frozenset(_TURNS[orientation] for orientation in (5, 6, 7, 8))

#: What Pillow and its plug-ins raise for files that somebody damaged: found by changing bytes.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    MemoryError,
    ArithmeticError,
    TypeError,
    LookupError,
)
_HOSTILE = "A file that claims such a size is usually damaged or hostile."


def _silence_pillow() -> None:
    """Ignore the warnings of Pillow, which name its own files; what is wrong is ours to say.

    `catch_warnings` would do it for a block, but puts back what another thread had changed: after
    two threads had read pictures at once, Python stayed silent for good.
    """
    if _OF_PILLOW not in warnings.filters:
        warnings.filterwarnings("ignore", module=_PILLOW)


@contextmanager
def opened(
    source: Path | str | bytes, *, name: str = "", max_pixels: int = MAX_PIXELS
) -> Iterator[Image.Image]:
    """Open a picture; what Pillow says of it within the block is translated.

    Parameters
    ----------
    source : Path, str or bytes
        The file, or what it holds.
    name : str
        What to call it in messages; its path unless given.
    max_pixels : int
        Refuse larger pictures.

    Raises
    ------
    NotFoundError, LocalError
        The file cannot be read.
    UnsafeError
        It has more than `max_pixels`.
    DamagedError
        It is not a picture, or not a whole one.
    """
    name = name or ("the picture" if isinstance(source, bytes) else shown(source))
    data = source if isinstance(source, bytes) else read_bytes(Path(source))
    try:
        _silence_pillow()
        with Image.open(BytesIO(data)) as image:
            _refuse_size(image, name, max_pixels)
            # Pillow asserts that there is one.
            if image.mode in {"P", "PA"} and image.palette is None:
                raise DamagedError(f"{name} is damaged (its palette is missing)")
            yield image
    except UnidentifiedImageError as error:
        what = "is empty" if not data else "is not a picture"
        raise NotAPictureError(f"{name} {what}") from error
    except _DAMAGE as error:
        raise DamagedError(f"{name} is damaged ({error})") from error


def _refuse_size(image: Image.Image, name: str, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise UnsafeError(
            f"{name}: {image.width}x{image.height} is more than {max_pixels:,} pixels",
            hint=_HOSTILE,
        )


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """Return what shows an opened picture upright; None when it is.

    Pillow itself applies the orientation of a TIFF while loading.
    """
    if image.format == "TIFF":
        return None
    return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))


def dimensions(source: Path) -> tuple[int, int]:
    """Return width and height in pixels without decoding.

    Raises
    ------
    NotFoundError, LocalError, UnsafeError, DamagedError
        As for `opened`.
    """
    with translated(source, "cannot read"), source.open("rb") as file:
        # Ten times as fast as Pillow, which is asked where the first bytes do not tell.
        if (size := stated_size(file.read(_HEAD))) is not None:
            return size
        file.seek(0)
        try:
            _silence_pillow()
            with Image.open(file) as image:
                return image.size
        except _DAMAGE as error:
            raise NotAPictureError(f"{shown(source)} is not a picture") from error


@contextmanager
def logged_errors() -> Iterator[None]:
    """Log what is wrong with a picture that can be done without, and leave the block."""
    try:
        yield
    except IsicError as error:
        _LOGGER.warning("%s", error.message)


def known_dimensions(source: Path) -> tuple[int, int] | None:
    """Return `dimensions`; None, and a log entry, where they cannot be had."""
    with logged_errors():
        return dimensions(source)
    return None


def read_bytes(path: Path) -> bytes:
    """Return the whole file of a picture, map or mask.

    Raises
    ------
    NotFoundError
        No such file.
    LocalError
        A folder, no permission, a failing disk.
    """
    try:
        with translated(path, "cannot read"):
            return path.read_bytes()
    except LocalError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise NotFoundError(f"no such file: {shown(path)}") from error
        raise


def contents(source: Readable, what: str) -> tuple[bytes, str]:
    """Return the bytes of a file that is named, open or given, and what to call it in messages.

    Raises
    ------
    NotFoundError, LocalError
        As for `read_bytes`.
    UsageError
        Something else, or a file that was opened as text.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), what
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return read_bytes(path), shown(path)
    data = source.read() if hasattr(source, "read") else None
    if not isinstance(data, bytes):
        kind = type(source).__name__
        raise UsageError(f"a path, bytes or a file opened in binary are needed, not {kind}")
    name = getattr(source, "name", what)
    return data, name if isinstance(name, str) else what


@contextmanager
def input_errors() -> Iterator[None]:
    """Tell a picture that the user named for what it is: the wrong file, or a damaged one.

    Raises
    ------
    UsageError
        Not a picture, or one of too many pixels.
    CheckError
        A damaged picture.
    """
    try:
        yield
    except (NotAPictureError, UnsafeError) as error:
        raise UsageError(error.message, hint=error.hint) from error
    except DamagedError as error:
        raise CheckError(error.message) from error


def load_rgb(
    source: Readable, *, max_pixels: int = MAX_PIXELS, reduced_by: int = 1
) -> "npt.NDArray[np.uint8]":
    """Return the pixels of a photograph as they are stored: its EXIF orientation is not applied.

    Superpixel maps were made on the stored pixels, so that a rotated photograph would not match.

    Parameters
    ----------
    source : path, bytes or binary file
    max_pixels : int
        Refuse larger pictures.
    reduced_by : int
        Squares of so many pixels a side are averaged, those at the right and bottom edge too.

    Returns
    -------
    rgb : ndarray of shape (H, W, 3), uint8

    Raises
    ------
    NotFoundError, LocalError
        The file cannot be read.
    UsageError, CheckError
        As for `input_errors`.
    """
    import numpy as np

    data, name = contents(source, "the picture")
    with input_errors(), opened(data, name=name, max_pixels=max_pixels) as picture:
        rgb = picture if picture.mode == "RGB" else picture.convert("RGB")
        rgb = rgb.reduce(reduced_by) if reduced_by > 1 else rgb
        pixels = np.frombuffer(rgb.tobytes(), np.uint8)
        return pixels.reshape(rgb.height, rgb.width, 3)
