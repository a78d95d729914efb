"""One file on its way: written, hashed, looked at, and put into its place or kept."""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from isic_cli.errors import TransferError
from isic_cli.files.atomic import write_text
from isic_cli.files.faults import local_error
from isic_cli.pictures.whole import ReadAt

#: Bytes gathered before they are written and hashed in one call each.
FLUSH = 1 << 19
#: A large file's progress is made safe every so many bytes.
MARK = 8 << 20

Write = Callable[[int, bytes], int]

_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0)


def strong(etag: str | None) -> str | None:
    """Return an ETag that may be used in If-Range (RFC 9110 section 13.1.5), else None."""
    return etag if etag and etag.startswith('"') and etag.endswith('"') and len(etag) > 2 else None


class PartFile:
    """The part of one file, used by one thread.

    Parameters
    ----------
    folder : Path
        Where parts are.
    name : str
        Of the file.
    token : str
        Of this run, 8 hexadecimal digits.
    write : callable
        `os.write`, or something that fails like a full disk.
    state : tuple of str and int, or None
        ETag and safe bytes of a part that can be resumed.

    Attributes
    ----------
    name : str
        Of the file.
    size : int
        Bytes that are written and belong to the version `etag`.
    etag : str or None
        The strong ETag under which they can be added to.
    resumed : bool
        Whether bytes of an earlier attempt were built upon.
    """

    def __init__(
        self, folder: Path, name: str, *, token: str, write: Write, state: tuple[str, int] | None
    ) -> None:
        self.name = name
        self._stable = folder / f"{name}.part"
        self._own = folder / f"{name}.{token}.part"
        self._state = folder / f"{name}.part.json"
        self._write = write
        self._fd = -1
        self._is_there = False
        self._pending: list[bytes] = []
        self._waiting = 0
        self._hash = hashlib.sha256()
        self._marked = 0
        self._whole: bytes | None = None
        self.size = 0
        self.etag: str | None = None
        self.resumed = False
        if state is not None:
            self._take_over(*state)

    def _take_over(self, etag: str, size: int) -> None:
        self._marked = size
        try:
            self._stable.replace(self._own)
            self._is_there = True
            self._fd = os.open(self._own, _FLAGS)
        except FileNotFoundError:
            return
        except OSError as error:
            raise local_error(error, self._stable) from error
        if os.fstat(self._fd).st_size >= size:
            self.size, self.etag = size, etag

    def resume_point(self) -> tuple[int, str | None]:
        """Return the byte to go on from and the ETag that proves it: (0, None) to start anew."""
        if self.etag is None:
            return 0, None
        self.flush()
        return (self.size, self.etag) if self.size else (0, None)

    def begin(self, start: int, etag: str | None) -> None:
        """Prepare for a body that begins at byte `start`: 0, or `size`.

        Raises
        ------
        LocalError
            When the disk refuses.
        """
        try:
            if self._fd < 0:
                self._fd = os.open(self._own, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
                self._is_there = True
            else:
                # Also cuts what a dead process wrote behind the bytes that are known to be safe.
                os.ftruncate(self._fd, start)
                os.lseek(self._fd, start, os.SEEK_SET)
        except OSError as error:
            raise local_error(error, self._own) from error
        self.size, self.resumed = start, start > 0
        if not start:
            self._forget()
            self._pending.clear()
            self._waiting = 0
            self.etag = strong(etag)
            self._hash = hashlib.sha256()

    def _forget(self) -> None:
        """Withdraw what the state file says, before bytes of another version come."""
        if self._marked:
            self._state.unlink(missing_ok=True)
            self._marked = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        self._pending.append(chunk)
        self._waiting += len(chunk)
        if self._waiting >= FLUSH:
            self.flush()
            if self.etag and self.size - self._marked >= MARK:
                self._mark()

    def flush(self) -> None:
        """Write and hash what has come so far.

        Raises
        ------
        LocalError
            When the disk refuses.
        """
        if not self._pending:
            return
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending.clear()
        self._waiting = 0
        # A file that came in one piece can be looked at without reading it back.
        self._whole = data if self.size == 0 else None
        try:
            rest = data
            while rest:
                rest = rest[self._write(self._fd, rest) :]
        except OSError as error:
            raise local_error(error, self._own) from error
        self._hash.update(data)
        self.size += len(data)

    def _mark(self) -> None:
        """Have the disk hold every byte, then say so beside the part."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise local_error(error, self._state) from error
        write_text(self._state, json.dumps({"etag": self.etag, "size": self.size}))
        self._marked = self.size

    def reader(self) -> ReadAt:
        """Return a function that reads what was written: `read(offset, length)`."""
        self.flush()
        whole = self._whole
        if whole is not None:
            return lambda offset, length: whole[offset : offset + length]

        def read(offset: int, length: int) -> bytes:
            os.lseek(self._fd, offset, os.SEEK_SET)
            return os.read(self._fd, length)

        return read

    @property
    def path(self) -> Path:
        """Where the part is now."""
        return self._own

    def land(self, target: str) -> tuple[str, int]:
        """Put the finished file into its place.

        Returns
        -------
        sha256 : str
            Of every byte; a resumed file is read again from its beginning.
        mtime_ns : int
            Time of its last change.

        Raises
        ------
        TransferError
            When another run took the part away.
        LocalError
            When the disk refuses.
        """
        try:
            digest = self.digest()
            mtime_ns = os.fstat(self._fd).st_mtime_ns
            self._close()
            self._own.replace(target)
            self._is_there = False
        except FileNotFoundError as error:
            self.discard()
            raise TransferError(f"{self._own} was taken away by another run") from error
        except OSError as error:
            self.discard()
            raise local_error(error, target) from error
        self._forget()
        return digest, mtime_ns

    def digest(self) -> str:
        """Return the SHA-256 of every byte; a resumed file is read again from its beginning."""
        return self._hash_again() if self.resumed else self._hash.hexdigest()

    def _hash_again(self) -> str:
        os.lseek(self._fd, 0, os.SEEK_SET)
        with open(self._fd, "rb", closefd=False) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def keep(self) -> bool:
        """Keep what has come to be resumed later, if it can be; else leave nothing.

        Returns
        -------
        bool
            Whether something was kept.
        """
        if self._fd >= 0 and self.etag is not None:
            self.flush()
        if self._fd < 0 or not (self.size and self.etag):
            self.discard()
            return False
        if self._marked != self.size:
            self._mark()
        self._close()
        with suppress(FileNotFoundError):
            self._own.replace(self._stable)
        self._is_there = False
        return True

    def discard(self) -> None:
        """Leave nothing."""
        self._close()
        self._forget()
        if self._is_there:
            self._own.unlink(missing_ok=True)
            self._is_there = False
        self._pending.clear()
        self._waiting = self.size = 0
        self.etag, self.resumed, self._whole = None, False, None

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
