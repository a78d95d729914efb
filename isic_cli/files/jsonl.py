"""A journal: JSON lines that are only ever added, of which the last one of a key counts.

A line is one write, so a crash tears the last line at most: it is ignored when reading and cut
off before the next line is added. Lines are not brought to the disk one by one (that would cost
five times the renaming of a file): after a power failure a missing line means that something is
looked at again. When most lines no longer count, they are left out of a new file that takes the
place of the old one.
"""

import logging
import os
import stat
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from isic_cli.errors import LocalError
from isic_cli.files.atomic import replacing_bytes
from isic_cli.files.closing import Closing
from isic_cli.files.compact import compact_encoder
from isic_cli.files.faults import local_error, refuse_linked_folder, shown

K = TypeVar("K", bound=Hashable)
Key = Callable[[bytes], "K | None"]

_LOGGER = logging.getLogger(__name__)
_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
#: Lines that no longer count before the file is written anew: fewer are not worth it.
_MOST_DEAD = 1000
#: Bytes that are read at once for one line, and for those that lie behind it.
_BLOCK, _FAR = 2048, 1 << 15


class Journal(Closing, Generic[K]):
    """The lines of a journal; memory holds one offset for each key, the rest stays on disk.

    A context manager, and safe for several threads.

    Parameters
    ----------
    path : Path
        The file. A link, or anything but a regular file, is refused.
    key : callable
        Returns what a line is about; None for one that is damaged or somebody else's.
    writable : bool
        Make the file, cut a torn last line and leave out what no longer counts when that is
        most of it; otherwise nothing is touched.
    offsets : callable, optional
        Makes what holds the offset of each key; a dictionary by default.

    Raises
    ------
    LocalError
        When the file cannot be read or written.
    """

    def __init__(
        self,
        path: Path,
        key: "Key[K]",
        *,
        writable: bool,
        offsets: Callable[[], MutableMapping[K, int]] = dict,
    ) -> None:
        self._path = path
        self._key = key
        self._new_offsets = offsets
        self._lock = threading.Lock()
        self._offsets = offsets()
        self._lines = 0
        #: What was read last, and where it begins.
        self._near = (0, b"")
        self._fd = -1
        try:
            if writable:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._open(os.O_RDWR | os.O_CREAT | os.O_APPEND if writable else os.O_RDONLY)
            self._load(cut=writable)
            dead = self._lines - len(self._offsets)
            if writable and dead > max(_MOST_DEAD, len(self._offsets)):
                self._compact()
        except OSError as error:
            self.close()
            if writable or not isinstance(error, FileNotFoundError | NotADirectoryError):
                doing = "cannot write" if writable else "cannot read"
                raise local_error(error, path, doing) from error

    def _open(self, flags: int) -> None:
        if flags & os.O_APPEND:
            refuse_linked_folder(self._path)
        self._fd = _opened(self._path, flags)

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, key: K) -> bool:
        """Whether a line is about `key`; reads nothing."""
        return key in self._offsets

    def __iter__(self) -> Iterator[K]:
        """Yield what the lines are about, in the order of the keys' first lines."""
        return iter(self._offsets)

    def close(self) -> None:
        """Close the file: every line was written when it was added, so nothing can fail."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)

    def _load(self, *, cut: bool) -> None:
        offset = wrong = first = 0
        with open(self._fd, "rb", closefd=False) as file:
            for number, line in enumerate(file, 1):
                self._lines = number
                if not line.endswith(b"\n"):
                    break
                key = self._key(line)
                if key is not None:
                    self._offsets[key] = offset
                else:
                    wrong += 1
                    first = first or number
                offset += len(line)
        _warn(self._path, wrong, first)
        if cut and os.fstat(self._fd).st_size > offset:
            os.ftruncate(self._fd, offset)

    def known(self) -> list[K]:
        """Return what the lines are about, in the order of the keys' first lines."""
        return list(self._offsets)

    def get(self, key: K) -> bytes | None:
        """Return the line that counts for `key`, its end included; None when there is none."""
        offset = self._offsets.get(key)
        if offset is None:
            return None
        # Runs write nearly in the order of the ids: a line is mostly near the one before.
        start, block = self._near
        end = block.find(b"\n", offset - start) if offset >= start else -1
        if end < 0:
            start, block = self._near = offset, self._block(offset, _FAR)
            end = block.find(b"\n")
        return block[offset - start : end + 1] if end >= 0 else self._read(offset)

    def _block(self, offset: int, size: int) -> bytes:
        with self._lock:  # the position of the file is shared with whoever appends
            os.lseek(self._fd, offset, os.SEEK_SET)
            return os.read(self._fd, size)

    def _read(self, offset: int) -> bytes | None:
        line, size = b"", _BLOCK
        while not line.endswith(b"\n"):
            block = self._block(offset + len(line), size)
            if not block:
                return None
            end = block.find(b"\n")
            line += block if end < 0 else block[: end + 1]
            size *= 2
        return line

    def lines(self, keys: Iterable[K] | None = None) -> Iterator[bytes]:
        """Yield the lines that count, of `keys` in their order or of all."""
        for key in self.known() if keys is None else keys:
            line = self.get(key)
            if line is not None:
                yield line

    def append(self, key: K, line: bytes) -> None:
        """Add a line, its end included; it is the one that counts from now on.

        Raises
        ------
        LocalError
            When the disk refuses it: the journal is as it was.
        """
        with self._lock:
            try:
                written = os.write(self._fd, line)
                offset = os.lseek(self._fd, 0, os.SEEK_CUR) - written
                if written < len(line):
                    os.ftruncate(self._fd, offset)
                    raise LocalError(f"{shown(self._path)}: no space left for another line")
            except OSError as error:
                raise local_error(error, self._path) from error
            self._offsets[key] = offset
            self._lines += 1

    def drop(self, keys: Iterable[K]) -> None:
        """Forget keys; no other thread uses the journal meanwhile.

        Raises
        ------
        LocalError
            When the disk refuses; the file is as it was then.
        """
        known = [self._offsets.pop(key, None) for key in keys]
        if any(offset is not None for offset in known):
            self._compact()

    def _compact(self) -> None:
        """Write the lines that count into a new file that takes the place of the old one."""
        offsets = self._new_offsets()
        try:
            with replacing_bytes(self._path, links="refuse") as new:
                with open(self._fd, "rb", closefd=False) as old:
                    for key, offset in self._offsets.items():
                        old.seek(offset)
                        offsets[key] = new.tell()
                        new.write(old.readline())
                self.close()  # Windows replaces no file that is open
            self._offsets, self._lines, self._near = offsets, len(offsets), (0, b"")
        finally:
            self._reopen()

    def _reopen(self) -> None:
        """Open the file that stands at the path now."""
        self.close()
        try:
            self._open(os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise local_error(error, self._path) from error

    def sync(self) -> None:
        """Have the disk hold every line, as far as the file system can say."""
        with suppress(OSError):
            os.fsync(self._fd)


_compact = compact_encoder()


def _opened(path: Path, flags: int) -> int:
    # Without O_NONBLOCK, opening a FIFO would wait for its other end.
    fd = os.open(path, flags | _BINARY | _NO_LINKS, 0o666)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise LocalError(f"{shown(path)} is not a regular file", hint="Remove it, then run again.")
    return fd


def _warn(path: Path, wrong: int, first: int) -> None:
    if wrong:
        _LOGGER.warning(
            "%s: %d unreadable lines are ignored, the first is line %d", path, wrong, first
        )


def written_lines(path: Path, key: "Key[K]") -> Iterator[bytes]:
    """Yield every whole line of a journal, those that no longer count too; nothing is held.

    Parameters
    ----------
    key : callable
        As for `Journal`: a line without one is left out, and told of.

    Raises
    ------
    LocalError
        When the file is there and cannot be read.
    """
    wrong = first = 0
    try:
        with open(_opened(path, os.O_RDONLY), "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                if key(line) is not None:
                    yield line
                else:
                    wrong += 1
                    first = first or number
        _warn(path, wrong, first)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise local_error(error, path, "cannot read") from error


def to_line(values: dict[str, Any]) -> bytes:
    """Return one line of compact JSON, its end included."""
    return _compact(values).encode() + b"\n"
