"""Pieces of bytes that wait in a file without a name: memory holds where each of them ends."""

import weakref
from array import array
from collections.abc import Iterator
from itertools import pairwise
from tempfile import SpooledTemporaryFile

from isic_cli.errors import LocalError

#: Bytes that stay in memory before a file is made.
IN_MEMORY = 4 << 20
#: Pieces that are read at a time.
_GROUP = 256


class Spool:
    """Pieces, numbered as they come; the file ends with the last reference to them.

    Every method raises LocalError when the disk refuses.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by the next line
        weakref.finalize(self, self._file.close)
        self._ends = array("Q", [0])
        self._is_at_end = True

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, piece: bytes) -> None:
        """Put a piece behind the others."""
        try:
            if not self._is_at_end:
                self._file.seek(self._ends[-1])
                self._is_at_end = True
            self._file.write(piece)
        except OSError as error:
            raise cannot_spool(error) from error
        self._ends.append(self._ends[-1] + len(piece))

    def piece(self, place: int) -> bytes:
        """Return a piece."""
        return self._read(self._ends[place], self._ends[place + 1])

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces in their order, many read at a time."""
        for first in range(0, len(self), _GROUP):
            ends = self._ends[first : first + _GROUP + 1]
            block = self._read(ends[0], ends[-1])
            for begin, end in pairwise(ends):
                yield block[begin - ends[0] : end - ends[0]]

    def _read(self, begin: int, end: int) -> bytes:
        self._is_at_end = False
        try:
            self._file.seek(begin)
            return self._file.read(end - begin)
        except OSError as error:
            raise cannot_spool(error) from error


def cannot_spool(error: Exception) -> LocalError:
    """Return what is said where the disk for temporary files refuses."""
    return LocalError(
        f"cannot write a temporary file: {getattr(error, 'strerror', None) or error}",
        hint="Set TMPDIR to a folder with room.",
    )
