"""Open a picture, with its errors translated, and know how it is to be turned."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, UnidentifiedImageError

from isic_cli.errors import LocalError, TransferError

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


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[Image.Image]:
    """Open a picture; what Pillow says of it within the block is translated.

    Raises
    ------
    LocalError
        The file cannot be read.
    TransferError
        It is no whole picture.
    """
    try:
        with Image.open(source) as image:
            yield image
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise TransferError(f"{_name(source)} is no picture: {error}") from error
    except OSError as error:
        if error.errno is not None:
            raise LocalError(f"cannot read {_name(source)}: {error.strerror}") from error
        raise TransferError(f"{_name(source)} is damaged: {error}") from error


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """Return what shows an opened picture upright; None when it is.

    Of a TIFF Pillow itself applies the orientation while loading.
    """
    if image.format == "TIFF":
        return None
    return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))


def _name(source: Path | BinaryIO) -> str:
    return source.name if isinstance(source, Path) else "the picture"
