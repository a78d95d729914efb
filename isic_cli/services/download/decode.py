"""The dear check: decode a picture to its last row.

It finds what no structure shows in a PNG or TIFF. A JPEG whose scan ends early but has an end
marker still passes: its decoder fills the missing rows with gray and tells nobody.
"""

import zlib
from pathlib import Path

from isic_cli.errors import DamagedError


def decode_fully(path: Path | str) -> None:
    """Decode every pixel of a picture.

    The caller has compared the pixels with its own limit already, from the header.

    Raises
    ------
    DamagedError
        When a row cannot be decoded.
    """
    from PIL import Image

    # Pillow's own limit warns above 89 million pixels, which confocal mosaics exceed; ours,
    # which can be set, was applied to the header before.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, SyntaxError, ValueError, EOFError, zlib.error, MemoryError) as error:
        why = str(error).replace(str(path), "it")
        raise DamagedError(f"a picture that does not decode: {why}") from error
