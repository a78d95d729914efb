"""What drawn pictures share: text that fits, and a picture file that appears whole."""

from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from isic_cli.errors import UsageError
from isic_cli.files.atomic import replacing_bytes

INK = (34, 34, 34)
FAINT = (120, 120, 120)
PAPER = (255, 255, 255)

_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
#: The largest side that each format can hold, in pixels.
_MOST = {"JPEG": 65_500, "PNG": 100_000, "WEBP": 16_383}

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def font(size: int) -> Font:
    """Return Pillow's own font, so that a picture looks the same on every machine."""
    return ImageFont.load_default(size)


def fitted(text: str, width: float, face: Font) -> str:
    """Return a text that is no wider than `width` pixels, its end cut to … where needed."""
    text = " ".join(text.split())
    if face.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if face.getlength(text[:middle].rstrip() + "…") <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…" if low else ""


def canvas(width: int, height: int, path: Path) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return an empty picture that `path` can hold, and a pen.

    Raises
    ------
    UsageError
        The format is not known or cannot hold so many pixels.
    """
    kind = format_of(path)
    if max(width, height) > _MOST[kind]:
        raise UsageError(
            f"{path}: {width}x{height} pixels are more than {kind} can hold",
            hint="Show fewer images (-l N), more columns or smaller tiles.",
        )
    image = Image.new("RGB", (width, height), PAPER)
    return image, ImageDraw.Draw(image)


def format_of(path: Path) -> str:
    """Return the format that a suffix means.

    Raises
    ------
    UsageError
        Another suffix than .jpg, .png or .webp.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path} is not a picture file", hint="End it in .jpg, .png or .webp.")
    return kind


def save(image: Image.Image, path: Path) -> None:
    """Save a picture; the file is replaced whole or stays as it was.

    Raises
    ------
    LocalError
        When it cannot be written.
    """
    with replacing_bytes(path) as stream:
        image.save(stream, format_of(path), quality=90)
