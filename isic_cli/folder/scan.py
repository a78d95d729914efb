"""What lies in a folder: pictures, thumbnails, superpixel maps and masks, told apart by name.

A picture is `ISIC_` and seven digits with the suffix of a picture, and nothing else in its
name: the challenges lay `ISIC_0000000_superpixels.png` and `ISIC_0000000_segmentation.png`
beside their JPEGs, and those are no pictures.
"""

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

from isic_cli.errors import LocalError, NotFoundError
from isic_cli.files.walk import walk
from isic_cli.models.ids import id_pattern

logger = logging.getLogger(__name__)

PICTURE = id_pattern(r"\.(?:jpe?g|png|tiff?)")
THUMBNAIL = id_pattern(r"_thumbnail\.jpe?g")
SUPERPIXELS = id_pattern(r"_superpixels(?:_v[0-9.]+)?\.png")
MASK = id_pattern(r"_(?:segmentation|attribute_\w+|expert\w*)\.png")

#: Studies keep masks of their own, served below the study.
_STUDIES = "studies"


@dataclass
class Contents:
    """The files of a folder.

    Attributes
    ----------
    pictures, thumbnails, superpixels : dict of str to str
        Paths by ISIC id: as text, since to make a hundred thousand `Path` takes a second.
    masks : dict of str to str
        Paths by file name.
    """

    pictures: dict[str, str] = field(default_factory=dict)
    thumbnails: dict[str, str] = field(default_factory=dict)
    superpixels: dict[str, str] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)


def scan(folder: Path) -> Contents:
    """Find every file that an archive can serve, in `folder` and the folders below it.

    Hidden folders and symbolic links to folders are passed over. Of two pictures with one id
    the first by path counts, and the other is reported.

    Raises
    ------
    LocalError
        For a folder that cannot be read.
    """
    contents = Contents()
    try:
        for entry in walk(folder, without=(_STUDIES,)):
            _sort_in(contents, entry)
    except NotFoundError as error:
        raise LocalError(f"cannot read {folder}: there is no such folder") from error
    return contents


def _sort_in(contents: Contents, entry: os.DirEntry[str]) -> None:
    name = entry.name
    if match := PICTURE.fullmatch(name):
        _keep(contents.pictures, match[1].upper(), entry.path)
    elif match := THUMBNAIL.fullmatch(name):
        _keep(contents.thumbnails, match[1].upper(), entry.path)
    elif match := SUPERPIXELS.fullmatch(name):
        _keep(contents.superpixels, match[1].upper(), entry.path)
    elif MASK.fullmatch(name):
        _keep(contents.masks, name, entry.path)


def _keep(files: dict[str, str], key: str, path: str) -> None:
    if key not in files:
        files[key] = path
    else:
        first = files[key]
        logger.warning("%s is in the folder twice: %s is served, %s is not", key, first, path)
