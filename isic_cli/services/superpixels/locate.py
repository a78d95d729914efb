"""Where maps, photographs and masks come from: files, folders, or ISIC ids of the archive.

What speaks with an archive is imported only when an id asks for one: it takes longer to load than a
map takes to read.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from isic_cli.errors import IsicError, LocalError, NotFoundError, UsageError
from isic_cli.files.closing import Closing
from isic_cli.models.ids import as_isic_id, id_pattern
from isic_cli.services.superpixels.sources import (
    Missing,
    Source,
    files_below,
    is_map_name,
    is_picture_name,
)

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi

_MASK = id_pattern(r"(_\w+?)(?:\.png)?")


class Locator(Closing):
    """Finds files; opens the archive only when an ISIC id asks for it.

    Parameters
    ----------
    open_archive : callable
        Returns a context that gives the archive.
    """

    def __init__(self, open_archive: Callable[[], AbstractContextManager["ArchiveApi"]]) -> None:
        self._open_archive = open_archive
        self._stack = ExitStack()
        self._api: ArchiveApi | None = None
        self._scratch: Path | None = None

    def close(self) -> None:
        """Close the archive and remove what was fetched from it."""
        self._stack.close()

    def maps(self, arguments: Iterable[str]) -> Iterator[Source | Missing]:
        """Yield the maps that are meant; a folder means all maps in it."""
        return self._each(arguments, self.map, is_map_name)

    def pictures(self, arguments: Iterable[str]) -> Iterator[Source | Missing]:
        """Yield the photographs that are meant; a folder means all photographs in it."""
        return self._each(arguments, self.picture, is_picture_name)

    def labels(self, arguments: Iterable[str]) -> Iterator[Source | Missing]:
        """Yield the label files that are meant; a folder means all of these kinds."""
        from isic_cli.superpixel.labelfile import SUFFIXES

        return self._each(arguments, self.map, lambda path: path.suffix.lower() in SUFFIXES)

    def _each(
        self,
        arguments: Iterable[str],
        single: Callable[[str], Source],
        wanted: Callable[[Path], bool],
    ) -> Iterator[Source | Missing]:
        for argument in arguments:
            try:
                if not Path(argument).is_dir():
                    yield single(argument)
                    continue
                found = False
                for path in files_below(Path(argument), wanted):
                    found = True
                    yield Source(str(path), path)
                if not found:
                    raise NotFoundError(f"{argument}: no file of this kind in the folder")
            except IsicError as error:
                yield Missing(argument, error)

    def map(self, argument: str) -> Source:
        """Return one map: a file, or an ISIC id's map from the archive.

        Raises
        ------
        NotFoundError
            No such file, and the archive has no map of this id.
        """
        isic_id = self._id_of(argument)
        if isic_id is None:
            return _file(argument)
        return Source(isic_id, self._fetch(f"superpixels/{isic_id}_superpixels.png", isic_id))

    def mask(self, argument: str) -> Source:
        """Return one mask: a file, or by its name, such as `ISIC_0000000_segmentation`."""
        match = _MASK.fullmatch(argument)
        if match is None or Path(argument).exists():
            return _file(argument)
        name = match[1] + match[2]
        return Source(name, self._fetch(f"masks/{name}.png", name))

    def picture(self, argument: str) -> Source:
        """Return one photograph: a file, or an ISIC id's picture from the archive."""
        isic_id = self._id_of(argument)
        if isic_id is None:
            return _file(argument)
        return Source(isic_id, self._picture(isic_id))

    def photograph(self, place: Path | None) -> Path | None:
        """Return the place of one photograph or of several: a file, a folder, or an id's picture.

        Raises
        ------
        NotFoundError
            No such file, and the archive has no picture of this id.
        """
        if place is None or place.is_dir():
            return place
        return self.picture(str(place)).path

    def annotation(self, place: Path) -> Path:
        """Return one side of a comparison: a file, a folder, an id's map, or a mask by its name.

        Raises
        ------
        NotFoundError
            No such file, and the archive has no such map or mask.
        """
        if place.is_dir() or place.suffix:
            return place
        is_map = self._id_of(str(place)) is not None
        return (self.map if is_map else self.mask)(str(place)).path

    @staticmethod
    def _id_of(argument: str) -> str | None:
        if as_isic_id(argument) and not Path(argument).exists():
            return argument.upper()
        return None

    def _archive(self) -> "tuple[ArchiveApi, Path]":
        if self._api is None or self._scratch is None:
            self._api = self._stack.enter_context(self._open_archive())
            try:
                self._scratch = Path(self._stack.enter_context(TemporaryDirectory(prefix="isic-")))
            except OSError as error:
                raise LocalError(f"cannot make a temporary folder: {error.strerror}") from error
        return self._api, self._scratch

    def _fetch(self, path: str, name: str) -> Path:
        from isic_cli.models.image import RemoteFile
        from isic_cli.services.download.transfer import fetch_file

        api, scratch = self._archive()
        spec = api.settings.archive
        target = scratch / path
        if target.exists():
            return target
        if spec.kind == "remote":
            raise NotFoundError(
                f"{name}: {spec.name} serves no superpixels and no masks",
                hint="Name a file, or a folder that holds them: isic --archive FOLDER.",
            )
        try:
            fetch_file(api, RemoteFile(url=f"{spec.url}/{path}"), target)
        except NotFoundError as error:
            raise NotFoundError(f"{name}: {spec.name} has no {path}") from error
        return target

    def _picture(self, isic_id: str) -> Path:
        from isic_cli.services.superpixels.picture import fetch_picture

        api, scratch = self._archive()
        return fetch_picture(api, isic_id, scratch / "images")


def _file(argument: str) -> Source:
    path = Path(argument)
    if path.is_dir():
        raise UsageError(f"{argument} is a folder; a file is needed here")
    if not path.exists():
        hint = None if path.suffix else "An ISIC id looks like ISIC_0000000."
        raise NotFoundError(f"no such file: {argument}", hint=hint)
    return Source(argument, path)
