"""A small PNG, its pixel data inflated before a PNG decoder sees it.

The decoders of imagecodecs inflate with plain zlib, which takes more than half of their time;
its libdeflate needs a seventh of that. So that goes first, and the decoder is given the same PNG
with its data in stored blocks (RFC 1951, 3.2.4), which it only has to copy.
"""

import struct
from types import ModuleType

from isic_cli.pictures.png import RGBA, SIGNATURE, PngHeader, chunks

#: Bytes of pixel data above which the copies, in memory never touched before, cost more than
#: inflating saves.
_MOST = 1 << 22
#: Of a stored block.
_BLOCK = 65_535
_IHDR_END = 33
_END = b"\0\0\0\0IEND\xaeB`\x82"


def inflated_png(data: bytes, header: PngHeader, codecs: ModuleType) -> bytes:
    """Return the same picture as a PNG that takes less time to decode.

    Parameters
    ----------
    data : bytes
        A PNG that passed `check_png`: 8-bit RGB or RGBA, not interlaced.
    header : PngHeader
        What `check_png` returned for it.
    codecs : module
        imagecodecs.

    Returns
    -------
    png : bytes
        `data` itself when it is not small, or cannot be inflated to the size that it should have:
        what is wrong with it is for the decoder to say.
    """
    samples = 4 if header.colour == RGBA else 3
    size = header.height * (1 + samples * header.width)  # each row begins with its filter
    if size > _MOST:
        return data
    packed = b"".join(body for kind, body in chunks(data, "PNG") if kind == b"IDAT")
    try:
        rows = codecs.deflate_decode(packed, out=size)
    except (codecs.DeflateError, ValueError):
        return data
    if len(rows) != size:
        return data
    body = b"IDAT" + _stored(memoryview(rows), codecs.deflate_adler32(rows))
    length, crc = struct.pack(">I", len(body) - 4), struct.pack(">I", codecs.deflate_crc32(body))
    return b"".join((SIGNATURE, data[len(SIGNATURE) : _IHDR_END], length, body, crc, _END))


def _stored(rows: memoryview, adler: int) -> bytes:
    """Return a zlib stream (RFC 1950) that holds bytes uncompressed."""
    parts: list[bytes | memoryview] = [b"\x78\x01"]
    for begin in range(0, len(rows), _BLOCK):
        piece = rows[begin : begin + _BLOCK]
        is_last = begin + _BLOCK >= len(rows)
        parts += struct.pack("<BHH", is_last, len(piece), len(piece) ^ 0xFFFF), piece
    return b"".join((*parts, struct.pack(">I", adler)))
