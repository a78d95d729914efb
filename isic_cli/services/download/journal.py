"""The journal of a folder: which file we put there, and what we knew about its image.

`.isic/journal.jsonl` has one JSON object per line and grows at its end; the last line of an
image and variant counts. When most lines no longer count, the next run begins by writing those
that do into a new file, which takes the place of the old one.

A line is one write, so a crash tears the last line at most: it is ignored when reading and cut
off before the next line is added. Lines are not synced to disk one by one (that would cost five
times the renaming of the file): after a power failure a missing line means that the file is
looked at again, and a line whose file did not reach the disk does not match that file's size or
time.
"""

import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from isic_cli.errors import LocalError
from isic_cli.services.download.disk import local_error
from isic_cli.services.download.options import Variant
from isic_cli.services.download.paths import STATE, is_safe_id

_LOGGER = logging.getLogger(__name__)
_NAME = "journal.jsonl"
#: Lines that no longer count before the file is written anew: fewer are not worth it.
_MOST_DEAD = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in the folder.

    Attributes
    ----------
    path : str
        Relative to the folder, with slashes.
    size : int
        Bytes.
    sha256 : str or None
        None for a file of another tool that was seen but never read.
    mtime_ns : int
        Time of the last change when we looked, in nanoseconds since the epoch.
    width, height : int or None
        Pixels.
    stated : int or None
        Bytes that the archive's record said: an estimate, but one that changes with the file.
    etag : str or None
        As the file host sent it. Not a checksum: objects stored in several parts have others.
    record : dict
        The metadata row of the image.
    """

    isic_id: str
    variant: Variant
    path: str
    size: int
    sha256: str | None
    mtime_ns: int
    width: int | None
    height: int | None
    etag: str | None
    stated: int | None
    record: dict[str, Any]

    def to_line(self) -> bytes:
        """Return the entry as one line of JSON."""
        # asdict copies the record deeply; a shallow view of the slots is all that is needed.
        values = {name: getattr(self, name) for name in _FIELDS}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


_FIELDS = tuple(Entry.__dataclass_fields__)


def _parse(line: bytes) -> Entry | None:
    """Read a line; None for one that is torn or was written by something else."""
    try:
        # Decoded here: json would look for the encoding first, which takes as long as parsing.
        values = json.loads(line.decode())
        values.setdefault("stated", None)
        entry = Entry(**values)
    except (ValueError, TypeError, AttributeError):
        return None
    return entry if is_safe_id(str(entry.isic_id)) and isinstance(entry.record, dict) else None


class Journal:
    """The entries of a folder; memory holds one number per entry, the rest stays on disk.

    Parameters
    ----------
    folder : Path
        The download folder.
    writable : bool
        Make the file, cut a torn last line and leave out what no longer counts when that is
        most of it; otherwise nothing is touched.
    """

    def __init__(self, folder: Path, *, writable: bool) -> None:
        self._path = folder / STATE / _NAME
        self._lock = threading.Lock()
        self._offsets: dict[int, int] = {}
        self._lines = 0
        self._fd = -1
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND if writable else os.O_RDONLY
        try:
            if writable:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self._path, flags | getattr(os, "O_BINARY", 0), 0o666)
            self._load(cut=writable)
            if writable and self._lines - len(self._offsets) > max(_MOST_DEAD, len(self._offsets)):
                self._rewrite()
        except (FileNotFoundError, NotADirectoryError) as error:
            if writable:
                raise local_error(error, self._path) from error
        except OSError as error:
            self.close()
            raise local_error(error, self._path) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._offsets)

    def close(self) -> None:
        """Close the file."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _load(self, *, cut: bool) -> None:
        offset = wrong = 0
        with open(self._fd, "rb", closefd=False) as file:
            for line in file:
                self._lines += 1
                if not line.endswith(b"\n"):
                    break
                key = _key(line)
                if key is None:
                    wrong += 1
                else:
                    self._offsets[key] = offset
                offset += len(line)
        if wrong:
            _LOGGER.warning("%s: %d unreadable lines are ignored", self._path, wrong)
        if cut and os.fstat(self._fd).st_size > offset:
            os.ftruncate(self._fd, offset)

    def drop(self, isic_ids: Iterable[str], variant: str) -> None:
        """Forget files; no other thread uses the journal meanwhile.

        Raises
        ------
        LocalError
            When the disk refuses; the journal is as it was then.
        """
        known = [self._offsets.pop(_number(isic_id, variant), None) for isic_id in isic_ids]
        if any(offset is not None for offset in known):
            try:
                self._rewrite()
            except OSError as error:
                raise local_error(error, self._path) from error

    def _rewrite(self) -> None:
        """Write the lines that count into a new file and put it into the place of the old one."""
        temporary = self._path.with_suffix(".tmp")
        offsets: dict[int, int] = {}
        with open(self._fd, "rb", closefd=False) as old, temporary.open("wb") as new:
            for key in sorted(self._offsets):
                old.seek(self._offsets[key])
                offsets[key] = new.tell()
                new.write(old.readline())
            new.flush()
            os.fsync(new.fileno())
        self.close()
        temporary.replace(self._path)
        self._fd = os.open(self._path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
        self._offsets, self._lines = offsets, len(offsets)

    def knows(self, isic_id: str, variant: str) -> bool:
        """Whether there is an entry of a file; reads nothing."""
        return _number(isic_id, variant) in self._offsets

    def get(self, isic_id: str, variant: str) -> Entry | None:
        """Return the entry of a file, or None."""
        offset = self._offsets.get(_number(isic_id, variant))
        return None if offset is None else self._read(offset)

    def _read(self, offset: int) -> Entry | None:
        line, size = b"", 2048
        while not line.endswith(b"\n"):
            with self._lock:  # the position of the file is shared with whoever appends
                os.lseek(self._fd, offset + len(line), os.SEEK_SET)
                block = os.read(self._fd, size)
            if not block:
                return None
            end = block.find(b"\n")
            line += block if end < 0 else block[: end + 1]
            size *= 2
        return _parse(line)

    def entries(self) -> Iterator[Entry]:
        """Yield the last entry of every file, sorted by ISIC id and variant."""
        for key in sorted(self._offsets):
            entry = self._read(self._offsets[key])
            if entry is not None:
                yield entry

    def append(self, entry: Entry) -> None:
        """Add an entry; it is the one that counts from now on.

        Raises
        ------
        LocalError
            When the disk refuses it.
        """
        line = entry.to_line()
        with self._lock:
            try:
                written = os.write(self._fd, line)
                offset = os.lseek(self._fd, 0, os.SEEK_CUR) - written
                if written < len(line):
                    os.ftruncate(self._fd, offset)
                    raise LocalError(f"{self._path}: no space left for another line")
            except OSError as error:
                raise local_error(error, self._path) from error
            self._offsets[_number(entry.isic_id, entry.variant)] = offset

    def sync(self) -> None:
        """Have the disk hold every line, as far as the file system can say."""
        with suppress(OSError):
            os.fsync(self._fd)


def _number(isic_id: str, variant: str) -> int:
    """Return a small key, in the order of the ids: half a million tuples would weigh 60 MB."""
    return int(isic_id[5:]) * 2 + (variant != "full")


def _key(line: bytes) -> int | None:
    """Return what a line is about; fast for lines that we wrote, which all begin alike."""
    if line.startswith(b'{"isic_id":"ISIC_') and line.endswith(b"}}\n"):
        digits = line[17:24]
        if digits.isdigit():
            if line.startswith(b'","variant":"full"', 24):
                return int(digits) * 2
            if line.startswith(b'","variant":"thumbnail"', 24):
                return int(digits) * 2 + 1
    entry = _parse(line)
    return None if entry is None else _number(entry.isic_id, entry.variant)
