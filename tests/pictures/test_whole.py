import io
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from isic_cli.errors import DamagedError
from isic_cli.pictures.whole import Picture, inspect, stated_size
from tests.support.drawn import jpeg, png, png_chunk, tiff


def look(data: bytes) -> Picture:
    return inspect(lambda offset, length: data[offset : offset + length], len(data))


def saved(mode: str, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    size = (40, 30)
    noise = random.Random(3).randbytes(40 * 30 * len(mode))
    Image.frombytes(mode, size, noise).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "picture"),
    [
        (jpeg(), Picture("jpg", 64, 48)),
        (png(), Picture("png", 64, 48)),
        (tiff(), Picture("tif", 64, 48)),
        (saved("RGB", "JPEG", progressive=True), Picture("jpg", 40, 30)),
        (saved("L", "JPEG", exif=b"Exif\0\0" + bytes(60_000)), Picture("jpg", 40, 30)),
        (saved("RGB", "JPEG", icc_profile=bytes(200_000)), Picture("jpg", 40, 30)),
        (saved("RGB", "TIFF", compression="tiff_lzw"), Picture("tif", 40, 30)),
        (saved("L", "TIFF", big_tiff=True), Picture("tif", 40, 30)),
        (saved("RGB", "WEBP"), Picture("webp", 40, 30)),
        (saved("RGB", "WEBP", lossless=True), Picture("webp", 40, 30)),
        (saved("RGBA", "WEBP", exif=b"Exif\0\0" + bytes(99)), Picture("webp", 40, 30)),
        (saved("RGB", "WEBP") + b"padding", Picture("webp", 40, 30)),
        (jpeg() + bytes(100), Picture("jpg", 64, 48)),
        (png() + b"padding", Picture("png", 64, 48)),
        (b"\xff\xd8\xff" + jpeg()[2:], Picture("jpg", 64, 48)),
    ],
    ids=[
        "jpg",
        "png",
        "tif",
        "progressive",
        "60 kB of EXIF",
        "200 kB of profile",
        "LZW",
        "big TIFF",
        "WebP",
        "WebP without loss",
        "WebP with EXIF",
        "padded WebP",
        "padded JPEG",
        "padded PNG",
        "fill byte",
    ],
)
def test_a_whole_picture_says_its_size(data: bytes, picture: Picture) -> None:
    assert look(data) == picture


def test_every_picture_of_the_real_folder_is_whole(shared: Path) -> None:
    files = sorted((shared / "data" / "real").glob("ISIC_*"))
    assert len(files) > 30
    for path in files:
        found = look(path.read_bytes())
        with Image.open(path) as image:
            assert (found.width, found.height) == image.size


def webp(seed: int, width: int, height: int) -> bytes:
    return saved("RGB", "WEBP", quality=seed)


@pytest.mark.parametrize("make", [jpeg, png, tiff, webp])
def test_a_picture_cut_anywhere_is_damaged(make: Callable[[int, int, int], bytes]) -> None:
    data = make(5, 20, 15)
    for length in range(len(data)):
        with pytest.raises(DamagedError):
            look(data[:length])


def test_any_flipped_byte_of_a_png_is_found() -> None:
    data = png(1, 8, 8)
    for offset in range(len(data)):
        damaged = bytearray(data)
        damaged[offset] ^= 0x20
        with pytest.raises(DamagedError):
            look(bytes(damaged))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "an empty file"),
        (b"\n <!DOCTYPE html>", "a web page"),
        (b"<HTML>", "a web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error/>", "XML"),
        (b'{"detail": "Not Found"}', "JSON"),
        (b"\x1f\x8b\x08\0\0", "gzip data"),
        (b"GIF89a\0\0", "something that begins 47 49 46 38 39 61 00 00"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, what: str) -> None:
    with pytest.raises(DamagedError) as caught:
        look(data)
    assert caught.value.message == f"not a picture but {what}"


