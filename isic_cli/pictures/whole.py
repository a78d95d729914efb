"""Whether a picture is whole, by its structure alone: no decoding, so microseconds.

A JPEG has a frame header, a scan and an end marker; a PNG has its chunks, each with a good
CRC, up to IEND; a TIFF has directories and strips or tiles that all lie inside the file; a WebP
is as long as its header says and holds pixels.
Sources: ITU-T T.81 annex B; PNG (ISO/IEC 15948) section 5; TIFF 6.0 section 2 and BigTIFF; WebP
(RFC 9649) section 2. The expensive check decodes a picture to its last row.
"""

import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from isic_cli.errors import DamagedError, NotAPictureError
from isic_cli.pictures.tiff import tiff_size

#: Reads up to `length` bytes at `offset`, fewer only at the end of the file.
ReadAt = Callable[[int, int], bytes]

#: What every PNG begins with.
PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEAD = 1 << 16
_BLOCK = 1 << 20


class Picture(NamedTuple):
    """What a picture's header says.

    Attributes
    ----------
    format : str
        `jpg`, `png`, `tif` or `webp`.
    width, height : int
        Pixels.
    """

    format: str
    width: int
    height: int


def inspect(read: ReadAt, size: int) -> Picture:
    """Check that a picture is whole.

    Parameters
    ----------
    read : callable
        `read(offset, length)` returns bytes of the file.
    size : int
        Bytes of the whole file.

    Raises
    ------
    DamagedError
        When it is not a picture, or not all of one.
    """
    start = read(0, 16)
    if start[:3] == b"\xff\xd8\xff":
        return _jpeg(read, size)
    if start[:8] == PNG:
        return _png(read, size)
    if start[:4] in _TIFF:
        width, height = tiff_size(read, size)
        return Picture("tif", width, height)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _webp(read, size)
    raise NotAPictureError(f"not a picture but {_kind(start, size)}")


def stated_size(head: bytes) -> tuple[int, int] | None:
    """Return width and height as the first bytes of a JPEG or PNG say; None where they do not."""
    if head[:8] == PNG and head[12:16] == b"IHDR" and len(head) >= 33:
        width, height = struct.unpack(">II", head[16:24])
        return (width, height) if width and height else None
    if head[:3] != b"\xff\xd8\xff":
        return None
    try:
        frame, _ = _frame(lambda offset, length: head[offset : offset + length], head)
    except DamagedError:
        return None  # or longer than these bytes
    return frame if frame and all(frame) else None


def _kind(start: bytes, size: int) -> str:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not size:
        return "an empty file"
    if text.startswith((b"<!doctype", b"<html")):
        return "a web page"
    if text.startswith(b"<"):
        return "XML"
    if text.startswith((b"{", b"[")):
        return "JSON"
    if start.startswith(b"\x1f\x8b"):
        return "gzip data"
    return f"something that begins {start[:8].hex(' ')}"


def _jpeg(read: ReadAt, size: int) -> Picture:
    """Walk the segments to the first scan, then look for the end marker behind it."""
    frame, offset = _frame(read, read(0, min(size, _HEAD)))
    # A height of 0 promises a DNL marker after the scan, which no picture library writes.
    if frame is None or not all(frame):
        raise DamagedError("JPEG without a picture size before its first scan")
    if read(size - 2, 2) != b"\xff\xd9" and not _has_end(read, offset, size):
        raise DamagedError("JPEG without its end marker: cut")
    return Picture("jpg", *frame)


def _frame(read: ReadAt, head: bytes) -> tuple[tuple[int, int] | None, int]:
    """Return width and height, where the segments of a JPEG say so, and where its scan begins."""
    frame: tuple[int, int] | None = None
    offset, inside = 2, len(head) - 9
    while True:
        segment = head[offset : offset + 9] if offset <= inside else read(offset, 9)
        if len(segment) < 4 or segment[0] != 0xFF:
            raise DamagedError(f"JPEG with a broken header at byte {offset}")
        marker = segment[1]
        if marker == 0xFF:  # a fill byte
            offset += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            if len(segment) < 9:
                raise DamagedError("JPEG with a cut header")
            height, width = struct.unpack(">HH", segment[5:9])
            frame = (width, height)
        if marker == 0xDA:
            return frame, offset
        offset += 2 + (segment[2] << 8 | segment[3])


