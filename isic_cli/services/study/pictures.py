"""Photographs and superpixel maps of a study: found by their names, in folders of any tool."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from isic_cli.files.walk import walk
from isic_cli.folder.scan import Contents, scan

#: isicarchive's names: `image_[object id]_[name].jpg` and `spimg_[object id].png`.
_CACHED_PICTURE = re.compile(r"image_([0-9a-f]{24})_(.+)\.(?:jpe?g|png|tiff?)", re.IGNORECASE)
_CACHED_MAP = re.compile(r"spimg_([0-9a-f]{24})\.png", re.IGNORECASE)


@dataclass(frozen=True)
class Pictures:
    """Where the pictures of images lie.

    Parameters
    ----------
    folders : sequence of Path
        Searched in this order, with the folders below them, when a picture is first asked for.
    caches : sequence of Path
        Folders of isicarchive, with its names.
    """

    folders: Sequence[Path] = ()
    caches: Sequence[Path] = ()

    def photograph(self, image: str) -> Path | None:
        """Return the photograph of an image; None where there is none."""
        for contents in self._contents:
            if image in contents.pictures:
                return Path(contents.pictures[image])
        return self._cached[0].get(image)

    def superpixels(self, image: str) -> Path | None:
        """Return the superpixel map of an image; None where there is none."""
        for contents in self._contents:
            if image in contents.superpixels:
                return Path(contents.superpixels[image])
        return self._cached[1].get(image)

    @cached_property
    def _contents(self) -> tuple[Contents, ...]:
        return tuple(scan(folder) for folder in self.folders)

    @cached_property
    def _cached(self) -> tuple[dict[str, Path], dict[str, Path]]:
        photographs: dict[str, Path] = {}
        by_object: dict[str, Path] = {}
        names: dict[str, str] = {}
        for folder in self.caches:
            for path in (Path(entry.path) for entry in walk(folder)):
                if match := _CACHED_PICTURE.fullmatch(path.name):
                    names[match[1]] = match[2]
                    photographs[match[2]] = photographs[match[1]] = path
                elif match := _CACHED_MAP.fullmatch(path.name):
                    by_object[match[1]] = path
        maps = {names[key]: path for key, path in by_object.items() if key in names}
        return photographs, by_object | maps
