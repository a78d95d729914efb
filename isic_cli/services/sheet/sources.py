"""Pictures in folders, whatever their names: without thumbnails, masks and superpixel maps."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from isic_cli.files.walk import walk
from isic_cli.folder.scan import MASK, SUPERPIXELS, THUMBNAIL

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})

#: Where `isic study download` puts what annotators drew.
_OF_STUDY = re.compile(r"[\\/]studies[\\/][0-9]+[\\/]masks[\\/][^\\/]*$")

_BESIDE = (THUMBNAIL, SUPERPIXELS, MASK)


def pictures_in(folder: Path) -> Iterator[str]:
    """Yield the paths of pictures in a folder and those below, sorted by name in each.

    Hidden files and folders, symbolic links to folders, and the masks of downloaded studies are
    passed over.

    Raises
    ------
    NotFoundError, LocalError
        The folder is not there, is a file, or cannot be read.
    """
    return (
        entry.path
        for entry in walk(folder)
        if _is_picture(entry.name) and not _OF_STUDY.search(entry.path)
    )


def _is_picture(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES and not any(  # noqa: PTH122 - plain text is ten times faster here
        pattern.fullmatch(name) for pattern in _BESIDE
    )
