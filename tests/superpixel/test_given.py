"""What `from_png` takes, a path, bytes, an open file or an array, every public function takes."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from isic_cli import superpixel
from isic_cli.errors import IsicError, UsageError
from isic_cli.superpixel import Layer, SuperpixelMap

MAP = SuperpixelMap.from_labels([[0, 0, 1, 1], [2, 2, 1, 1], [2, 2, 3, 3]])
PHOTOGRAPH = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
MASK = MAP.mask([1, 3])
VALUES = np.array([0.1, 0.4, 0.6, 0.9])
FEATURES = superpixel.parse_features(b'{"streaks": [0, 1.0, 0.5, 0]}')

#: A call of a file that is given, and which: a map, a photograph or a mask.
CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "from_png": ("map", lambda one: SuperpixelMap.from_png(one).labels),
    "decode_png": ("map", superpixel.decode_png),
    "compare_maps": ("map", lambda one: superpixel.compare_maps(one, MAP)),
    "feature_layers": ("map", lambda one: superpixel.feature_layers(FEATURES, one)),
    "write_cache": ("map", superpixel.write_cache),
    "compare_features": ("map", lambda one: superpixel.compare_features(FEATURES, FEATURES, one)),
    "draw_overlay of a map": (
        "map",
        lambda one: superpixel.draw_overlay(one, PHOTOGRAPH, [Layer("a", {1: 1.0})]),
    ),
    "draw_overlay": (
        "photograph",
        lambda one: superpixel.draw_overlay(MAP, one, [Layer("a", {1: 1.0})]),
    ),
    "draw_values": ("photograph", lambda one: superpixel.draw_values(MAP, one, VALUES)),
    "outline_picture": ("photograph", lambda one: superpixel.outline_picture(MAP, one)),
    "paint": ("photograph", lambda one: MAP.paint(one, [1])),
    "means": ("photograph", MAP.means),
    "tiles": ("photograph", lambda one: [tile.to_png() for tile in MAP.tiles(one)]),
    "coverage": ("mask", MAP.coverage),
    "labels_in": ("mask", MAP.labels_in),
    "compare_masks": ("mask", lambda one: superpixel.compare_masks(one, MASK)),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A map, a photograph and a mask."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "map.png").write_bytes(MAP.to_png())
    Image.fromarray(PHOTOGRAPH).save(folder / "photograph.png")
    Image.fromarray(MASK).save(folder / "mask.png")
    return {path.stem: path for path in folder.iterdir()}


@pytest.mark.parametrize("name", CALLS)
def test_a_file_is_taken_in_every_way_and_gives_what_its_array_gives(
    name: str, files: dict[str, Path]
) -> None:
    kind, call = CALLS[name]
    path = files[kind]
    array = {"map": MAP.labels, "photograph": PHOTOGRAPH, "mask": MASK}[kind]
    expected = call(array)
    with path.open("rb") as file:
        given = [path, str(path), path.read_bytes(), BytesIO(path.read_bytes()), file]
        for one in given:
            np.testing.assert_array_equal(call(one), expected, err_msg=type(one).__name__)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "wrong", [None, 5, ["a"], "none.png", np.zeros(4, np.uint8), b"no picture"]
)
def test_what_is_no_file_and_no_picture_is_refused_in_words(name: str, wrong: Any) -> None:
    if name in {"outline_picture", "compare_features"} and wrong is None:
        return  # neither needs one
    with pytest.raises(IsicError) as refused:
        CALLS[name][1](wrong)
    assert refused.value.message


def test_values_of_which_none_is_a_number_are_refused() -> None:
    with pytest.raises(UsageError, match="no superpixel has a value"):
        superpixel.draw_values(MAP, PHOTOGRAPH, np.full(4, np.nan))


def test_a_photograph_of_another_size_or_kind_is_refused() -> None:
    for wrong in (PHOTOGRAPH[:2], PHOTOGRAPH[..., 0], PHOTOGRAPH.astype(float)):
        for call in (CALLS["paint"][1], CALLS["draw_overlay"][1], CALLS["tiles"][1]):
            with pytest.raises(UsageError):
                call(wrong)
