"""Rows of grey PNGs, whatever their filter, as Pillow reads them."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from isic_cli.pictures.png import GRAY, check_png
from isic_cli.pictures.png_rows import grey_rows
from isic_cli.pictures.whole import PNG


def picture(lines: bytes, width: int, height: int, *, depth: int = 8, packed: int = 0) -> bytes:
    """A grey PNG of filtered lines; `packed` bytes of its stream are cut off."""
    stream = zlib.compress(lines)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, GRAY, 0, 0, 0)),
        (b"IDAT", stream[:7]),
        (b"IDAT", stream[7 : len(stream) - packed]),
        (b"IEND", b""),
    ]
    return PNG + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def read(data: bytes, *, fast: bool) -> np.ndarray | None:
    if fast:
        pytest.importorskip("imagecodecs")
    return grey_rows(data, check_png(data, name="a.png"), fast=fast)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("depth", [1, 8])
@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4])
def test_each_filter_is_undone_as_pillow_does(kind: int, depth: int, fast: bool) -> None:
    generator = np.random.default_rng(kind)
    width, height = 21, 9
    lines = generator.integers(0, 256, (height, 1 + (width * depth + 7) // 8), dtype=np.uint8)
    lines[:, 0] = [0] * height
    lines[[4, 8], 0] = kind  # more of them are left to Pillow
    data = picture(lines.tobytes(), width, height, depth=depth)
    found = read(data, fast=fast)
    assert found is not None
    expected = np.asarray(Image.open(BytesIO(data)).convert("L"))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("fast", [False, True])
def test_what_is_unusual_is_left_to_pillow(fast: bool) -> None:
    lines = b"\0abc" * 40
    assert read(picture(lines, 3, 40), fast=fast) is not None
    assert read(picture(lines, 3, 41), fast=fast) is None  # a line too few
    assert read(picture(lines, 3, 39), fast=fast) is None
    assert read(picture(lines, 3, 40, packed=5), fast=fast) is None
    assert read(picture(b"\4" + b"abc" * 9, 27, 1), fast=fast) is None  # many steps
    assert read(picture(b"\5abc" * 40, 3, 40), fast=fast) is None
    assert read(picture(b"\0ab" * 40, 4, 40, depth=4), fast=fast) is None


def test_a_mask_of_every_filter_is_read_as_pillow_does() -> None:
    """Filters chosen at random over a disc: rows change seldom, so few steps are needed."""
    generator, side = np.random.default_rng(4), 40
    rows, columns = np.indices((side, side))
    disc = np.pad((np.hypot(rows - 20, columns - 18) < 14) * np.int64(255), ((1, 0), (1, 0)))
    up, left, corner = disc[:-1, 1:], disc[1:, :-1], disc[:-1, :-1]
    guess = left + up - corner
    near = np.stack([left, up, corner])
    paeth = np.take_along_axis(near, np.abs(near - guess).argmin(axis=0)[np.newaxis], axis=0)[0]
    kinds = generator.choice([0, 1, 2, 4], side)
    filtered = np.choose(kinds[:, np.newaxis], [0 * up, left, up, 0 * up, paeth])
    lines = np.column_stack([kinds, disc[1:, 1:] - filtered]).astype(np.uint8)
    found = read(picture(lines.tobytes(), side, side), fast=False)
    np.testing.assert_array_equal(found, disc[1:, 1:])
