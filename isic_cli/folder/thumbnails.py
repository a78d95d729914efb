"""Draw the thumbnail of a picture of a folder when somebody asks for it."""

import io
from functools import lru_cache
from pathlib import Path

from isic_cli.pictures.load import logged_errors, opened

#: The longer side of a thumbnail, in pixels, as the archive's own.
THUMBNAIL_SIDE = 256


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
    body = io.BytesIO()
    with logged_errors(), opened(path) as picture:
        # JPEG decodes straight to a fraction of its size: a third of the time.
        picture.draft("RGB", (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
        small = picture.convert("RGB")
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        small.save(body, "JPEG", quality=85)
        return body.getvalue()
    return None
