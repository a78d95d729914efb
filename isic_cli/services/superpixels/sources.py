"""Files of maps and photographs: what their names tell, which belong together."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from isic_cli.errors import IsicError, NotFoundError
from isic_cli.files.walk import walk
from isic_cli.models.ids import as_isic_id

_MAP_STEM = re.compile(r"(.+?)_superpixels(?:_v[\d.]+)?", re.IGNORECASE)
#: Pictures that lie beside maps in the folders of the challenges and of this program.
_OTHER = re.compile(r".*_(?:segmentation|attribute_\w+|expert\w*|thumbnail|overlay)", re.IGNORECASE)
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True)
class Source:
    """A file to work on.

    Attributes
    ----------
    name : str
        The path or ISIC id as the user knows it.
    path : Path
        Where it is now.
    """

    name: str
    path: Path

    @property
    def stem(self) -> str:
        """What the files of one image share: `ISIC_0000000` of `ISIC_0000000_superpixels.png`."""
        return image_stem(self.path)


@dataclass(frozen=True, slots=True)
class Missing:
    """An item that could not be had."""

    name: str
    error: IsicError


def image_stem(path: Path) -> str:
    """Return the name of a file without its suffix, and without what says it is a map."""
    match = _MAP_STEM.fullmatch(path.stem)
    return match[1] if match else path.stem


def is_map_name(path: Path) -> bool:
    """Whether a file in a folder may be a map: a PNG whose name does not say otherwise."""
    if path.suffix.lower() != ".png" or _OTHER.fullmatch(path.stem):
        return False
    return as_isic_id(path.stem) is None


def is_picture_name(path: Path) -> bool:
    """Whether a file in a folder may be a photograph."""
    is_other = _OTHER.fullmatch(path.stem) or _MAP_STEM.fullmatch(path.stem)
    return path.suffix.lower() in _PICTURES and not is_other


def files_below(folder: Path, wanted: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield the files in a folder and the folders below it, sorted by path, hidden ones left out.

    Raises
    ------
    LocalError
        For a folder that cannot be read.
    """
    return filter(wanted, (Path(entry.path) for entry in walk(folder)))


def partner(place: Path, stem: str, endings: Iterable[str]) -> Path:
    """Return the file that belongs to an image: `place` itself, or the one in that folder.

    Parameters
    ----------
    place : Path
        A file, or a folder of files named `<stem><ending>`.
    stem : str
        As `image_stem` returns it.
    endings : iterable of str
        Tried in this order.

    Raises
    ------
    NotFoundError
        The folder holds none.
    """
    if not place.is_dir():
        return place
    tried = [f"{stem}{ending}" for ending in endings]
    for name in tried:
        if (place / name).is_file():
            return place / name
    raise NotFoundError(f"{place} holds no {tried[0]}", hint=f"nor {', '.join(tried[1:])}")


PICTURE_ENDINGS = (".jpg", ".JPG", ".jpeg", ".png", ".tif", ".tiff")
FEATURE_ENDINGS = ("_features.json", ".json")
