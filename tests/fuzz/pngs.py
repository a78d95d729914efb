"""PNGs that go wrong in one thing each, written by hand: no encoder makes them."""

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SIDE = 8
_IDAT_AT = len(_SIGNATURE) + 25


def _chunk(kind: bytes, data: bytes = b"", *, length: int | None = None, crc: int = 0) -> bytes:
    size = len(data) if length is None else length
    return struct.pack(">I", size) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ crc)


def _header(
    width: int = _SIDE, height: int = _SIDE, depth: int = 8, colour: int = 2, rest: bytes = bytes(3)
) -> bytes:
    return _chunk(b"IHDR", struct.pack(">IIBB", width, height, depth, colour) + rest)


def _rows(samples: int = 3, *, lead: int = 0, value: int = 1) -> bytes:
    return (bytes([lead]) + bytes([value]) * samples * _SIDE) * _SIDE


def _pixels(raw: bytes | None = None) -> bytes:
    return _chunk(b"IDAT", zlib.compress(_rows() if raw is None else raw))


def _png(*chunks: bytes) -> bytes:
    return _SIGNATURE + b"".join(chunks) + _END


_END = _chunk(b"IEND")
_WHOLE = _png(_header(), _pixels())
_PALETTE = _header(colour=3)
_FRAME = struct.pack(">IIIIIHHBB", 0, 9, 9, 5, 5, 1, 1, 0, 0)
_DEFLATED = zlib.compress(_rows())

#: By what is wrong; no picture can be had of any.
BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "signature alone": _SIGNATURE,
    "signature as text": _WHOLE.replace(b"\r\n", b"\n", 1),
    "cut in the header": _WHOLE[:20],
    "cut in the pixels": _WHOLE[: _IDAT_AT + 12],
    "cut before the end": _WHOLE[:-12],
    "cut in the end": _WHOLE[:-3],
    "no header": _SIGNATURE + _pixels() + _END,
    "header second": _png(_pixels(), _header()),
    "header short": _png(_chunk(b"IHDR", bytes(12)), _pixels()),
    "no pixels": _png(_header()),
    "pixels of no bytes": _png(_header(), _chunk(b"IDAT")),
    "header's checksum": _png(_chunk(b"IHDR", _header()[8:21], crc=1), _pixels()),
    "pixels' checksum": _png(_header(), _chunk(b"IDAT", _DEFLATED, crc=1)),
    "end's checksum": _SIGNATURE + _header() + _pixels() + _chunk(b"IEND", crc=1),
    "length beyond the file": _png(_header(), _chunk(b"IDAT", _DEFLATED, length=9999)),
    "length of 2 GB": _png(_header(), _chunk(b"IDAT", _DEFLATED, length=2**31 - 1)),
    "length below nothing": _png(_header(), _chunk(b"IDAT", _DEFLATED, length=2**32 - 1)),
    "width 0": _png(_header(width=0), _pixels()),
    "height 0": _png(_header(height=0), _pixels()),
    "a million square": _png(_header(10**6, 10**6), _pixels()),
    "the largest sides": _png(_header(2**31 - 1, 2**31 - 1), _pixels()),
    "depth 3": _png(_header(depth=3), _pixels()),
    "colour type 5": _png(_header(colour=5), _pixels()),
    "compression 1": _png(_header(rest=b"\1\0\0"), _pixels()),
    "zlib's head": _png(_header(), _chunk(b"IDAT", b"\0\0" + _DEFLATED[2:])),
    "too few rows": _png(_header(), _pixels(_rows()[:60])),
    "filter 9": _png(_header(), _pixels(_rows(lead=9))),
    "palette missing": _png(_PALETTE, _pixels(_rows(1))),
    "a JPEG's head": b"\xff\xd8\xff\xe0" + _WHOLE[4:],
    "a web page": b"<!doctype html><p>Sign in</p>",
}

#: Odd, but its pixels are all there: readers may take it or refuse it.
ODD: dict[str, bytes] = {
    "more behind the end": _WHOLE + b"trailing",
    "unknown critical chunk": _png(_header(), _chunk(b"QUIX", b"?"), _pixels()),
    "animation of no frames": _png(_header(), _chunk(b"acTL", bytes(8)), _pixels()),
    "frame out of the picture": _png(
        _header(), _chunk(b"acTL", struct.pack(">II", 1, 0)), _chunk(b"fcTL", _FRAME), _pixels()
    ),
    "palette of 5 bytes": _png(_PALETTE, _chunk(b"PLTE", bytes(5)), _pixels(_rows(1))),
    "index beyond the palette": _png(_PALETTE, _chunk(b"PLTE", bytes(3)), _pixels(_rows(1))),
    "profile of no sense": _png(_header(), _chunk(b"iCCP", b"x\0\0no"), _pixels()),
    "text that grows to 64 MB": _png(
        _header(), _chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1 << 26))), _pixels()
    ),
    "orientation of no sense": _png(_header(), _chunk(b"eXIf", b"MM\0*\0\0\0\x09"), _pixels()),
    "interlace 7": _png(_header(rest=b"\0\0\7"), _pixels()),
    "zlib's sum": _png(_header(), _chunk(b"IDAT", _DEFLATED[:-1] + b"\0")),
}
