"""Pictures drawn for tests, as bytes."""

import io
import random
import struct
import zlib

from PIL import Image


def jpeg(seed: int = 0, width: int = 64, height: int = 48) -> bytes:
    """A baseline JPEG of coloured noise: about 1.3 bytes a pixel."""
    noise = random.Random(seed).randbytes(width * height * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (width, height), noise).save(out, "JPEG", quality=80)
    return out.getvalue()


def png(seed: int = 0, width: int = 64, height: int = 48) -> bytes:
    noise = random.Random(seed).randbytes(width * height * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (width, height), noise).save(out, "PNG")
    return out.getvalue()


def tiff(seed: int = 0, width: int = 64, height: int = 48) -> bytes:
    noise = random.Random(seed).randbytes(width * height)
    out = io.BytesIO()
    Image.frombytes("L", (width, height), noise).save(out, "TIFF", strip_size=1024)
    return out.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk with a good checksum."""
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def png_bomb(width: int, height: int) -> bytes:
    """A small PNG that claims to be large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(bytes(1000)))
        + png_chunk(b"IEND", b"")
    )
