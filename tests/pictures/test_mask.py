"""The values of a mask decide what is inside, whatever way it was written."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.errors import UsageError
from isic_cli.pictures.mask import inside, read_mask

INSIDE = np.zeros((20, 30), bool)
INSIDE[5:12, 3:9] = True
GREY = INSIDE.astype(np.uint8)


def palette(colours: list[int]) -> Image.Image:
    image = Image.fromarray(GREY).convert("P")
    image.putdata(GREY.ravel().tolist())
    image.putpalette(colours)
    return image


WRITTEN = {
    "0 and 255": Image.fromarray(GREY * 255),
    "0 and 1": Image.fromarray(GREY),
    "100 and 101": Image.fromarray(GREY + np.uint8(100)),
    "one bit": Image.fromarray(INSIDE),
    "three equal channels": Image.fromarray(GREY * 255).convert("RGB"),
    "three equal channels of 0 and 1": Image.fromarray(GREY).convert("RGB"),
    "opaque": Image.fromarray(GREY * 255).convert("RGBA"),
    "a transparent outside": Image.merge(
        "RGBA", (*[Image.new("L", (30, 20), 255)] * 3, Image.fromarray(GREY * 255))
    ),
    "a grey palette": palette([0, 0, 0, 255, 255, 255]),
    "a coloured palette": palette([0, 0, 0, 128, 0, 0]),
    "16 bits": Image.fromarray(GREY.astype(np.uint16) * 65_535),
    "16 bits of 0 and 1": Image.fromarray(GREY.astype(np.uint16)),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_two_values_are_outside_and_inside(way: str, tmp_path: Path) -> None:
    WRITTEN[way].save(tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), INSIDE)


@pytest.mark.parametrize(("value", "wanted"), [(0, False), (1, True), (255, True)])
def test_one_value_is_all_outside_or_all_inside(value: int, wanted: bool) -> None:
    assert inside(np.full((2, 3), value, np.uint8), name="m").tolist() == [[wanted] * 3] * 2


def test_what_may_be_present_is_inside() -> None:
    levels = np.array([[0, 128, 255]], np.uint8)
    assert inside(levels, name="m").tolist() == [[False, True, True]]


def test_smooth_edges_are_cut_at_half_the_brightness() -> None:
    edge = np.zeros((1, 40), np.uint8)
    edge[0, 20:] = 255
    edge[0, 18:22] = [60, 127, 128, 200]
    assert inside(edge, name="m")[0].tolist() == [False] * 20 + [True] * 20
    deep = edge.astype(np.uint16) * 257
    deep[0, 19:21] = [32_767, 32_768]
    assert inside(deep, name="m")[0].tolist() == [False] * 20 + [True] * 20


def test_a_mask_saved_as_jpeg_is_read(tmp_path: Path) -> None:
    big = np.kron(INSIDE, np.ones((8, 8), bool))
    Image.fromarray(big).convert("L").save(tmp_path / "m.jpg", quality=90)
    assert (read_mask(tmp_path / "m.jpg") != big).mean() < 0.01


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0, 1, 2]], np.uint8),  # numbers of labels
        np.array([[0, 128, 254]], np.uint8),
        np.arange(256, dtype=np.uint8).reshape(16, 16),  # a photograph
        np.array([[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]], np.uint8),  # nothing is white
        np.array([[255, 255, 255, 255, 255, 254, 253]], np.uint8),  # nothing is black
    ],
    ids=["labels", "nearly levels", "photograph", "no white", "no black"],
)
def test_other_values_are_refused(values: np.ndarray) -> None:
    with pytest.raises(UsageError, match=rf"m: \d+ values from {values.min()} to .* not a mask"):
        inside(values, name="m")


def test_just_enough_pixels_are_near_black_or_white() -> None:
    smooth = np.array([[0] * 5 + [255] * 4 + [100]], np.uint8)
    assert inside(smooth, name="m").sum() == 4
    with pytest.raises(UsageError, match="not a mask"):
        inside(np.array([[0] * 5 + [255] * 3 + [100] * 2], np.uint8), name="m")


def test_a_coloured_picture_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (200, 0, 0)).save(tmp_path / "m.png")
    with pytest.raises(UsageError, match=r"m\.png: a coloured picture, not a mask"):
        read_mask(tmp_path / "m.png")
