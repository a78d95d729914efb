"""Painting and overlays: exact blends, stripes, legends."""

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import isic_cli.superpixel
from isic_cli.errors import UsageError
from isic_cli.pictures.png import png_bytes
from isic_cli.superpixel.features import parse_features
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.overlay import (
    Layer,
    draw_legend,
    draw_overlay,
    feature_layers,
    outline_picture,
)
from isic_cli.superpixel.palette import HUES, distinct, sequential
from tests.superpixel.nasty import HAND, Labels, nasty_maps

every_map = pytest.mark.parametrize("labels", [pytest.param(m, id=n) for n, m in nasty_maps()])
MAP = SuperpixelMap.from_labels(HAND)
GRAY = np.full((6, 6, 3), 100, np.uint8)


@every_map
@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.5, 1.0])
def test_paint_rounds_like_numpy(labels: Labels, alpha: float) -> None:
    found = SuperpixelMap.from_labels(labels)
    rng = np.random.default_rng(8)
    image = rng.integers(0, 256, (*labels.shape, 3)).astype(np.uint8)
    before = image.copy()
    colour = (230, 159, 1)
    mixed = np.round(alpha * np.array(colour) + (1 - alpha) * image).astype(np.uint8)
    for chosen in ([int(found.ids[0])], found.ids.tolist()):
        expected = np.where(np.isin(labels, chosen)[..., None], mixed, image)
        np.testing.assert_array_equal(
            found.paint(image, chosen, colour=colour, alpha=alpha), expected
        )
    np.testing.assert_array_equal(image, before)


def test_values_are_painted_on_a_scale_and_nan_is_left() -> None:
    values = np.array([0, 1, 0.5, np.nan, 2, -1])
    painted = MAP.paint(GRAY, values=values, alpha=1.0)
    scale = sequential(np.array([0.0, 1.0, 0.5]))
    assert painted[0, 0].tolist() == scale[0].tolist() == [16, 24, 84]
    assert painted[0, 2].tolist() == painted[3, 1].tolist() == scale[1].tolist() == [255, 236, 110]
    assert painted[1, 3].tolist() == scale[2].tolist()
    assert painted[0, 5].tolist() == [100, 100, 100]
    with pytest.raises(UsageError, match="6 values are needed"):
        MAP.paint(GRAY, values=values[:5])


def test_a_few_regions_of_different_colours_are_painted() -> None:
    labels = np.zeros((9, 9), np.uint16)
    labels[2, 3:5], labels[7, 1] = 1, 2
    image = np.random.default_rng(9).integers(0, 256, (9, 9, 3)).astype(np.uint8)
    values = np.array([np.nan, 0.0, 1.0])
    painted = SuperpixelMap.from_labels(labels).paint(image, values=values, alpha=0.3)
    expected = image.astype(float)
    expected[2, 3:5] = 0.3 * np.array([16, 24, 84]) + 0.7 * expected[2, 3:5]
    expected[7, 1] = 0.3 * np.array([255, 236, 110]) + 0.7 * expected[7, 1]
    np.testing.assert_array_equal(painted, np.round(expected).astype(np.uint8))


def test_the_scale_grows_lighter_all_the_way() -> None:
    light = sequential(np.linspace(0, 1, 128)).astype(float) @ [0.2126, 0.7152, 0.0722]
    assert bool((np.diff(light) > 0).all())


def test_what_cannot_be_painted_is_refused() -> None:
    with pytest.raises(UsageError, match="an opacity lies between 0 and 1"):
        MAP.paint(GRAY, alpha=1.5)
    with pytest.raises(UsageError, match="an RGB picture is needed"):
        MAP.paint(GRAY[..., 0])
    with pytest.raises(UsageError, match="the image is 6x5"):
        MAP.paint(GRAY[:5])


@pytest.mark.parametrize(
    "wrong", [(300, 0, 0), (0, -1, 0), (0, 0), (1, 2, 3, 4), (0.5, 0, 0), "red", "#ff0000", None, 7]
)
def test_what_is_no_colour_is_refused(wrong: Any) -> None:
    told = re.escape(f"a colour is three whole numbers from 0 to 255, not {wrong!r}")
    with pytest.raises(UsageError, match=told):
        MAP.paint(GRAY, [1], colour=wrong)


