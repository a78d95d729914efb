"""A run cache: the runs of a map, compressed; half as large as its PNG and read far faster.

Layout, little-endian: magic, height, width, number of runs and of labels, bytes per length and per
index, the SHA-256 of the PNG it was made from; then one zlib stream of labels (uint32), lengths
and indices (uint16 or uint32). The stream's own checksum guards the data.
"""

import struct
import zlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isic_cli.errors import CheckError
from isic_cli.superpixel.codec import LABEL_LIMIT, MAX_PIXELS
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.runs import RowRuns

MAGIC = b"ISICRUN1"
_HEAD = struct.Struct("<8sIIIIBB32s")
_LEVEL = 6


class _Head(NamedTuple):
    magic: bytes
    height: int
    width: int
    runs: int
    labels: int
    length_bytes: int
    index_bytes: int
    source: bytes


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
    wide = int(runs.lengths.max()) >= 1 << 16
    lengths = runs.lengths.astype("<u4" if wide else "<u2")
    index = runs.index.astype("<u2" if len(pixel_map) <= 1 << 16 else "<u4", copy=False)
    head = _HEAD.pack(
        MAGIC,
        *runs.shape,
        lengths.size,
        len(pixel_map),
        lengths.itemsize,
        index.itemsize,
        source,
    )
    body = pixel_map.ids.astype("<u4").tobytes() + lengths.tobytes() + index.tobytes()
    return head + zlib.compress(body, _LEVEL)


def cache_source(data: bytes) -> bytes:
    """Return the 32 bytes that name what a cache file was made from.

    Raises
    ------
    CheckError
        Not a cache file.
    """
    return _head(data).source


def _head(data: bytes) -> _Head:
    if len(data) < _HEAD.size or not data.startswith(MAGIC):
        raise CheckError("not a run cache", hint="delete it; it is made again from the PNG")
    return _Head(*_HEAD.unpack_from(data))


def read_cache(data: bytes) -> SuperpixelMap:
    """Return the map of a cache file.

    Raises
    ------
    CheckError
        Not a cache file, or damaged.
    """
    head = _head(data)
    sizes = (4 * head.labels, head.length_bytes * head.runs, head.index_bytes * head.runs)
    pixels = head.height * head.width
    plausible = (
        0 < head.labels <= head.runs <= pixels <= MAX_PIXELS
        and head.length_bytes in {2, 4}
        and head.index_bytes in {2, 4}
    )
    if not plausible:
        raise _damaged("impossible sizes")
    try:
        # One byte more than the head announces tells a longer stream without unpacking it all.
        unpack = zlib.decompressobj()
        body = unpack.decompress(memoryview(data)[_HEAD.size :], sum(sizes) + 1)
    except zlib.error as error:
        raise _damaged(str(error)) from error
    if len(body) != sum(sizes) or not unpack.eof:
        raise _damaged("another length than its head says")
    return _restored(body, head)


def _damaged(reason: str) -> CheckError:
    return CheckError(
        f"the run cache is damaged ({reason})", hint="delete it; it is made again from the PNG"
    )


def _restored(body: bytes, head: _Head) -> SuperpixelMap:
    ids = np.frombuffer(body, "<u4", head.labels).astype(np.int64)
    lengths_at = 4 * head.labels
    index_at = lengths_at + head.length_bytes * head.runs
    stored = np.frombuffer(body, f"<u{head.length_bytes}", head.runs, lengths_at)
    lengths: npt.NDArray[np.int32] = stored.astype(np.int32)
    index = np.frombuffer(body, f"<u{head.index_bytes}", head.runs, index_at)
    ends = np.cumsum(lengths, dtype=np.int64)
    if int(ends[-1]) != head.height * head.width or int(lengths.min()) < 1:
        raise _damaged("the runs do not fill the picture")
    if int(ids[-1]) >= LABEL_LIMIT or int(index.max()) != head.labels - 1:
        raise _damaged("labels out of range")
    starts = (ends - lengths).astype(np.int32)
    runs = RowRuns((head.height, head.width), starts, lengths, index, head.labels)
    return SuperpixelMap(runs, ids)
