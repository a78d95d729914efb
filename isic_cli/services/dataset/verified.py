"""Which files were read and found good: so that nobody reads them again for nothing.

`.isic/verified` has a line for each file, sorted by ISIC id: id, size, time of the last change of
content and of inode in nanoseconds, SHA-256, and whether it was decoded too. A file with the same
size and times has the same bytes as then, unless the disk itself lost them: `--deep` reads anew.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from isic_cli.errors import LocalError
from isic_cli.files import STATE
from isic_cli.files.atomic import replacing_state
from isic_cli.files.faults import translated
from isic_cli.files.load import open_regular

_NAME = "verified"


@dataclass(frozen=True, slots=True)
class Good:
    """A file that was read and found good.

    Attributes
    ----------
    mtime_ns, ctime_ns : int
        Last change of the content and of the inode.
    decoded : bool
        Whether every row was decoded, beside the hash.
    """

    isic_id: str
    size: int
    mtime_ns: int
    ctime_ns: int
    sha256: str
    decoded: bool

    @classmethod
    def of(cls, isic_id: str, there: os.stat_result, sha256: str, *, decoded: bool) -> Self:
        """Return what is remembered of a file."""
        return cls(isic_id, there.st_size, there.st_mtime_ns, there.st_ctime_ns, sha256, decoded)

    def to_line(self) -> str:
        """Return one line of text, its end included."""
        times = f"{self.mtime_ns} {self.ctime_ns}"
        return f"{self.isic_id} {self.size} {times} {self.sha256} {self.decoded:d}\n"


def _parse(line: str) -> Good | None:
    """Read a line; None for one that is torn."""
    try:
        isic_id, size, mtime_ns, ctime_ns, sha256, decoded = line.split()
        return Good(isic_id, int(size), int(mtime_ns), int(ctime_ns), sha256, decoded == "1")
    except ValueError:
        return None


class VerifiedIndex:
    """The files known to be good, read and written side by side in the order of their ids.

    A context manager; what was not asked for stays as it was. Where the folder cannot be written,
    nothing is remembered.

    Parameters
    ----------
    folder : Path
        The download folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / STATE / _NAME
        self._stack = ExitStack()
        self._new: IO[str] | None = None
        self._old: Iterator[Good] = iter(())
        self._next: Good | None = None

    def __enter__(self) -> Self:
        self._old = self._lines()
        self._next = next(self._old, None)
        with suppress(LocalError):  # a folder on a read-only disk can be verified too
            self._new = self._stack.enter_context(replacing_state(self._path))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._new is None:
            return
        if kind is None:
            self._pass(None)
        with self._stack, translated(self._path):
            while self._next is not None:
                self._new.write(self._next.to_line())
                self._next = next(self._old, None)

    def _lines(self) -> Iterator[Good]:
        with suppress(FileNotFoundError, LocalError), open_regular(self._path) as file:
            for line in file:
                good = _parse(line.decode(errors="replace"))
                if good is not None:
                    yield good

    def known(self, isic_id: str) -> Good | None:
        """Return what is remembered of a file; ask in the order of the ids."""
        self._pass(isic_id)
        if self._next is not None and self._next.isic_id == isic_id:
            found, self._next = self._next, next(self._old, None)
            return found
        return None

    def _pass(self, isic_id: str | None) -> None:
        """Leave out what is about files that are not in the lock any more."""
        while self._next is not None and (isic_id is None or self._next.isic_id < isic_id):
            self._next = next(self._old, None)

    def remember(self, good: Good) -> None:
        """Note a good file; in the order of the ids."""
        if self._new is not None:
            with translated(self._path):
                self._new.write(good.to_line())