def test_any_three_levels_are_a_colour() -> None:
    for colour in ((255, 0, 7), [255, 0, 7], np.array([255, 0, 7], np.uint8)):
        painted = MAP.paint(GRAY, [0], colour=colour, alpha=1.0)  # type: ignore[arg-type]
        assert painted[0, 0].tolist() == [255, 0, 7]


def test_colours_repeat_darker_after_seven() -> None:
    assert distinct(7) == list(HUES)
    assert distinct(8)[7] == (138, 95, 0)
    assert len(set(distinct(21))) == 21


def test_an_overlay_fills_stripes_and_borders() -> None:
    layers = feature_layers(
        parse_features('{"streaks":[1,0.5,0,0,0,0],"globules":[0,1,0,0,0,0]}'), MAP
    )
    assert layers == [Layer("streaks", {0: 1.0, 1: 0.5}), Layer("globules", {1: 1.0})]
    drawn = draw_overlay(MAP, GRAY, layers, alpha=0.5, borders=False, legend=False)
    assert drawn[0, 0].tolist() == [165, 130, 50]
    assert {tuple(c) for c in drawn[HAND == 1].tolist()} == {(132, 115, 75), (93, 140, 166)}
    assert drawn[HAND > 1].tolist() == GRAY[HAND > 1].tolist()
    edged = draw_overlay(MAP, GRAY, layers[:1], legend=False)
    assert edged[0, 0].tolist() == list(HUES[0])
    assert edged[5, 5].tolist() == [100, 100, 100]
    assert GRAY.min() == 100


def test_a_legend_stands_below_the_picture_and_wraps() -> None:
    found = SuperpixelMap.from_labels(np.kron(HAND, np.ones((40, 40), int)))
    image = np.full((240, 240, 3), 100, np.uint8)
    drawn = draw_overlay(found, image, [Layer("streaks", {0: 1.0})])
    assert drawn.shape[1:] == (240, 3)
    assert drawn.shape[0] > 240
    strip = {tuple(c) for c in drawn[240:].reshape(-1, 3).tolist()}
    assert {HUES[0], (255, 255, 255)} <= strip
    names = [(f"a long name of feature {k}", HUES[k]) for k in range(4)]
    assert draw_legend(names, 240).shape[0] == 4 * draw_legend(names[:1], 240).shape[0] - 3 * 5
    assert draw_overlay(found, image, []).shape == image.shape


def test_a_legend_is_whole_below_a_narrow_picture() -> None:
    layers = [Layer("milia_like_cyst", {0: 1.0}), Layer("streaks", {1: 1.0})]
    drawn = draw_overlay(MAP, GRAY, layers)
    assert 100 < drawn.shape[1] <= 320
    assert (drawn[:6, 6:] == 255).all()  # white beside the picture
    assert (drawn[6:, -4:] == 255).all()  # no letter touches the edge
    picture = draw_legend([("a name without an end " * 20 + "(7)", HUES[0])], 6)
    assert picture.shape[1] <= 320
    assert (picture[:, -4:] == 255).all()


def test_letters_that_the_font_lacks_are_written_plainly() -> None:
    accents, plain = (
        draw_legend([(name, HUES[0])], 300) for name in ("r\u00e9seau \u4e2d", "reseau ?")
    )
    np.testing.assert_array_equal(accents, plain)


def test_an_outline_picture_marks_the_boundaries() -> None:
    edges = MAP.boundaries()
    np.testing.assert_array_equal(outline_picture(MAP)[..., 0] == 0, edges)
    over = outline_picture(MAP, GRAY)
    np.testing.assert_array_equal((over == [240, 228, 66]).all(axis=2), edges)
    assert png_bytes(over).startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_package_loads_nothing_until_a_name_is_used() -> None:
    code = (
        "import sys, isic_cli.superpixel as s; print('numpy' in sys.modules); "
        "s.SuperpixelMap; print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_every_public_name_is_there_and_no_other() -> None:
    for name in isic_cli.superpixel.__all__:
        assert getattr(isic_cli.superpixel, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = isic_cli.superpixel.nothing
