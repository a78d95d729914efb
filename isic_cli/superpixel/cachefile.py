"""A run cache: the runs of a map as they lie in memory, opened many times faster than its PNG.

Layout, little-endian: a head of magic, height, width, number of runs and of labels, bytes per index
and per length, the SHA-256 of the PNG it was made from, and the CRC-32 of all that is not this
number; then labels (uint32), the index of each run (uint16 or uint32), and its length (uint8,
uint16 or uint32). Nothing is compressed: unpacking would take longer than all the rest.
"""

import struct
import zlib
from typing import NamedTuple

import numpy as np

from isic_cli.errors import CheckError
from isic_cli.pictures import MAX_PIXELS
from isic_cli.pictures.load import Readable, contents
from isic_cli.superpixel.codec import LABEL_LIMIT
from isic_cli.superpixel.map import AnyMap, SuperpixelMap, map_of
from isic_cli.superpixel.runs import RowRuns

MAGIC = b"ISICRUN4"
_HEAD = struct.Struct("<8sIIIIBB32s")
_CRC = struct.Struct("<I")
_BODY_AT = _HEAD.size + _CRC.size
_NAME = "the run cache"
_AGAIN = "make it again from the PNG"


class _Head(NamedTuple):
    magic: bytes
    height: int
    width: int
    runs: int
    labels: int
    index_bytes: int
    length_bytes: int
    source: bytes

    @property
    def body_bytes(self) -> int:
        return 4 * self.labels + (self.index_bytes + self.length_bytes) * self.runs


def write_cache(superpixels: AnyMap, *, source: bytes = bytes(32)) -> bytes:
    """Return the cache file of a map.

    Parameters
    ----------
    superpixels : SuperpixelMap, or what its `from_png` takes
        The map.
    source : bytes
        32 bytes that name what the map was made from: the SHA-256 of its PNG.

    Examples
    --------
    >>> from isic_cli.superpixel import SuperpixelMap, write_cache
    >>> len(write_cache(SuperpixelMap.from_labels([[0, 1]])))
    76
    """
    pixel_map = map_of(superpixels)
    runs = pixel_map.runs
    longest = int(runs.lengths.max())
    lengths = runs.lengths.astype(
        "<u1" if longest < 1 << 8 else "<u2" if longest < 1 << 16 else "<u4"
    )
    index = runs.index.astype("<u2" if len(pixel_map) <= 1 << 16 else "<u4", copy=False)
    head = _HEAD.pack(
        MAGIC,
        *runs.shape,
        lengths.size,
        len(pixel_map),
        index.itemsize,
        lengths.itemsize,
        source,
    )
    body = b"".join(part.tobytes() for part in (pixel_map.ids.astype("<u4"), index, lengths))
    return head + _CRC.pack(zlib.crc32(body, zlib.crc32(head))) + body


def _head(data: bytes, name: str) -> _Head:
    if len(data) < _BODY_AT or not data.startswith(MAGIC):
        raise CheckError(f"{name}: not a run cache", hint=_AGAIN)
    return _Head(*_HEAD.unpack_from(data))


def read_cache(source: Readable) -> SuperpixelMap:
    """Return the map of a cache file.

    Parameters
    ----------
    source : path, bytes or binary file
        The map keeps a part of the bytes, as they are.

    Raises
    ------
    NotFoundError, LocalError
        The file cannot be read.
    CheckError
        Not a cache file, or damaged.

    Examples
    --------
    >>> from isic_cli.superpixel import SuperpixelMap, read_cache, write_cache
    >>> read_cache(write_cache(SuperpixelMap.from_labels([[0, 1]]))).labels.tolist()
    [[0, 1]]
    """
    data, name = contents(source, _NAME)
    head = _head(data, name)
    view = memoryview(data)
    (stored,) = _CRC.unpack_from(data, _HEAD.size)
    if zlib.crc32(view[_BODY_AT:], zlib.crc32(view[: _HEAD.size])) != stored:
        raise _damaged(name, "its checksum is wrong")
    plausible = (
        0 < head.labels <= head.runs <= head.height * head.width <= MAX_PIXELS
        and head.index_bytes in {2, 4}
        and head.length_bytes in {1, 2, 4}
    )
    if not plausible or len(data) != _BODY_AT + head.body_bytes:
        raise _damaged(name, "impossible sizes")
    return _restored(data, head, name)


def _damaged(name: str, reason: str) -> CheckError:
    return CheckError(f"{name} is damaged ({reason})", hint=_AGAIN)


def _restored(data: bytes, head: _Head, name: str) -> SuperpixelMap:
    index_at = _BODY_AT + 4 * head.labels
    lengths_at = index_at + head.index_bytes * head.runs
    ids = np.frombuffer(data, "<u4", head.labels, _BODY_AT).astype(np.int64)
    index = np.frombuffer(data, f"<u{head.index_bytes}", head.runs, index_at)
    lengths = np.frombuffer(data, f"<u{head.length_bytes}", head.runs, lengths_at)
    pixels = head.height * head.width
    if int(lengths.sum(dtype=np.int64)) != pixels or not int(lengths.min()):
        raise _damaged(name, "the runs do not fill the picture")
    if int(ids[-1]) >= LABEL_LIMIT or int(index.max()) != head.labels - 1:
        raise _damaged(name, "labels out of range")
    # Their sum is known to fit, so that no partial sum can overflow 32 bits.
    starts = np.zeros(head.runs + 1, np.int32)
    np.cumsum(lengths, dtype=np.int32, out=starts[1:])
    shape = (head.height, head.width)
    runs = RowRuns(shape, starts[:-1], lengths.astype(np.int32), index, head.labels)
    return SuperpixelMap(runs, ids)
