"""PNG files of every kind: read right, or refused with a reason; never read wrong."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.errors import CheckError, LocalError, NotFoundError, UsageError
from isic_cli.pictures.load import load_rgb
from isic_cli.pictures.png import check_png
from isic_cli.pictures.whole import PNG as SIGNATURE
from isic_cli.superpixel.codec import decode_png, encode_png, labels_from_rgb
from isic_cli.superpixel.map import SuperpixelMap
from tests.superpixel.nasty import HAND, Labels, nasty_maps

every_map = pytest.mark.parametrize("labels", [pytest.param(m, id=n) for n, m in nasty_maps()])


@pytest.fixture(params=[True, False], ids=["imagecodecs", "Pillow alone"])
def fast(request: pytest.FixtureRequest) -> bool:
    """Both decoders: the extra's, and the one that is always there."""
    if request.param:
        pytest.importorskip("imagecodecs")
    return bool(request.param)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *more: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(rows))
    return SIGNATURE + head + b"".join(more) + data + chunk(b"IEND", b"")


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@every_map
def test_what_is_encoded_is_decoded(labels: Labels, fast: bool) -> None:
    data = encode_png(labels, text={"a": "b"})
    np.testing.assert_array_equal(decode_png(data, fast=fast), labels)
    header = check_png(data)
    assert (header.height, header.width) == labels.shape
    assert (header.mode, header.interlaced, header.text) == ("RGB 8-bit", False, {"a": "b"})
    np.testing.assert_array_equal(SuperpixelMap.from_png(data).to_png(), encode_png(labels))


def test_a_label_is_red_then_green_then_blue() -> None:
    rgb = np.array([[[1, 0, 0], [0, 1, 0], [255, 3, 0]]], np.uint8)
    assert labels_from_rgb(rgb).tolist() == [[1, 256, 1023]]
    assert labels_from_rgb(rgb).dtype == np.uint16
    rgb[0, 1, 2] = 1
    assert labels_from_rgb(rgb).tolist() == [[1, 65792, 1023]]
    assert labels_from_rgb(rgb).dtype == np.uint32


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (33, 64)])
def test_any_width_is_read_whole(shape: tuple[int, int]) -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (*shape, 3)).astype(np.uint8)
    for blue in (rgb, rgb * np.array([1, 1, 0], np.uint8), rgb[:, ::-1]):
        wide = blue.astype(np.uint32)
        expected = wide[..., 0] + (wide[..., 1] << 8) + (wide[..., 2] << 16)
        np.testing.assert_array_equal(labels_from_rgb(blue), expected)


def test_alpha_is_ignored(fast: bool) -> None:
    rgba = np.zeros((6, 6, 4), np.uint8)
    rgba[..., 0] = HAND
    rgba[..., 3] = np.arange(36).reshape(6, 6)
    np.testing.assert_array_equal(decode_png(saved(Image.fromarray(rgba)), fast=fast), HAND)


def test_a_transparent_colour_is_ignored(fast: bool) -> None:
    data = saved(Image.fromarray(rgb_of(HAND)), transparency=(1, 0, 0))
    np.testing.assert_array_equal(decode_png(data, fast=fast), HAND)


def rgb_of(labels: Labels) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.stack([labels & 255, labels >> 8 & 255, labels >> 16], 2).astype(np.uint8)


def test_a_palette_means_its_colours_not_its_indices(fast: bool) -> None:
    picture = Image.fromarray(HAND.astype(np.uint8), "L").convert("P")
    picture.putpalette([c for k in range(256) for c in (255 - k, 1, 0)])
    np.testing.assert_array_equal(decode_png(saved(picture), fast=fast), 511 - HAND)
    np.testing.assert_array_equal(decode_png(saved(picture, transparency=3), fast=fast), 511 - HAND)


def test_a_wide_map_is_read_whole_where_blue_begins_late(fast: bool) -> None:
    labels = np.zeros((40, 9000), np.uint32)
    labels[39, 8999] = 1 << 16
    found = decode_png(encode_png(labels), fast=fast)
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, labels)


def test_gray_values_are_labels(fast: bool) -> None:
    narrow = decode_png(saved(Image.fromarray(HAND.astype(np.uint8))), fast=fast)
    np.testing.assert_array_equal(narrow, HAND)
    wide = (HAND * 13000).astype(np.uint16)
    np.testing.assert_array_equal(decode_png(saved(Image.fromarray(wide)), fast=fast), wide)


