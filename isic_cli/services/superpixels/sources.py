"""Where maps, photographs and masks come from: files, folders, or ISIC ids of the archive."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from isic_cli.api.archive import ArchiveApi
from isic_cli.errors import IsicError, LocalError, NotFoundError, UsageError
from isic_cli.models.image import RemoteFile
from isic_cli.services.download.disk import local_error, write_bytes_atomically
from isic_cli.services.download.engine import Downloader
from isic_cli.services.download.events import Failed, Finished, Skipped
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.filecache import through_cache

_ID = re.compile(r"ISIC_\d{7}", re.IGNORECASE)
_MASK = re.compile(r"(ISIC_\d{7}_\w+?)(?:\.png)?", re.IGNORECASE)
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
    return _ID.fullmatch(path.stem) is None


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
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise local_error(error, folder) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if not entry.is_symlink():
                yield from files_below(entry, wanted)
        elif wanted(entry):
            yield entry


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


class Locator:
    """Finds files; opens the archive only when an ISIC id asks for it.

    Parameters
    ----------
    open_archive : callable
        Returns a context that gives the archive.
    """

    def __init__(self, open_archive: Callable[[], AbstractContextManager[ArchiveApi]]) -> None:
        self._open_archive = open_archive
        self._stack = ExitStack()
        self._api: ArchiveApi | None = None
        self._scratch: Path | None = None

    def __enter__(self) -> Self:
        """Return the locator."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the archive and remove what was fetched from it."""
        self._stack.close()

    def maps(self, arguments: Iterable[str]) -> Iterator[Source | Missing]:
        """Yield the maps that are meant; a folder means all maps in it."""
        return self._each(arguments, self.map, is_map_name)

    def pictures(self, arguments: Iterable[str]) -> Iterator[Source | Missing]:
        """Yield the photographs that are meant; a folder means all photographs in it."""
        return self._each(arguments, self.picture, is_picture_name)

    def labels(self, arguments: Iterable[str]) -> Iterator[Source | Missing]:
        """Yield the label files that are meant; a folder means all `.npy`, `.npz` and TIFF."""
        wanted = {".npy", ".npz", ".tif", ".tiff"}
        return self._each(arguments, self.map, lambda path: path.suffix.lower() in wanted)

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
        return Source(match[1], self._fetch(f"masks/{match[1]}.png", match[1]))

    def picture(self, argument: str) -> Source:
        """Return one photograph: a file, or an ISIC id's picture from the archive."""
        isic_id = self._id_of(argument)
        if isic_id is None:
            return _file(argument)
        return Source(isic_id, self._download(isic_id))

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
        if _ID.fullmatch(argument) and not Path(argument).exists():
            return argument.upper()
        return None

    def _archive(self) -> tuple[ArchiveApi, Path]:
        if self._api is None or self._scratch is None:
            self._api = self._stack.enter_context(self._open_archive())
            try:
                self._scratch = Path(self._stack.enter_context(TemporaryDirectory(prefix="isic-")))
            except OSError as error:
                raise LocalError(f"cannot make a temporary folder: {error.strerror}") from error
        return self._api, self._scratch

    def _fetch(self, path: str, name: str) -> Path:
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
            with api.open_file(RemoteFile(url=f"{spec.url}/{path}")) as stream:
                data = b"".join(stream.chunks())
        except NotFoundError as error:
            raise NotFoundError(f"{name}: {spec.name} has no {path}") from error
        write_bytes_atomically(target, data)
        return target

    def _download(self, isic_id: str) -> Path:
        api, scratch = self._archive()
        settings = api.settings
        options = DownloadOptions(folder=scratch / "images", jobs=1, retries=settings.retries)
        # A photograph is wanted again when an option changes; one on this machine is near anyway.
        settings = replace(settings, cache=settings.cache or settings.archive.kind == "remote")
        downloader = Downloader(api, options)
        # To the end of the events: a run that is left early stops the file host.
        events = list(through_cache(downloader, settings, options, [api.image(isic_id)]))
        for event in events[-1:]:
            if isinstance(event, Failed):
                raise event.error
            if isinstance(event, (Finished, Skipped)):
                return options.folder / event.path
        raise NotFoundError(f"{isic_id} has no picture")


def _file(argument: str) -> Source:
    path = Path(argument)
    if path.is_dir():
        raise UsageError(f"{argument} is a folder; a file is needed here")
    if not path.exists():
        hint = None if path.suffix else "An ISIC id looks like ISIC_0000000."
        raise NotFoundError(f"no such file: {argument}", hint=hint)
    return Source(argument, path)
