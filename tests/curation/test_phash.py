"""The perceptual hash and its confirmation on pixels."""

import io
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.curation.confirm import DETAIL, LITTLE_DETAIL, Confirmation, confirm
from isic_cli.curation.phash import Fingerprint, digest_pixels, distance, fingerprint, hash_grey
from isic_cli.errors import NotFoundError, TransferError
from tests.support.lesions import drawn, skin


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def look(image: Image.Image, kind: str = "PNG", **options: object) -> Fingerprint:
    return fingerprint(encoded(image, kind, **options))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(6))
def test_a_picture_encoded_again_smaller_or_brighter_is_still_the_same(number: int) -> None:
    picture = drawn(number, (640, 480))
    first = look(picture)
    versions = {
        "jpeg 40": look(picture, "JPEG", quality=40),
        "half": look(picture.resize((320, 240)), "JPEG", quality=85),
        "webp": look(picture.resize((200, 150)), "WEBP"),
        "brighter": look(picture.point(lambda value: min(255, int(value * 1.1)))),
        "grey": look(picture.convert("L")),
    }
    assert {name: distance(first.hash, other.hash) <= 4 for name, other in versions.items()} == (
        dict.fromkeys(versions, True)
    )
    for other in versions.values():
        assert confirm(first.thumbnail, other.thumbnail).accepted


@pytest.mark.slow
def test_different_pictures_are_far_apart() -> None:
    hashes = [look(drawn(number)).hash for number in range(30)]
    assert min(distance(one, other) for one, other in combinations(hashes, 2)) > 4


def test_half_of_the_bits_of_a_picture_are_set_and_none_of_a_blank() -> None:
    assert look(drawn(1)).hash.bit_count() == 32
    assert hash_grey(np.full((64, 64), 200, np.uint8)) == 0


def test_the_lowest_bit_is_the_slowest_change_across() -> None:
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 3, (64, 1))
    assert hash_grey(255 - ramp) & 1 == 1
    assert hash_grey(ramp) & 1 == 0


def test_a_turned_tiff_is_turned_once(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    drawn(3).transpose(Image.Transpose.ROTATE_90).save(path, tiffinfo={274: 6})
    assert fingerprint(path).pixels == (320, 240)
    assert distance(fingerprint(path).hash, look(drawn(3)).hash) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_saved_turned_looks_the_same(orientation: int, tmp_path: Path) -> None:
    upright = drawn(3, (320, 240))
    back = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright if back is None else upright.transpose(back)
    file = tmp_path / "turned.png"
    stored.save(file, exif=exif)
    assert fingerprint(file).pixels == (320, 240)
    assert distance(fingerprint(file).hash, look(upright).hash) <= 2
    assert digest_pixels(file) == digest_pixels(encoded(upright, "PNG"))


def test_the_digest_of_pixels_ignores_the_container_but_not_a_pixel() -> None:
    picture = drawn(4)
    assert digest_pixels(encoded(picture, "PNG")) == digest_pixels(encoded(picture, "TIFF"))
    other = picture.copy()
    other.putpixel((0, 0), (0, 0, 0))
    assert digest_pixels(encoded(picture, "PNG")) != digest_pixels(encoded(other, "PNG"))


def test_alpha_is_shown_on_white_and_sixteen_bits_are_scaled() -> None:
    grey = drawn(5).convert("L")
    clear = Image.merge("RGBA", (grey, grey, grey, Image.new("L", grey.size, 255)))
    assert distance(look(clear).hash, look(grey).hash) == 0
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 200)
    assert distance(look(deep).hash, look(grey).hash) <= 2
    assert look(Image.fromarray(np.full((20, 20), 7, np.uint16))).hash == 0
    assert look(Image.new("RGBA", (70, 70), (0, 0, 0, 0))).thumbnail.min() == 255


def test_a_damaged_or_absent_picture_is_an_error_that_names_it(tmp_path: Path) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(encoded(drawn(1))[:2000])
    with pytest.raises(TransferError, match=r"cut\.jpg is damaged"):
        fingerprint(cut)
    with pytest.raises(TransferError, match="the picture is not a picture"):
        fingerprint(b"<html>")
    with pytest.raises(NotFoundError, match=r"no such file: .*absent\.jpg"):
        digest_pixels(tmp_path / "absent.jpg")


@pytest.mark.slow
def test_bare_skin_never_matches_bare_skin_whatever_its_hash() -> None:
    tiles = [look(skin(number)).thumbnail for number in range(8)]
    assert [one for one in combinations(tiles, 2) if confirm(*one).accepted] == []
    same = confirm(tiles[0], tiles[0])
    assert (same.detail < DETAIL, same.accepted) == (True, True)
    flatter = confirm(tiles[0] // 4 + 140, tiles[0] // 4 + 140)
    assert (flatter.detail < LITTLE_DETAIL, flatter.accepted) == (True, False)


def test_a_common_dark_rim_is_no_match() -> None:
    tiles = [look(skin(number, rim=True)).thumbnail for number in range(5)]
    found = [confirm(*pair) for pair in combinations(tiles, 2)]
    assert min(one.correlation for one in found) > 0.95
    assert {one.accepted for one in found} == {False}


def test_a_flat_thumbnail_has_nothing_to_agree_about() -> None:
    flat = np.full((64, 64), 128, np.uint8)
    assert confirm(flat, look(drawn(1)).thumbnail) == Confirmation(0.0, 0.0, 0.0)


@pytest.mark.slow
def test_real_pictures_are_apart_and_their_copies_are_not(shared: Path) -> None:
    files = sorted((shared / "data/real").glob("ISIC_00*.jpg"))[:16]
    looks = [fingerprint(file) for file in files]
    pairs = list(combinations(looks, 2))
    assert min(distance(one.hash, other.hash) for one, other in pairs) >= 12
    assert not any(confirm(one.thumbnail, other.thumbnail).accepted for one, other in pairs)
    for file, original in zip(files, looks, strict=True):
        with Image.open(file) as image:
            half = image.convert("RGB").resize((image.width // 2, image.height // 2))
        copy = look(half, "JPEG", quality=60)
        assert confirm(original.thumbnail, copy.thumbnail).accepted
        assert distance(original.hash, copy.hash) <= 4
