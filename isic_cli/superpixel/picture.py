"""Open a picture of any format: too large ones are refused, and errors are in words."""

import warnings
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from isic_cli.errors import UsageError
from isic_cli.superpixel.pngcheck import MAX_PIXELS

_HOSTILE = "a file that claims such a size is usually damaged or hostile"


def open_picture(data: bytes, *, name: str, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Open a picture, its pixels still undecoded.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        What to call it in messages.
    max_pixels : int
        Refuse larger pictures.

    Raises
    ------
    UsageError
        Too large.
    OSError
        No picture; the message says so without the name, for the caller's own sentence.
    """
    if not data:
        raise OSError("the file is empty")
    try:
        with warnings.catch_warnings():
            # Pillow warns of pictures that are larger than its own limit; ours decides.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(data))
    except UnidentifiedImageError as error:
        raise OSError("not a picture") from error  # Pillow's text names an object in memory
    except Image.DecompressionBombError as error:
        raise UsageError(f"{name}: far too many pixels", hint=_HOSTILE) from error
    if picture.width * picture.height > max_pixels:
        raise UsageError(
            f"{name}: {picture.width}x{picture.height} is more than {max_pixels:,} pixels",
            hint=_HOSTILE,
        )
    return picture
