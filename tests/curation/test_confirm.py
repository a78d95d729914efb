"""Two thumbnails are one picture when both agree as a whole and in the middle."""

import numpy as np
import pytest
from PIL import Image

from isic_cli.curation.align import laid_over
from isic_cli.curation.confirm import (
    AS_IT_IS,
    CENTRE,
    FINE,
    FINE_CENTRE,
    FINE_HALF,
    Confirmation,
    begins_to_agree,
    confirm,
    may_agree,
)
from isic_cli.curation.phash import Grey

MIDDLE = (slice(16, 48), slice(16, 48))


def noise(seed: int, amplitude: float) -> Grey:
    values = 128 + amplitude * np.random.default_rng(seed).standard_normal((64, 64))
    return np.clip(values, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("correlation", "centre", "detail", "fine", "fine_centre", "fine_half", "accepted"),
    [
        (0.965, 0.95, 1.5, 0.75, 0.79, 0.83, True),
        (0.965, 0.995, 1.5, 0.0, 0.0, 0.0, True),
        (0.964, 1.0, 9.0, 1.0, 1.0, 1.0, False),
        (1.0, 0.949, 9.0, 1.0, 1.0, 1.0, False),
        (1.0, 1.0, 1.49, 1.0, 0.998, 1.0, False),
        (1.0, 0.999, 0.5, 1.0, 0.999, 1.0, True),
        (1.0, 1.0, 0.49, 1.0, 1.0, 1.0, False),
        (1.0, 0.994, 9.0, 0.749, 1.0, 1.0, False),
        (1.0, 0.994, 9.0, 1.0, 0.789, 1.0, False),
        (1.0, 0.994, 9.0, 1.0, 1.0, 0.829, False),
    ],
)
def test_each_threshold_is_needed_alone(
    correlation: float,
    centre: float,
    detail: float,
    fine: float,
    fine_centre: float,
    fine_half: float,
    accepted: bool,
) -> None:
    found = Confirmation(correlation, centre, detail, fine, fine_centre, fine_half)
    assert found.accepted is accepted


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


def in_a_tube(seed: int) -> Grey:
    """A smooth dark ellipse with grain of its own, in the black rim of a dermatoscope's tube."""
    row, column = np.mgrid[-1:1:64j, -1:1:64j]
    grain = 3 * np.random.default_rng(seed).standard_normal((64, 64))
    lesion = 110 / (1 + np.exp(6 * (2 * row**2 + column**2 - 0.4)))
    grey: Grey = np.where(np.hypot(row, column) < 0.9, 190 - lesion + grain, 8).astype(np.uint8)
    return grey


def test_the_sharp_rim_of_a_tube_is_not_the_fine_detail_of_a_lesion() -> None:
    found = confirm(in_a_tube(1), in_a_tube(2))

    assert (found.correlation > 0.99, found.centre > CENTRE, found.fine > 0.95) == (True,) * 3
    assert (found.fine_centre < FINE_CENTRE, found.accepted) == (True, False)
    assert confirm(in_a_tube(1), (in_a_tube(1) * 0.8).astype(np.uint8)).accepted


def with_hairs(seed: int) -> Grey:
    """The blotch over one ruler, with hairs of its own."""
    grey = blotch(seed)
    for at in np.random.default_rng(seed).integers(4, 58, 3):
        grey[:52, at] = 60
    grey[54:] = 235
    grey[54:60, ::3] = 20
    return grey


def test_a_ruler_that_two_lesions_share_is_not_the_fine_detail_of_both() -> None:
    found = confirm(with_hairs(4), with_hairs(5))

    assert (found.fine > FINE, found.fine_centre > FINE_CENTRE) == (True, True)
    assert (found.fine_half < FINE_HALF, found.accepted) == (True, False)


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


@pytest.mark.parametrize("seed", range(5))
def test_light_that_is_cut_off_around_a_lesion_does_not_part_two_copies(seed: int) -> None:
    one = blotch(seed)
    glaring = np.minimum(2.2 * one, 255).astype(np.uint8)

    assert confirm(one, glaring).accepted
    assert confirm(glaring, one).accepted


def textured(kept: tuple[float, float]) -> Grey:
    """A lesion with texture as fine as the pixels of a thumbnail; of it what a crop keeps."""
    grain = np.random.default_rng(7).standard_normal((80, 80))
    fine = Image.fromarray(grain.astype(np.float32)).resize((640, 640), Image.Resampling.BICUBIC)
    row, column = np.mgrid[-1:1:640j, -1:1:640j]
    values = 170 - 60 / (1 + np.exp(20 * (row**2 + column**2 - 0.3))) + 30 * np.asarray(fine)
    image = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    low, left = (320 * (1 - share) for share in kept)
    box = (left, low, 640 - left, 640 - low)
    return np.asarray(image.resize((64, 64), Image.Resampling.BOX, box=box))


