"""Pieces of bytes that wait in a file without a name: memory holds one byte for each."""

import weakref
from array import array
from collections.abc import Iterator
from struct import Struct
from tempfile import SpooledTemporaryFile

from isic_cli.errors import LocalError

#: Bytes that stay in memory before a file is made.
IN_MEMORY = 4 << 20
#: Pieces whose place in the file is kept together, and pieces that are read at a time.
_NEAR, _GROUP = 8, 256
#: How long the piece behind it is.
_LENGTH = Struct("<Q")


class Spool:
    """Pieces, numbered as they come; the file ends with the last reference to them.

    Every method raises LocalError when the disk refuses.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by the next line
        weakref.finalize(self, self._file.close)
        #: Where every eighth piece begins.
        self._starts = array("Q")
        self._count = self._end = 0
        self._is_at_end = True
        #: The last pieces that were read for one of them, and the number of the first.
        self._near, self._first = b"", -1

    def __len__(self) -> int:
        return self._count

    def add(self, piece: bytes) -> None:
        """Put a piece behind the others."""
        try:
            if not self._is_at_end:
                self._file.seek(self._end)
                self._is_at_end = True
            self._file.write(_LENGTH.pack(len(piece)) + piece)
        except OSError as error:
            raise cannot_spool(error) from error
        if self._count % _NEAR == 0:
            self._starts.append(self._end)
        self._first = -1
        self._end += _LENGTH.size + len(piece)
        self._count += 1

    def piece(self, place: int) -> bytes:
        """Return a piece."""
        near, skipped = divmod(place, _NEAR)
        if near != self._first:  # the next one is mostly near
            self._near, self._first = self._read(*self._ends(near, near + 1)), near
        begin = end = 0
        for _ in range(skipped + 1):
            begin = end + _LENGTH.size
            end = begin + _LENGTH.unpack_from(self._near, end)[0]
        return self._near[begin:end]

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces in their order, many read at a time."""
        step = _GROUP // _NEAR
        for first in range(0, len(self._starts), step):
            yield from self._pieces(first, first + step)

    def _ends(self, first: int, last: int) -> tuple[int, int]:
        return self._starts[first], self._starts[last] if last < len(self._starts) else self._end

    def _pieces(self, first: int, last: int) -> Iterator[bytes]:
        block, at = self._read(*self._ends(first, last)), 0
        while at < len(block):
            begin = at + _LENGTH.size
            at = begin + _LENGTH.unpack_from(block, at)[0]
            yield block[begin:at]

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
