"""A run cache: the runs of a map as they lie in memory, opened many times faster than its PNG.

Layout, little-endian: a head of magic, height, width, number of runs, of labels and of kinds of
blocks, bytes per index and per length, the SHA-256 of the PNG it was made from, and the CRC-32 of
all that is not this number; then labels (uint32), the index of each run (uint16 or uint32), its
length (uint8, uint16 or uint32), and, where runs are short, the region image once more as `blocks`
splits it: the kinds, and which of them each block is (uint16). Nothing is compressed: unpacking
would take longer than all the rest.
"""

import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from isic_cli.errors import CheckError
from isic_cli.pictures import MAX_PIXELS
from isic_cli.superpixel.blocks import BLOCK, Uint16, block_count, join_blocks, split_blocks
from isic_cli.superpixel.codec import LABEL_LIMIT
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.runs import Index, RowRuns

MAGIC = b"ISICRUN3"
_HEAD = struct.Struct("<8sIIIIIBB32s")
_CRC = struct.Struct("<I")
_BODY_AT = _HEAD.size + _CRC.size
_NAME = "the run cache"
_AGAIN = "make it again from the PNG"
#: Pixels per run below which runs are called short.
_SHORT = 32


class _Head(NamedTuple):
    magic: bytes
    height: int
    width: int
    runs: int
    labels: int
    kinds: int
    index_bytes: int
    length_bytes: int
    source: bytes

    @property
    def blocks(self) -> int:
        return block_count(self.height * self.width) if self.kinds else 0

    @property
    def body_bytes(self) -> int:
        runs = (self.index_bytes + self.length_bytes) * self.runs
        return 4 * self.labels + runs + 2 * (BLOCK * self.kinds + self.blocks)


@dataclass(frozen=True, eq=False)
class _BlockRuns(RowRuns):
    """Runs whose image is at hand as blocks."""

    kinds: Uint16
    which: Uint16

    @cached_property
    def image(self) -> Index:
        return join_blocks(self.kinds, self.which, self.shape)


def write_cache(pixel_map: SuperpixelMap, *, source: bytes = bytes(32)) -> bytes:
    """Return the cache file of a map.

    Parameters
    ----------
    pixel_map : SuperpixelMap
        The map.
    source : bytes
        32 bytes that name what the map was made from: the SHA-256 of its PNG.
    """
    runs = pixel_map.runs
    longest = int(runs.lengths.max())
    lengths = runs.lengths.astype(
        "<u1" if longest < 1 << 8 else "<u2" if longest < 1 << 16 else "<u4"
    )
    index = runs.index.astype("<u2" if len(pixel_map) <= 1 << 16 else "<u4", copy=False)
    is_short = index.itemsize == 2 and runs.shape[0] * runs.shape[1] < _SHORT * lengths.size
    blocks = split_blocks(runs.image.astype(np.uint16, copy=False)) if is_short else None
    kinds, which = blocks or (np.empty((0, BLOCK), np.uint16), np.empty(0, np.uint16))
    head = _HEAD.pack(
        MAGIC,
        *runs.shape,
        lengths.size,
        len(pixel_map),
        len(kinds),
        index.itemsize,
        lengths.itemsize,
        source,
    )
    parts = (pixel_map.ids.astype("<u4"), index, lengths, kinds.astype("<u2"), which.astype("<u2"))
    body = b"".join(part.tobytes() for part in parts)
    return head + _CRC.pack(zlib.crc32(body, zlib.crc32(head))) + body


def cache_source(data: bytes) -> bytes:
    """Return the 32 bytes that name what a cache file was made from.

    Raises
    ------
    CheckError
        Not a cache file.
    """
    return _head(data, _NAME).source


def _head(data: bytes, name: str) -> _Head:
    if len(data) < _BODY_AT or not data.startswith(MAGIC):
        raise CheckError(f"{name}: not a run cache", hint=_AGAIN)
    return _Head(*_HEAD.unpack_from(data))


def read_cache(data: bytes, *, name: str = _NAME) -> SuperpixelMap:
    """Return the map of a cache file.

    Parameters
    ----------
    data : bytes
        The file; the map keeps a part of it, as it is, so it must not be changed.
    name : str
        What to call it in messages.

    Raises
    ------
    CheckError
        Not a cache file, or damaged.
    """
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
    shape, lengths = (head.height, head.width), lengths.astype(np.int32)
    if not head.kinds:
        return SuperpixelMap(RowRuns(shape, starts[:-1], lengths, index, head.labels), ids)
    kinds_at = lengths_at + head.length_bytes * head.runs
    kinds = np.frombuffer(data, "<u2", BLOCK * head.kinds, kinds_at).reshape(-1, BLOCK)
    which = np.frombuffer(data, "<u2", head.blocks, kinds_at + kinds.nbytes)
    if int(kinds.max()) >= head.labels or int(which.max()) >= head.kinds:
        raise _damaged(name, "blocks out of range")
    runs = _BlockRuns(shape, starts[:-1], lengths, index, head.labels, kinds, which)
    return SuperpixelMap(runs, ids)
