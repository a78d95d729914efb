"""What lies in a folder: pictures, thumbnails, superpixel maps and masks, told apart by name.

A picture is `ISIC_` and seven digits with the suffix of a picture, and nothing else in its
name: the challenges lay `ISIC_0000000_superpixels.png` and `ISIC_0000000_segmentation.png`
beside their JPEGs, and those are not pictures.
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from isic_cli.errors import LocalError, NotFoundError
from isic_cli.files.walk import walk
from isic_cli.models.ids import id_pattern
from isic_cli.tables.paths import IdPaths

logger = logging.getLogger(__name__)

#: The challenge of 2019 says in the name that a picture was made smaller.
PICTURE = id_pattern(r"(?:_downsampled)?\.(?:jpe?g|png|tiff?)")
THUMBNAIL = id_pattern(r"_thumbnail\.jpe?g")
SUPERPIXELS = id_pattern(r"_superpixels(?:_v[0-9.]+)?\.png")
FEATURES = id_pattern(r"_features(?:_v[0-9.]+)?\.json")
MASK = id_pattern(r"_(?:segmentation|attribute_\w+|expert\w*|globules|streaks)\.png")

_KINDS = {"picture": PICTURE, "thumbnail": THUMBNAIL, "superpixels": SUPERPIXELS, "mask": MASK}

#: Studies keep masks of their own, served below the study.
STUDIES = "studies"


#: Paths by ISIC id or by file name.
Files = dict[str, str] | IdPaths


@lru_cache(maxsize=256)
def _lies_in(directory: str, folder: str) -> bool:
    return Path(os.path.realpath(directory)).is_relative_to(os.path.realpath(folder))


class FileMaker(Protocol):
    """Makes files of a folder when they are first asked for."""

    @property
    def sizes(self) -> Mapping[str, int | None]:
        """Every such file by its path below the folder, with its bytes as far as known."""

    def make(self, name: str) -> None:
        """Make one of them unless it is there."""


@dataclass
class Contents:
    """The files of a folder.

    Attributes
    ----------
    pictures, thumbnails, superpixels, features : mapping of str to str
        Paths by ISIC id: as text, since to make a hundred thousand `Path` takes a second.
    masks : dict of str to str
        Paths by file name.
    maker : FileMaker or None
        Makes those of them that are not there yet.
    confined : bool
        Whether links that lead out of the folder are refused: where strangers ask.
    """

    folder: Path
    maker: FileMaker | None = None
    confined: bool = False
    pictures: Files = field(default_factory=dict)
    thumbnails: dict[str, str] = field(default_factory=dict)
    superpixels: dict[str, str] = field(default_factory=dict)
    features: dict[str, str] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)

    def size_of(self, path: str) -> int | None:
        """Return the bytes of a file; None when they are not known."""
        try:
            return Path(path).stat().st_size
        except OSError:
            name = Path(path).relative_to(self.folder).as_posix()
            return self.maker.sizes.get(name) if self.maker else None

    def add_locked(self, paths: Mapping[str, str]) -> None:
        """Add pictures that only a lock names, by their paths below the folder."""
        for isic_id, path in paths.items():
            if isic_id not in self.pictures and path and (self.folder / path).is_file():
                self.pictures[isic_id] = str(self.folder / path)

    def may_serve(self, path: Path) -> bool:
        """Whether a file lies in the folder, or may lie elsewhere."""
        if not self.confined:
            return True
        name = os.path.realpath(path) if path.is_symlink() else os.fspath(path)
        return _lies_in(os.path.dirname(name), os.fspath(self.folder))  # noqa: PTH120 - of each file

    def make(self, path: Path) -> None:
        """Make a file unless it is there, or is none of those that can be made.

        Raises
        ------
        LocalError
            When it cannot be written.
        """
        if self.maker and not path.exists():
            self.maker.make(path.relative_to(self.folder).as_posix())

    def make_below(self, folder: Path) -> None:
        """Make every file below a folder; see `make`."""
        for name in self.maker.sizes if self.maker else ():
            if (path := self.folder / name).is_relative_to(folder):
                self.make(path)


def scan(folder: Path, maker: FileMaker | None = None) -> Contents:
    """Find every file that an archive can serve, in `folder` and the folders below it.

    Those that `maker` makes count as if they were there.
    Hidden folders and symbolic links to folders are passed over. Of two pictures with one id
    the first by path counts, and the other is reported.

    Raises
    ------
    LocalError
        For a folder that cannot be read.
    """
    contents = Contents(folder, maker)
    try:
        for entry in walk(folder, without=(STUDIES,)):
            _sort_in(contents, entry.name, entry.path)
    except NotFoundError as error:
        raise LocalError(f"cannot read {folder}: there is no such folder") from error
    for made in maker.sizes if maker else ():
        path = folder / made
        if not made.startswith(f"{STUDIES}/") and not path.exists():
            _sort_in(contents, path.name, str(path))
    return contents


def scan_large(folder: Path) -> Contents:
    """Find the files of a folder as `scan` does, its pictures in no order and in little memory.

    Raises
    ------
    LocalError
        For a folder that cannot be read.
    """
    contents = Contents(folder, pictures=IdPaths())
    others: list[tuple[Files, str, str]] = []
    try:
        for entry in walk(folder, without=(STUDIES,), in_order=False):
            files, key = _place_of(contents, entry.name)
            if files is None:
                continue
            path = entry.path
            if (known := files.get(key)) is not None:
                path, other = sorted((known, path), key=_in_order)
                others.append((files, key, other))
            files[key] = path
    except NotFoundError as error:
        raise LocalError(f"cannot read {folder}: there is no such folder") from error
    for files, key, other in sorted(others, key=lambda one: _in_order(one[2])):
        _tell_twice(key, files[key], other)
    return contents


def _in_order(path: str) -> tuple[str, ...]:
    """Return what paths are sorted by where folders are walked in order."""
    return Path(path).parts


def kind_of(name: str) -> tuple[str, str]:
    """Return what a file shows, and what it is called by: an ISIC id, of a mask its own name.

    Returns
    -------
    tuple of (str, str)
        `picture`, `thumbnail`, `superpixels` or `mask`; two empty texts for any other file.
    """
    for kind, pattern in _KINDS.items():
        if match := pattern.fullmatch(name):
            return kind, name if kind == "mask" else match[1].upper()
    return "", ""


def _place_of(contents: Contents, name: str) -> tuple[Files | None, str]:
    """Return where a file is kept, and by what; None for no place."""
    kind, key = kind_of(name)
    if kind:
        files: dict[str, Files] = {
            "picture": contents.pictures,
            "thumbnail": contents.thumbnails,
            "superpixels": contents.superpixels,
            "mask": contents.masks,
        }
        return files[kind], key
    match = FEATURES.fullmatch(name)
    return (contents.features, match[1].upper()) if match else (None, "")


def _sort_in(contents: Contents, name: str, path: str) -> None:
    files, key = _place_of(contents, name)
    if files is None:
        return
    if key not in files:
        files[key] = path
    else:
        _tell_twice(key, files[key], path)


def _tell_twice(key: str, first: str, path: str) -> None:
    logger.warning("%s is in the folder twice: %s is served, %s is not", key, first, path)
