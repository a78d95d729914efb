"""Two thumbnails are one picture when both agree as a whole and in the middle."""

import numpy as np
import pytest

from isic_cli.curation.confirm import FINE, Confirmation, confirm
from isic_cli.curation.phash import Grey

MIDDLE = (slice(16, 48), slice(16, 48))


def noise(seed: int, amplitude: float) -> Grey:
    values = 128 + amplitude * np.random.default_rng(seed).standard_normal((64, 64))
    return np.clip(values, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("correlation", "centre", "detail", "fine", "accepted"),
    [
        (0.985, 0.95, 2.0, 0.75, True),
        (0.985, 0.995, 2.0, 0.0, True),
        (0.984, 1.0, 9.0, 1.0, False),
        (1.0, 0.949, 9.0, 1.0, False),
        (1.0, 1.0, 1.99, 1.0, False),
        (1.0, 0.994, 9.0, 0.749, False),
    ],
)
def test_each_threshold_is_needed_alone(
    correlation: float, centre: float, detail: float, fine: float, accepted: bool
) -> None:
    assert Confirmation(correlation, centre, detail, fine).accepted is accepted


def blotch(seed: int) -> Grey:
    """A smooth dark ellipse, with grain of its own."""
    row, column = np.mgrid[-1:1:64j, -1:1:64j]
    grain = 5 * np.random.default_rng(seed).standard_normal((64, 64))
    values = 180 - 120 / (1 + np.exp(20 * (2 * row**2 + column**2 - 0.4))) + grain
    grey: Grey = np.clip(values, 0, 255).astype(np.uint8)
    return grey


def test_smooth_blotches_of_one_shape_are_two_by_their_fine_detail() -> None:
    found = confirm(blotch(1), blotch(2))

    assert (found.correlation > 0.985, found.centre > 0.95) == (True, True)
    assert (found.fine < FINE, found.accepted) == (True, False)


@pytest.mark.parametrize("seed", range(5))
def test_a_ruler_over_a_tenth_does_not_part_two_copies(seed: int) -> None:
    one = blotch(seed)
    other = one.copy()
    other[58:] = 235
    other[58:62, ::3] = 20

    assert confirm(one, other).accepted


@pytest.mark.parametrize("seed", range(5))
def test_light_that_one_colour_lost_does_not_part_two_copies(seed: int) -> None:
    one = blotch(seed)
    curved = np.minimum(1.3 * one, 150 + 0.5 * one).astype(np.uint8)

    assert confirm(one, curved).accepted


def test_pictures_that_share_their_rim_alone_are_two() -> None:
    one, other = noise(1, 60), noise(1, 60)
    one[MIDDLE], other[MIDDLE] = noise(2, 10)[MIDDLE], noise(3, 10)[MIDDLE]

    found = confirm(one, other)

    assert (found.correlation > 0.95, found.centre < 0.1, found.accepted) == (True, True, False)


def test_pictures_that_share_their_middle_alone_are_two() -> None:
    one, other = noise(1, 30), noise(2, 30)
    one[MIDDLE] = other[MIDDLE] = noise(3, 60)[MIDDLE]

    found = confirm(one, other)

    assert (found.correlation < 0.97, found.centre > 0.99, found.accepted) == (True, True, False)


def test_a_change_of_brightness_and_contrast_is_the_same_picture() -> None:
    one = noise(1, 30)
    brighter = (one / 2 + 90).astype(np.uint8)

    assert confirm(one, brighter).accepted


def test_where_nothing_is_there_to_agree_about_nothing_is_confirmed() -> None:
    flat = np.full((64, 64), 200, np.uint8)

    assert confirm(flat, flat) == Confirmation(0.0, 0.0, 0.0)
    rim = noise(1, 60)
    rim[MIDDLE] = 200
    assert confirm(rim, rim).detail == 0.0
