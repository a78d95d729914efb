"""The credit and colour profile inside a picture's file, for a picture that is saved anew.

EXIF and XMP are kept as they are but for the orientation, which the pixels have now, and the
size. Sources: Exif 2.32, tags 0x0112, 0xA002 and 0xA003; XMP specification part 1 (ISO 16684-1);
PNG (ISO/IEC 15948), chunk iTXt with the keyword `XML:com.adobe.xmp`.
"""

import re
import struct
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin

#: The longest segment of a JPEG, less its markers and names.
_MOST_BYTES = 65_500
_XMP_KEYWORD = "XML:com.adobe.xmp"
# One blank before it at most: XMP is padded with thousands, each of which would be a beginning.
_ORIENTATION = re.compile(
    rb"""\s?tiff:Orientation=["'][0-9]["']|<tiff:Orientation>\s*[0-9]\s*</tiff:Orientation>"""
)
#: What Pillow raises for EXIF that it can read and not write.
_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, struct.error)
#: What is kept of EXIF that is too long or damaged.
_CREDIT = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
)


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a picture's file says of it.

    Attributes
    ----------
    exif, xmp : bytes
        `b""` for none.
    profile : bytes or None
        The colour profile, where it is one of RGB or grey pixels.
    """

    exif: bytes
    xmp: bytes
    profile: bytes | None

    @classmethod
    def of(cls, image: Image.Image, size: tuple[int, int]) -> "Embedded":
        """Take what an opened picture has.

        Parameters
        ----------
        image : Image
            Its pixels need not be decoded.
        size : tuple of (int, int)
            Width and height in pixels that it will be saved with.
        """
        profile = image.info.get("icc_profile") if image.mode in {"RGB", "L"} else None
        return cls(_exif(image, size), _xmp(image), profile)

    def options(self, format_: str) -> dict[str, Any]:
        """Return the options of Pillow's `save` for `jpg`, `png` or `webp`."""
        found: dict[str, Any] = {"icc_profile": self.profile}
        if self.exif:
            found["exif"] = self.exif
        if self.xmp and format_ == "png":
            info = PngImagePlugin.PngInfo()
            info.add_itxt(_XMP_KEYWORD, self.xmp.decode("utf-8", "replace"))
            found["pnginfo"] = info
        elif self.xmp and (format_ != "jpg" or len(self.xmp) <= _MOST_BYTES):
            found["xmp"] = self.xmp
        return found


def _exif(image: Image.Image, size: tuple[int, int]) -> bytes:
    if not image.info.get("exif") and image.format != "TIFF":
        return b""
    exif = image.getexif()
    if image.format == "TIFF":  # whose other tags are about its pixels
        return _credit_of(exif)
    exif.pop(ExifTags.Base.Orientation, None)
    try:
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        for tag, pixels in zip((0xA002, 0xA003), size, strict=True):
            if tag in inner:
                inner[tag] = pixels
        data = exif.tobytes()
    except _DAMAGE:
        return _credit_of(exif)
    return data if len(data) <= _MOST_BYTES else _credit_of(exif)


def _credit_of(exif: Image.Exif) -> bytes:
    kept = Image.Exif()
    for tag in _CREDIT:
        if isinstance(text := exif.get(tag), str):
            kept[tag] = text
    data = kept.tobytes() if len(kept) else b""
    return data if len(data) <= _MOST_BYTES else b""


def _xmp(image: Image.Image) -> bytes:
    found = image.info.get("xmp", image.info.get(_XMP_KEYWORD, b""))
    data = found.encode() if isinstance(found, str) else bytes(found)
    return _ORIENTATION.sub(b"", data)
