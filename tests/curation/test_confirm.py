"""Two thumbnails are one picture when both agree as a whole and in the middle."""

import numpy as np
import pytest

from isic_cli.curation.confirm import Confirmation, confirm
from isic_cli.curation.phash import Grey

MIDDLE = (slice(16, 48), slice(16, 48))


def noise(seed: int, amplitude: float) -> Grey:
    values = 128 + amplitude * np.random.default_rng(seed).standard_normal((64, 64))
    return np.clip(values, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("correlation", "centre", "detail", "accepted"),
    [
        (0.985, 0.95, 2.0, True),
        (0.984, 1.0, 9.0, False),
        (1.0, 0.949, 9.0, False),
        (1.0, 1.0, 1.99, False),
    ],
)
def test_each_threshold_is_needed_alone(
    correlation: float, centre: float, detail: float, accepted: bool
) -> None:
    assert Confirmation(correlation, centre, detail).accepted is accepted


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
