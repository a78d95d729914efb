"""The expensive check: decode a picture to its last row.

It finds what no structure shows in a PNG or TIFF. A JPEG whose scan ends early but has an end
marker still passes: its decoder fills the missing rows with gray and reports nothing.
"""

import sys
from pathlib import Path


def decode_fully(path: Path | str) -> None:
    """Decode every pixel of a picture.

    The caller has compared the pixels with its own limit already, from the header.

    Raises
    ------
    DamagedError
        When a row cannot be decoded.
    """
    from isic_cli.pictures.load import opened

    with opened(Path(path), name="the picture", max_pixels=sys.maxsize) as image:
        image.load()
