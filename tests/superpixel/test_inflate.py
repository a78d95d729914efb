"""The same PNG, inflated beforehand."""

import struct
import zlib
from io import BytesIO

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from isic_cli.errors import CheckError
from isic_cli.pictures.png import SIGNATURE, check_png
from isic_cli.superpixel import inflate
from isic_cli.superpixel.codec import decode_png
from isic_cli.superpixel.inflate import inflated_png


def picture(height: int, width: int, samples: int) -> "np.ndarray[tuple[int, ...], np.dtype]":
    rng = np.random.default_rng(height * width)
    return rng.integers(0, 256, (height, width, samples), np.uint8)


def saved(pixels: "np.ndarray[tuple[int, ...], np.dtype]") -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def drawn(packed: bytes, *, cut: int | None = None) -> bytes:
    """Return an RGB PNG of 4x3 pixels with this zlib stream, in two chunks if cut."""
    parts = [packed] if cut is None else [packed[:cut], packed[cut:]]
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0))
    return SIGNATURE + head + b"".join(chunk(b"IDAT", p) for p in parts) + chunk(b"IEND", b"")


#: Three rows of four pixels, none filtered.
ROWS = b"".join(b"\0" + bytes(range(12 * row, 12 * row + 12)) for row in range(3))


@pytest.mark.parametrize("samples", [3, 4])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 30_000), (200, 151), (767, 1022)])
def test_every_decoder_sees_the_same_picture(height: int, width: int, samples: int) -> None:
    pixels = picture(height, width, samples)
    data = saved(pixels)
    made = inflated_png(data, check_png(data), imagecodecs)
    assert made is not data
    header = check_png(made)
    assert (header.height, header.width) == (height, width)
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(made))), pixels)
    np.testing.assert_array_equal(imagecodecs.png_decode(made), pixels)


def test_pixel_data_in_several_chunks_is_one_stream() -> None:
    data = drawn(zlib.compress(ROWS), cut=7)
    made = inflated_png(data, check_png(data), imagecodecs)
    assert ROWS in made
    expected = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(made))), expected)


@pytest.mark.parametrize(
    "packed",
    [zlib.compress(ROWS[:-1]), zlib.compress(ROWS)[:-6], b"nothing packed at all"],
    ids=["too short", "cut", "no stream"],
)
def test_what_does_not_fit_is_left_to_the_decoder(packed: bytes) -> None:
    data = drawn(packed)
    assert inflated_png(data, check_png(data), imagecodecs) is data
    with pytest.raises(CheckError, match="the pixel data is damaged"):
        decode_png(data, fast=True)


def test_a_filter_that_does_not_exist_is_damage() -> None:
    data = drawn(zlib.compress(b"\x09" + ROWS[1:]))
    with pytest.raises(CheckError, match="the pixel data is damaged"):
        decode_png(data, fast=True)


def test_a_large_picture_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    data = drawn(zlib.compress(ROWS))
    monkeypatch.setattr(inflate, "_MOST", len(ROWS) - 1)
    assert inflated_png(data, check_png(data), imagecodecs) is data
    monkeypatch.setattr(inflate, "_MOST", len(ROWS))
    assert inflated_png(data, check_png(data), imagecodecs) is not data