def test_an_interlaced_map_is_read(fast: bool) -> None:
    # One pixel is the first of the seven passes, so that its bytes need no interlacing.
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 1))
    data = chunk(b"IDAT", zlib.compress(b"\0\5\1\0"))
    whole = SIGNATURE + head + data + chunk(b"IEND", b"")
    assert check_png(whole).interlaced
    assert decode_png(whole, fast=fast).tolist() == [[261]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (png(1, 1, 8, 4, b"\0\1\2"), "gray with alpha holds no labels"),
        (png(1, 1, 16, 2, b"\0\1\2\3\4\5\6"), "RGB 16-bit: decoders keep half"),
        (png(1, 1, 16, 6, b"\0\1\2\3\4\5\6\7\x08"), "RGBA 16-bit: decoders keep half"),
        (png(8, 1, 1, 0, b"\0\1"), "a 1-bit gray picture is a mask or a drawing"),
        (png(2, 1, 4, 0, b"\0\1"), "a 4-bit gray picture"),
        (saved(Image.new("RGB", (4, 4)), "JPEG"), "a JPEG, whatever its name says"),
        (saved(Image.new("RGB", (4, 4)), "BMP"), "not a PNG file"),
        (b"<html>", "not a PNG file"),
        (png(60000, 60000, 8, 2, b""), "60000x60000 is more than 1,000,000,000 pixels"),
    ],
)
def test_a_file_of_the_wrong_kind_is_refused(data: bytes, message: str, fast: bool) -> None:
    with pytest.raises(UsageError, match=message):
        decode_png(data, fast=fast)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (png(0, 5, 8, 2, b""), "a size of 0x5"),
        (png(1, 1, 8, 3, b"\0\0"), "the palette is missing"),
        (png(1, 1, 8, 3, b"\0\1", chunk(b"PLTE", b"\5\1\0")), "missing from the palette"),
        (png(1, 1, 8, 5, b"\0\0"), "colour type 5"),
        (png(2, 2, 8, 2, b"\0\1\2\3"), "the pixel data is damaged"),
        (SIGNATURE + chunk(b"IDAT", b"") + chunk(b"IEND", b""), "does not begin with"),
        (SIGNATURE + chunk(b"IEND", b""), "does not begin with"),
        (SIGNATURE, "cut short"),
        (png(1, 1, 8, 2, b"\0\1\2\3").replace(b"IDAT", b"IDBT"), "checksum of chunk IDBT"),
        (
            SIGNATURE
            + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", b"")
            + chunk(b"IEND", b""),
            "holds no pixel data",
        ),
        (
            SIGNATURE
            + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", b"\xff" * 9)
            + chunk(b"IEND", b""),
            "the pixel data is damaged",
        ),
    ],
)
def test_a_damaged_file_is_told_from_a_wrong_one(data: bytes, message: str, fast: bool) -> None:
    with pytest.raises(CheckError, match=message):
        decode_png(data, fast=fast)


def test_every_flipped_bit_is_found() -> None:
    data = bytearray(encode_png(HAND))
    for position in range(8, len(data)):
        data[position] ^= 1 << position % 8
        with pytest.raises(CheckError):
            check_png(bytes(data))
        data[position] ^= 1 << position % 8


def test_every_cut_is_found() -> None:
    data = encode_png(HAND)
    for length in range(len(SIGNATURE), len(data)):
        with pytest.raises(CheckError, match="cut short"):
            check_png(data[:length])


def test_a_lower_limit_of_pixels_is_obeyed() -> None:
    with pytest.raises(UsageError, match="6x6 is more than 35 pixels"):
        SuperpixelMap.from_png(encode_png(HAND), max_pixels=35)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        SuperpixelMap.from_png(tmp_path / "a.png")
    with pytest.raises(LocalError, match="cannot read"):
        SuperpixelMap.from_png(tmp_path)


def test_an_error_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(UsageError) as caught:
        SuperpixelMap.from_png(tmp_path / "a.png")
    assert caught.value.message == f"{tmp_path / 'a.png'}: not a PNG file"


def test_a_photograph_is_never_rotated(tmp_path: Path) -> None:
    picture = Image.new("RGB", (6, 4), (10, 20, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert load_rgb(tmp_path / "a.jpg").shape == (4, 6, 3)


def test_a_photograph_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"nothing")
    with pytest.raises(UsageError, match="not a picture"):
        load_rgb(path)
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    path.write_bytes(saved(Image.fromarray(noise), "JPEG")[:-900])
    with pytest.raises(CheckError, match=r"a\.jpg is damaged"):
        load_rgb(path)
    path.write_bytes(saved(Image.new("L", (9, 9), 7)))
    assert load_rgb(path)[0, 0].tolist() == [7, 7, 7]
    with pytest.raises(UsageError, match="more than 80 pixels"):
        load_rgb(path, max_pixels=80)
