"""`isic.lock`: read without holding it in memory, and written only when something changed.

JSON lines, sorted by ISIC id: two locks of the same images are the same bytes, and a
difference between two versions of a lock is a difference of lines.
"""

import re
import shutil
import sys
import threading
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from isic_cli.errors import LocalError, NotFoundError
from isic_cli.files.atomic import replacing_bytes
from isic_cli.files.closing import Closing
from isic_cli.files.faults import translated
from isic_cli.files.load import open_regular, parse_json
from isic_cli.models.ids import ID_PATTERN, is_isic_id
from isic_cli.models.licenses import strictest
from isic_cli.models.locked import DAMAGED, LockedImage
from isic_cli.services.dataset.header import LockHeader

NAME = "isic.lock"
_START = b'{"isic_id":"ISIC_'
_ID = re.compile(rf'\s*\{{\s*"isic_id"\s*:\s*"({ID_PATTERN})"'.encode())

_PATH = re.compile(rb'\{"isic_id":"[^"]*","path":"([^"\\]*)",')
#: Few people are credited for many images.
_credit = lru_cache(1 << 10)(lambda text: str(parse_json(text.decode())))
_ATTRIBUTION = re.compile(rb',"attribution":("(?:[^"\\\\]|\\\\.)*"),"lesion_id":')


