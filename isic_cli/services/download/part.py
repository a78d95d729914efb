"""Files on their way: in `.isic/parts/`, until they are whole.

They lie there and not beside their targets, so that a folder of pictures never shows half a
picture to whoever lists it; it is the same file system, so the last step is one renaming.

While a run writes, a part carries the run's random token in its name, so that two runs never
write into one part, lock or no lock. A part that is kept to be resumed loses the token, and
beside it a small JSON file says which version of the file it belongs to (the strong ETag) and
how many of its bytes are known to be on disk. Nothing else is ever resumed.

Nothing is synced for a file that arrives in one go: `kill -9` loses no bytes that the kernel
has, syncing costs five times the renaming, and after a power failure size and time in the
journal tell. What a resume will build upon is synced first.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from isic_cli.api.file_transport import strong
from isic_cli.errors import LocalError, TransferError
from isic_cli.files.atomic import rename, write_state
from isic_cli.files.faults import translated
from isic_cli.files.turns import TURNS
from isic_cli.memory import keep_freed_memory
from isic_cli.pictures.whole import ReadAt
from isic_cli.services.run.workers import OrderedCalls

#: Bytes gathered before they are written and hashed in one call each.
FLUSH = 1 << 20
#: Writing and hashing so many bytes takes longer than a change of threads.
_LARGE = 1 << 17
#: A large file's progress is made safe after so many bytes, and no sooner than so many seconds
#: after the time before: waiting for the disk all the time would slow a fast transfer.
MARK, _PAUSE = 8 << 20, 5.0

#: Writes to a descriptor, like `os.write`.
Write = Callable[[int, bytes], int]

_HASHING, _MARKING, _OBSERVING = range(3)
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0)


class Observer(Protocol):
    """What looks at the bytes of a file as they come, in their order."""

    def restart(self) -> None:
        """Expect the first byte."""
        ...

    def update(self, data: bytes, /) -> object:
        """Take the next bytes."""
        ...


class PartFile:
    """The part of one file, used by one thread; `PartStore.open` makes it.

    Every method raises LocalError when the disk refuses.

    Attributes
    ----------
    name, path : str
        Of the file, and where the part is; a Path takes longer to make than its file to write.
    size : int
        Bytes that are written and belong to the version `etag`.
    etag : str or None
        The strong ETag under which they can be added to.
    resumed : bool
        Whether bytes of an earlier attempt were built upon.
    """

    def __init__(
        self, folder: str, name: str, *, token: str, write: Write, state: tuple[str, int] | None
    ) -> None:
        self.name = name
        self.path = f"{folder}/{name}.{token}.part"
        self._stable = f"{folder}/{name}.part"
        self._write = write
        self._fd, self._is_there = -1, False
        self._pending: list[bytes] = []
        self._waiting = self._hashed = self.size = 0
        self._marked, self._mark_time = 0, -_PAUSE
        self._observer: Observer | None = None
        self._aside: list[OrderedCalls] = []
        self._hash: hashlib._Hash  # from `begin` on
        self._whole: bytes | None = None
        self.etag: str | None = None
        self.resumed = False
        if state is not None:
            self._take_over(*state)

    @property
    def _state(self) -> Path:
        return Path(f"{self._stable}.json")

    def _calls(self, kind: int) -> OrderedCalls:
        """Return the thread for one kind of work on a large file, while its next bytes come."""
        self._aside = self._aside or [OrderedCalls() for _ in range(3)]
        return self._aside[kind]

    def _take_over(self, etag: str, size: int) -> None:
        self._marked = size
        with translated(self._stable):
            try:
                rename(self._stable, self.path)
            except FileNotFoundError:  # another run took it
                return
            self._is_there = True
            self._fd = os.open(self.path, _FLAGS)
            if os.fstat(self._fd).st_size >= size:
                self.size, self.etag = size, etag

    def resume_point(self) -> tuple[int, str | None]:
        """Return the byte to go on from and the ETag that proves it: (0, None) to start anew."""
        if self.etag is None:
            return 0, None
        self.flush()
        return (self.size, self.etag) if self.size else (0, None)

    def observe(self, observer: Observer) -> None:
        """Show an observer every byte, in a thread of its own; to be called before any comes.

        It sees nothing of a file that an earlier run began.
        """
        self._observer = observer

    def begin(self, start: int, etag: str | None) -> None:
        """Prepare for a body that begins at byte `start`: 0, or `size`."""
        self._wait()
        with translated(self.path):
            if self._fd < 0:
                self._fd = os.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
                self._is_there = True
            else:
                # Also cuts what a dead process wrote behind the bytes that are known to be safe.
                os.ftruncate(self._fd, start)
                os.lseek(self._fd, start, os.SEEK_SET)
        self.size, self.resumed = start, start > 0
        if not start:
            self._forget()
            self._pending.clear()
            self._waiting = 0
            self.etag = strong(etag)
            self._hash, self._hashed = hashlib.sha256(), 0
            if self._observer:
                self._observer.restart()

    def _forget(self) -> None:
        """Withdraw what the state file says, before bytes of another version come."""
        if self._marked:
            with translated(self._state):
                self._state.unlink(missing_ok=True)
            self._marked = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        self._pending.append(chunk)
        self._waiting += len(chunk)
        if self._waiting >= FLUSH:
            self.flush()
            if self.size >= MARK:
                self._mark_aside()

    def flush(self) -> None:
        """Write and hash what has come so far."""
        if not self._pending:
            return
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending.clear()
        self._waiting = 0
        # A file that came in one piece can be looked at without reading it back.
        self._whole = data if self.size == 0 else None
        with TURNS.aside(when=len(data) >= _LARGE):
            with translated(self.path):
                rest = data
                while rest:
                    rest = rest[self._write(self._fd, rest) :]
            if self._hashed == self.size:  # else every byte is read again in the end
                self._look_at(data)
        self.size += len(data)

    def _look_at(self, data: bytes) -> None:
        """Hash the next bytes, and show them to the observer."""
        self._hashed += len(data)
        if self._hashed < MARK:
            self._hash.update(data)
        else:
            keep_freed_memory()
            self._calls(_HASHING).call(self._hash.update, data)
        if self._observer:
            self._calls(_OBSERVING).call(self._observer.update, data)

    def _mark_aside(self) -> None:
        """Make the progress safe in another thread, unless that is still busy or it is too soon."""
        now = time.monotonic()
        is_due = self.size - self._marked >= MARK and now - self._mark_time >= _PAUSE
        if self.etag and is_due and (marking := self._calls(_MARKING)).is_idle():
            self._mark_time = now
            marking.call(self._mark, self.size)

    def _mark(self, size: int) -> None:
        """Have the disk hold every byte, then say beside the part that so many are safe."""
        with translated(self._state):
            os.fsync(self._fd)
        write_state(self._state, json.dumps({"etag": self.etag, "size": size}))
        self._marked = size

    def _wait(self) -> None:
        """Wait for the other threads; raise what went wrong in them."""
        for calls in self._aside:
            calls.wait()

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

    def land(self, target: str) -> tuple[str, int]:
        """Put the finished file into its place; return its SHA-256 and time of change in ns.

        Raises
        ------
        TransferError
            When another run took the part away.
        """
        try:
            with translated(target):
                digest = self.digest()
                mtime_ns = os.fstat(self._fd).st_mtime_ns
                self._close()
                try:
                    rename(self.path, target)
                except FileNotFoundError as error:
                    raise TransferError(f"{self.path} was taken away by another run") from error
        except (LocalError, TransferError):
            self.discard()
            raise
        self._is_there = False
        self._forget()
        return digest, mtime_ns

    def digest(self) -> str:
        """Return the SHA-256 of every byte; those of an earlier attempt are read again."""
        self.flush()
        self._wait()
        if self._hashed == self.size:
            return self._hash.hexdigest()
        os.lseek(self._fd, 0, os.SEEK_SET)
        with open(self._fd, "rb", closefd=False) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def keep(self) -> int:
        """Keep what can be resumed later; return its bytes, 0 when nothing is left."""
        try:
            here, _ = self.resume_point()
            self._wait()
            if here and self._marked != here:
                self._mark(here)
        except LocalError:
            self.discard()
            raise
        if not here:
            self.discard()
            return 0
        self._close()
        with suppress(FileNotFoundError):
            rename(self.path, self._stable)
        self._is_there = False
        return here

    def discard(self) -> None:
        """Leave nothing."""
        self._close()
        self._forget()
        if self._is_there:
            Path(self.path).unlink(missing_ok=True)
        self._pending.clear()
        self._waiting = self.size = 0
        self.etag, self.resumed, self._whole, self._is_there = None, False, None, False

    def _close(self) -> None:
        for calls in self._aside:
            calls.close()
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