@pytest.mark.parametrize("kept", [(0.9, 0.9), (0.8, 0.8), (0.45, 0.8)])
def test_texture_as_fine_as_the_pixels_does_not_part_a_crop(kept: tuple[float, float]) -> None:
    start = np.diag(np.array([*kept, 1], np.float32))[:2]

    assert confirm(textured((1, 1)), textured(kept), start).accepted


def test_pictures_that_share_their_rim_alone_are_two() -> None:
    one, other = noise(1, 60), noise(1, 60)
    one[MIDDLE], other[MIDDLE] = noise(2, 10)[MIDDLE], noise(3, 10)[MIDDLE]

    found = confirm(one, other)

    assert (found.correlation > 0.95, found.centre < CENTRE, found.accepted) == (True, True, False)


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


def ruled(grey: Grey) -> Grey:
    found = grey.copy()
    found[58:] = 235
    return found


def test_what_small_thumbnails_part_is_not_looked_at_and_no_copy_is_among_it() -> None:
    one = blotch(1)
    curved = np.minimum(1.3 * one, 150 + 0.5 * one).astype(np.uint8)
    others = [one, one[::-1], curved, ruled(one), 255 - one, np.roll(one, 20, 0), noise(1, 30)]
    starts = np.stack([AS_IT_IS] * len(others))
    starts[1, 0, 0] = -1  # mirrored

    may, maps = may_agree(np.stack([one] * len(others)), np.stack(others), starts)

    assert may.tolist() == [True, True, True, True, False, False, False]
    assert may_agree(one[None], 255 - one[None], starts[:1])[0].tolist() == [False]
    for other, start, first in zip(others[:4], starts, maps, strict=False):
        assert begins_to_agree(one, other, start, first)
        assert np.abs(first - start).max() < 0.01


def test_lesions_of_one_shape_whose_lines_run_otherwise_are_left_after_few_steps() -> None:
    row, column = np.mgrid[-1:1:64j, -1:1:64j]
    smooth = 180 - 60 / (1 + np.exp(8 * (2 * row**2 + column**2 - 0.4)))
    lines = 12 * np.sin(np.arange(64) * 1.6)
    one, other = ((smooth + across).astype(np.uint8) for across in (lines, lines[:, None]))
    may, maps = may_agree(one[None], other[None], AS_IT_IS[None])

    assert may.tolist() == [True]
    assert not begins_to_agree(one, other, AS_IT_IS, maps[0])
    assert begins_to_agree(one, one, AS_IT_IS, AS_IT_IS)


def test_pairs_are_laid_over_each_other_together_as_each_alone() -> None:
    one = blotch(1)
    ones = np.stack([one, one, one, noise(1, 30)])
    others = np.stack([one, np.roll(one, 3, 1), 255 - one, noise(2, 30)])
    starts = np.stack([AS_IT_IS] * 4)

    together = laid_over(ones, others, starts)

    assert together.failed.tolist()[:3] == [False, False, True]
    assert together.covered[1] == pytest.approx(61 / 64, abs=0.01)
    for at in range(3):
        alone = laid_over(ones[at : at + 1], others[at : at + 1], starts[at : at + 1])
        assert alone.failed[0] == together.failed[at]
        np.testing.assert_allclose(alone.grey[0], together.grey[at], atol=0.1)
        assert alone.correlation[0] == pytest.approx(together.correlation[at], abs=1e-3)


@pytest.mark.parametrize(("edge", "failed"), [(14, False), (18, True)])
def test_a_map_that_enlarges_far_beyond_its_start_fails(edge: int, failed: bool) -> None:
    one = blotch(1)
    box = (edge, edge, 64 - edge, 64 - edge)
    crop = np.asarray(Image.fromarray(one).resize((64, 64), Image.Resampling.BICUBIC, box=box))
    kept = 1 - edge / 32

    assert laid_over(one[None], crop[None], AS_IT_IS[None]).failed.tolist() == [failed]
    found = laid_over(one[None], crop[None], AS_IT_IS[None] * np.float32(kept))
    assert found.failed.tolist() == [False]
    assert found.matrices[0, :, :2] == pytest.approx(np.eye(2) * kept, abs=0.03)
