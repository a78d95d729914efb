"""Whether the directories of a TIFF file, classic or big, all point inside the file.

Source: TIFF 6.0 section 2, and the BigTIFF layout (64-bit offsets, magic number 43).
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from isic_cli.errors import DamagedError

_WIDTH, _HEIGHT = 256, 257
#: Offsets and byte counts of strips, then of tiles.
_PIECES = ((273, 279), (324, 325))
#: Bytes of one value of each integer type (BYTE, SHORT, LONG, LONG8), and its struct code.
_INTEGERS = {1: (1, "B"), 3: (2, "H"), 4: (4, "I"), 16: (8, "Q")}
_MOST_DIRECTORIES = 4096

_ReadAt = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How numbers lie in this file: byte order, and the sizes of classic or big TIFF."""

    order: str
    big: bool

    @property
    def offset(self) -> str:
        return self.order + ("Q" if self.big else "I")

    @property
    def count(self) -> str:
        return self.order + ("Q" if self.big else "H")

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))


def tiff_size(read: _ReadAt, size: int) -> tuple[int, int]:
    """Check a TIFF file and return the size of its first picture.

    Parameters
    ----------
    read : callable
        `read(offset, length)` returns bytes of the file.
    size : int
        Bytes of the whole file.

    Returns
    -------
    width, height : int
        Pixels.

    Raises
    ------
    DamagedError
        When a directory, a strip or a tile lies outside the file, or there is none.
    """
    start = read(0, 4)
    dialect = _Dialect("<" if start[:2] == b"II" else ">", big=43 in start[2:])
    pictures = [
        _picture(read, size, dialect, tags)
        for tags in _directories(read, size, dialect, at=8 if dialect.big else 4)
    ]
    if not pictures:
        raise DamagedError("TIFF without a picture")
    return pictures[0]


def _directories(
    read: _ReadAt, size: int, dialect: _Dialect, at: int
) -> Iterator[dict[int, tuple[int, int, bytes]]]:
    """Yield every directory of the chain: tag -> (type, count, value or offset)."""
    seen: set[int] = set()
    offset = _number(read, at, dialect.offset)
    while offset:
        if offset in seen or len(seen) == _MOST_DIRECTORIES:
            raise DamagedError("TIFF whose directories go round in a circle")
        seen.add(offset)
        entries = _number(read, offset, dialect.count)
        entry = dialect.entry
        begin = offset + struct.calcsize(dialect.count)
        if begin + entries * entry.size > size:
            raise DamagedError(f"TIFF whose directory at byte {offset} lies outside the file: cut")
        table = _exactly(read, begin, entries * entry.size)
        yield {tag: (kind, count, value) for tag, kind, count, value in entry.iter_unpack(table)}
        offset = _number(read, begin + len(table), dialect.offset)


def _picture(
    read: _ReadAt, size: int, dialect: _Dialect, tags: dict[int, tuple[int, int, bytes]]
) -> tuple[int, int]:
    width = _values(read, size, dialect, tags.get(_WIDTH))
    height = _values(read, size, dialect, tags.get(_HEIGHT))
    if not (width and height and width[0] and height[0]):
        raise DamagedError("TIFF without a picture size")
    pieces = 0
    for offset_tag, count_tag in _PIECES:
        offsets = _values(read, size, dialect, tags.get(offset_tag))
        counts = _values(read, size, dialect, tags.get(count_tag))
        if len(offsets) != len(counts):
            raise DamagedError("TIFF whose pixel data has offsets without lengths")
        for offset, count in zip(offsets, counts, strict=True):
            if offset + count > size:
                raise DamagedError(f"TIFF whose pixels at byte {offset} lie outside the file: cut")
        pieces += len(offsets)
    if not pieces:
        raise DamagedError("TIFF without pixels")
    return width[0], height[0]


def _values(
    read: _ReadAt, size: int, dialect: _Dialect, field: tuple[int, int, bytes] | None
) -> tuple[int, ...]:
    """Return the integers of one field, empty for an absent one."""
    if field is None:
        return ()
    kind, count, value = field
    if kind not in _INTEGERS:
        raise DamagedError(f"TIFF with a field of type {kind} where numbers belong")
    width, code = _INTEGERS[kind]
    total = width * count
    if total > len(value):
        (offset,) = struct.unpack(dialect.offset, value)
        if offset + total > size:
            raise DamagedError(f"TIFF whose table at byte {offset} lies outside the file: cut")
        value = _exactly(read, offset, total)
    return struct.unpack(f"{dialect.order}{count}{code}", value[:total])


def _number(read: _ReadAt, offset: int, code: str) -> int:
    (number,) = struct.unpack(code, _exactly(read, offset, struct.calcsize(code)))
    return int(number)


def _exactly(read: _ReadAt, offset: int, length: int) -> bytes:
    data = read(offset, length)
    if len(data) < length:
        raise DamagedError(f"TIFF that ends at byte {offset + len(data)}: cut")
    return data
