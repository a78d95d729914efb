"""The dimensions of a picture, from its header, and its thumbnail."""

import io
import logging
from functools import lru_cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

logger = logging.getLogger(__name__)

#: The longer side of a thumbnail, in pixels, as the archive's own.
THUMBNAIL_SIDE = 256
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def dimensions(path: Path) -> tuple[int, int] | None:
    """Return width and height in pixels without decoding; None for a broken picture."""
    try:
        with Image.open(path) as picture:
            return picture.size
    except _BROKEN as error:
        logger.warning("%s is no readable picture: %s", path, error)
        return None


def thumbnail(path: Path) -> bytes | None:
    """Draw the thumbnail of a picture: a JPEG of at most 256 by 256 pixels; None if broken."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        return None
    return _drawn(path, changed)


# A client asks for the head of a thumbnail and then for its bytes; ten kilobytes each.
@lru_cache(maxsize=64)
def _drawn(path: Path, changed: int) -> bytes | None:
    del changed  # part of the key: a picture that was replaced gets a new thumbnail
    try:
        with Image.open(path) as picture:
            # JPEG decodes straight to a fraction of its size: a third of the time.
            picture.draft("RGB", (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
            small = picture.convert("RGB")
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        body = io.BytesIO()
        small.save(body, "JPEG", quality=85)
    except _BROKEN as error:
        logger.warning("%s is no readable picture: %s", path, error)
        return None
    return body.getvalue()