HEADER = struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)
PNG = b"\x89PNG\r\n\x1a\n"
END = png_chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (PNG + png_chunk(b"IDAT", b"") + END, "header chunk is not first"),
        (PNG + png_chunk(b"IHDR", HEADER) * 2 + END, "header chunk is not first"),
        (PNG + png_chunk(b"IHDR", HEADER) + END, "without pixels"),
        (PNG + png_chunk(b"IHDR", bytes(13)) + png_chunk(b"IDAT", b"") + END, "without pixels"),
        (PNG + png_chunk(b"IHDR", b"") + END, "too short"),
    ],
)
def test_a_png_with_good_checksums_and_no_sense_is_damaged(data: bytes, why: str) -> None:
    with pytest.raises(DamagedError, match=why):
        look(data)


SCAN = b"\xff\xda\0\x02"


@pytest.mark.parametrize(
    ("segments", "why"),
    [
        (SCAN + b"\xff\xd9", "without a picture size"),
        (b"\xff\xc0\0\x0b\x08\0\0\0\x05\x01\0\0\0" + SCAN + b"\xff\xd9", "without a picture size"),
        (b"\xff\xe0\0\0" + b"AAAA", "broken header"),
        (b"\xff\xc0\0\x0b\x08", "cut header"),
        (b"\xff\xe0\xff\xff" + b"A" * 50, "broken header"),
    ],
)
def test_a_jpeg_without_a_frame_is_damaged(segments: bytes, why: str) -> None:
    with pytest.raises(DamagedError, match=why):
        look(b"\xff\xd8" + segments)


def tiff_of(*tags: tuple[int, int, int, int], following: int = 0) -> bytes:
    """A classic little-endian TIFF with one directory: (tag, type, count, value)."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", following)


WIDTH, HEIGHT = (256, 4, 1, 4), (257, 4, 1, 4)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"II*\0" + bytes(4), "without a picture$"),
        (tiff_of(WIDTH), "without a picture size"),
        (tiff_of((256, 4, 1, 0), HEIGHT), "without a picture size"),
        (tiff_of(WIDTH, HEIGHT), "without pixels"),
        (tiff_of(WIDTH, HEIGHT, (273, 4, 1, 8)), "offsets without lengths"),
        (tiff_of(WIDTH, HEIGHT, (273, 4, 1, 8), (279, 4, 1, 9999)), "pixels at byte 8 lie outside"),
        (tiff_of(WIDTH, HEIGHT, (273, 4, 99, 8), (279, 4, 1, 9)), "table at byte 8 lies outside"),
        (tiff_of(WIDTH, HEIGHT, (273, 4, 0xFFFFFFFF, 8)), "table at byte 8 lies outside"),
        (tiff_of((256, 2, 1, 4), HEIGHT), "a field of type 2"),
        (tiff_of(WIDTH, HEIGHT, (273, 4, 1, 8), (279, 4, 1, 1), following=8), "in a circle"),
        (tiff_of(WIDTH, HEIGHT, (273, 4, 1, 8), (279, 4, 1, 1), following=9999), "ends at byte"),
        (b"II*\0" + struct.pack("<IH", 8, 500), "directory at byte 8 lies outside"),
    ],
)
def test_a_tiff_that_points_outside_itself_is_damaged(data: bytes, why: str) -> None:
    with pytest.raises(DamagedError, match=why):
        look(data)


def test_a_big_endian_tiff_with_tiles_is_read() -> None:
    tags = [(256, 3, 1, 7 << 16), (257, 3, 1, 5 << 16), (324, 4, 1, 8), (325, 4, 1, 4)]
    entries = b"".join(struct.pack(">HHII", *tag) for tag in tags)
    data = b"MM\0*" + struct.pack(">IH", 8, len(tags)) + entries + bytes(4)
    assert look(data) == Picture("tif", 7, 5)


def test_the_first_bytes_tell_the_size_where_they_hold_it() -> None:
    photo, map_ = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (31, 17)).save(photo, "JPEG")
    Image.new("L", (5, 7)).save(map_, "PNG")
    assert stated_size(photo.getvalue()) == (31, 17)
    assert stated_size(map_.getvalue()[:40]) == (5, 7)
    for short in (b"", b"GIF89a", photo.getvalue()[:30], map_.getvalue()[:20], b"\xff\xd8\xff\xe0"):
        assert stated_size(short) is None