class Lock(Closing):
    """An open lock; a context manager. Memory holds twelve bytes for each image.

    Parameters
    ----------
    path : Path
        The file, or the folder that it lies in.

    Attributes
    ----------
    header : LockHeader
        Its first line.

    Raises
    ------
    NotFoundError
        When there is none.
    LocalError
        When it cannot be read, or is not a lock, or is not sorted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path / NAME if path.is_dir() else path
        self._ids = array("I")
        self._offsets = array("Q")
        self._turn = threading.Lock()
        try:
            self._file: BinaryIO = open_regular(self.path)
        except FileNotFoundError as error:
            raise NotFoundError(
                f"{path} has no {NAME}" if path.is_dir() else f"no lock {path}",
                hint="`isic image download` writes one into its folder.",
            ) from error
        if sys.platform == "win32":  # which replaces no file that is open, and this one stays open
            with self._file as file:
                self._file = BytesIO(file.read())
        try:
            self.header = self._index()
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return len(self._ids)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _index(self) -> LockHeader:
        first = self._file.readline()
        offset = len(first)
        last = -1
        for number, line in enumerate(self._file, 2):
            if line.startswith(_START) and line[17:24].isdigit():
                isic_id = int(line[17:24])
            elif match := _ID.match(line):
                isic_id = int(match[1][5:])
            else:
                raise LocalError(f"{self.path}, line {number} names no image", hint=DAMAGED)
            if isic_id <= last:
                raise LocalError(f"{self.path}, line {number} is out of order", hint=DAMAGED)
            self._ids.append(isic_id)
            self._offsets.append(offset)
            offset += len(line)
            last = isic_id
        header = LockHeader.from_line(first, str(self.path))
        if header.images != len(self._ids):
            raise LocalError(
                f"{self.path} says {header.images} images and lists {len(self._ids)}", hint=DAMAGED
            )
        return header

    def get(self, isic_id: str) -> LockedImage | None:
        """Return the line of an image, or None."""
        place = self.place(isic_id)
        return None if place is None else self._at(place)

    def place(self, isic_id: str) -> int | None:
        """Return the number of an image among the lines, from 0; None for one not listed."""
        if not is_isic_id(isic_id):
            return None
        number = int(isic_id[5:])
        place = bisect_left(self._ids, number)
        return place if place < len(self._ids) and self._ids[place] == number else None

    def _at(self, place: int) -> LockedImage:
        return LockedImage.from_line(self._line(place), f"{self.path}, line {place + 2}")

    def _line(self, place: int) -> bytes:
        with self._turn:  # threads share the position of the file
            self._file.seek(self._offsets[place])
            return self._file.readline()

    def line(self, isic_id: str) -> bytes | None:
        """Return the line of an image as it is written, or None."""
        place = self.place(isic_id)
        return None if place is None else self._line(place)

    def attribution(self, isic_id: str) -> str | None:
        """Return whom an image is credited to; None for one that is not listed."""
        place = self.place(isic_id)
        if place is None:
            return None
        # As we write it; only of a line that somebody else wrote need the whole be read.
        found = _ATTRIBUTION.search(self._line(place))
        with suppress(ValueError):
            if found:
                return _credit(found[1])
        return self._at(place).attribution

    def lists(self, isic_id: str, path: str) -> bool:
        """Whether the image is listed with this path."""
        place = self.place(isic_id)
        return place is not None and self._paths[place] == hash(path)

    @cached_property
    def _paths(self) -> "array[int]":
        """The hash of each path: to look lines up in the order of the disk takes longer."""
        with self.path.open("rb") as file:
            file.readline()
            return array("q", (hash(self._path_of(line, n)) for n, line in enumerate(file)))

    def _path_of(self, line: bytes, place: int) -> str:
        # As we write it; only of a line that somebody else wrote need the whole be read.
        found = _PATH.match(line)
        return found[1].decode("utf-8", "surrogateescape") if found else self._at(place).path

    def __contains__(self, isic_id: str) -> bool:
        return self.place(isic_id) is not None

    def ids(self) -> Iterator[str]:
        """Yield the ids of the images, sorted."""
        return (f"ISIC_{number:07d}" for number in self._ids)

    def images(self) -> Iterator[LockedImage]:
        """Yield the images, sorted by ISIC id."""
        with self.path.open("rb") as file:
            file.readline()
            for number, line in enumerate(file, 2):
                yield LockedImage.from_line(line, f"{self.path}, line {number}")


@contextmanager
def existing_lock(folder: Path) -> Iterator[Lock | None]:
    """Open the lock of a folder; None when it has none."""
    try:
        lock = Lock(folder)
    except NotFoundError:
        yield None
        return
    with lock:
        yield lock


def locked_attribution(lock: Lock | None) -> Callable[[str], str | None]:
    """Return what tells the attribution that a lock has for an ISIC id."""
    return (lambda _: None) if lock is None else lock.attribution


@dataclass
class _Totals:
    images: int = 0
    bytes: int = 0

    def __post_init__(self) -> None:
        self.licenses: set[str] = set()

    def add(self, image: LockedImage) -> None:
        self.images += 1
        self.bytes += image.size
        if image.copyright_license:
            self.licenses.add(image.copyright_license)


def write_lock(
    path: Path, header: LockHeader, images: Iterable[LockedImage], *, earlier: LockHeader | None
) -> bool:
    """Write a lock, or leave the one that is there when nothing but the time would change.

    It takes its place whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    header : LockHeader
        Counts, bytes and licence are taken from the images.
    images : iterable of LockedImage
        Sorted by ISIC id; read lazily.
    earlier : LockHeader or None
        Of the lock that is there.

    Returns
    -------
    bool
        Whether it was written.

    Raises
    ------
    LocalError
        When the disk refuses; the lock is as it was then.
    """
    totals = _Totals()
    with translated(path, "cannot write"), TemporaryFile(dir=path.parent) as body:
        for image in images:
            totals.add(image)
            body.write(image.to_line())
        header = replace(
            header, images=totals.images, size=totals.bytes, license=strictest(totals.licenses)
        )
        if earlier is not None:
            same = replace(header, tool=earlier.tool, time=earlier.time)
            if _is_same(path, same, body):
                return False
        with replacing_bytes(path, links="refuse") as file:
            file.write(header.to_line())
            body.seek(0)
            shutil.copyfileobj(body, file, 1 << 18)
    return True


def _is_same(path: Path, header: LockHeader, body: IO[bytes]) -> bool:
    """Whether a lock holds this header and these lines."""
    first = header.to_line()
    body.seek(0)
    with path.open("rb") as old:
        if old.read(len(first)) != first:
            return False
        while True:
            block = old.read(1 << 18)
            if block != body.read(1 << 18):
                return False
            if not block:
                return True