def _has_end(read: ReadAt, start: int, size: int) -> bool:
    """Whether the end marker lies anywhere behind the first scan: some writers pad the file.

    Inside a scan the byte FF is always followed by a stuffed 00, so FF D9 means the end.
    """
    stop = size
    while stop > start:
        begin = max(start, stop - _BLOCK)
        if b"\xff\xd9" in read(begin, stop - begin + 1):
            return True
        stop = begin
    return False


def _png(read: ReadAt, size: int) -> Picture:
    pixels = False
    width = height = 0
    for number, (kind, start, length) in enumerate(png_chunks(read, size)):
        if (number == 0) != (kind == b"IHDR"):
            raise DamagedError("PNG whose header chunk is not first")
        if number == 0:
            if length < 8:
                raise DamagedError("PNG whose header chunk is too short")
            width, height = struct.unpack(">II", read(start, 8))
        pixels = pixels or kind == b"IDAT"
    if not (width and height and pixels):
        raise DamagedError("PNG without pixels")
    return Picture("png", width, height)


def _webp(read: ReadAt, size: int) -> Picture:
    """Walk the chunks: the first names the size, and one of them holds pixels."""
    stop = 8 + int.from_bytes(read(4, 4), "little")
    if stop > size:
        raise DamagedError(f"WebP of {stop} bytes, cut to {size}")
    pixels, found, offset = False, (0, 0), 12
    while offset + 8 <= stop:
        header = read(offset, 18)
        kind, length = header[:4], int.from_bytes(header[4:8], "little")
        if offset + 8 + length > stop:
            raise DamagedError(f"WebP whose chunk at byte {offset} is cut")
        if offset == 12:
            found = _webp_size(kind, header[8:])
        pixels = pixels or kind in {b"VP8 ", b"VP8L", b"ANMF"}
        offset += 8 + length + length % 2
    if not (pixels and all(found)):
        raise DamagedError("WebP without pixels")
    return Picture("webp", *found)


def _webp_size(kind: bytes, data: bytes) -> tuple[int, int]:
    """Return width and height from the first chunk; zeros when it has none."""
    if kind == b"VP8X" and len(data) >= 10:
        sides = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (4, 7))
    elif kind == b"VP8L" and data[:1] == b"\x2f":
        bits = int.from_bytes(data[1:5], "little")
        sides = ((bits >> shift & 0x3FFF) + 1 for shift in (0, 14))
    elif kind == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        sides = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    else:
        return 0, 0
    width, height = sides
    return width, height


def png_chunks(read: ReadAt, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, place and length of each chunk of a PNG up to IEND, its checksum verified.

    Parameters
    ----------
    read, size
        As for `inspect`.

    Raises
    ------
    DamagedError
        A wrong checksum, or the file ends before IEND.
    """
    offset, kind = len(PNG), b""
    while kind != b"IEND":
        header = read(offset, 8)
        length, kind = int.from_bytes(header[:4], "big"), header[4:]
        if len(header) < 8 or offset + 12 + length > size:
            raise DamagedError("the file is cut short: it ends before its IEND chunk")
        crc, position, stop = 0, offset + 4, offset + 8 + length
        while position < stop and (block := read(position, min(_BLOCK, stop - position))):
            crc = zlib.crc32(block, crc)
            position += len(block)
        if read(stop, 4) != crc.to_bytes(4, "big"):
            raise DamagedError(f"the checksum of chunk {kind.decode('latin-1')} is wrong")
        yield kind, offset + 8, length
        offset += 12 + length


def decode_fully(path: Path | str) -> None:
    """Decode every pixel of a picture.

    It finds what no structure shows in a PNG or TIFF. A JPEG whose scan ends early but has an end
    marker still passes: its decoder fills the missing rows with gray and reports nothing. The
    caller has compared the pixels with its own limit already, from the header.

    Raises
    ------
    DamagedError
        When a row cannot be decoded.
    """
    from isic_cli.pictures.load import opened

    with opened(Path(path), name="the picture", max_pixels=sys.maxsize) as image:
        image.load()
