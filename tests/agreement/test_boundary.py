"""Distances between boundaries: drawn by hand, by brute force, and as SimpleITK has them."""

import numpy as np
import pytest

from isic_cli.agreement.overlap import BoundaryDistance, boundary, boundary_distances
from isic_cli.agreement.table import BoolArray
from isic_cli.agreement.votes import PatternBuilder


def drawn(*rows: str) -> BoolArray:
    return np.array([[cell == "#" for cell in row] for row in rows])


def compared(*masks: BoolArray) -> tuple[BoundaryDistance | None, ...]:
    builder = PatternBuilder()
    for number, mask in enumerate(masks):
        builder.add(mask, name=f"r{number}")
    return boundary_distances(builder.build())


def blob(generator: np.random.Generator, *, shape: tuple[int, int] = (40, 56)) -> BoolArray:
    """Ellipses and specks, some across the edge."""
    row, column = np.indices(shape)
    mask = np.zeros(shape, bool)
    for _ in range(int(generator.integers(1, 4))):
        top, left = generator.integers(0, shape[0]), generator.integers(0, shape[1])
        tall, wide = generator.uniform(1, 15, 2)
        mask |= ((row - top) / tall) ** 2 + ((column - left) / wide) ** 2 <= 1
    return mask & (generator.random(shape) > 0.02)


def test_the_boundary_is_what_has_an_unmarked_neighbour_or_lies_at_the_edge() -> None:
    mask = drawn("......", ".#####", ".#####", ".#####", ".#####", "......")
    assert (
        boundary(mask) == drawn("......", ".#####", ".#...#", ".#...#", ".#####", "......")
    ).all()


def test_two_single_pixels_are_as_far_apart_as_pythagoras_says() -> None:
    first, second = np.zeros((6, 6), bool), np.zeros((6, 6), bool)
    first[1, 0], second[4, 4] = True, True
    assert compared(first, second) == (BoundaryDistance(5.0, 5.0, 5.0),)


def test_a_longer_line_is_far_in_one_direction_only() -> None:
    first = drawn("#####", ".....")
    second = drawn("#....", ".....")
    # From the line: 0 1 2 3 4, with 3.8 at 95 %; from the pixel: 0.
    (found,) = compared(first, second)
    assert found is not None
    assert (found.hausdorff, found.hd95, found.mean) == pytest.approx((4.0, 3.8, 10 / 6))


def test_empty_masks_have_no_boundary() -> None:
    empty, full = np.zeros((4, 4), bool), np.ones((4, 4), bool)
    assert compared(empty, full, empty, full) == (
        *(None, None, None),
        *(None, BoundaryDistance(0.0, 0.0, 0.0)),
        None,
    )


def test_distances_equal_those_of_every_pixel_with_every_other() -> None:
    generator = np.random.default_rng(11)
    measured = 0
    for _ in range(60):
        first, second = blob(generator), blob(generator)
        (found,) = compared(first, second)
        if found is None:
            continue
        one, other = np.argwhere(boundary(first)), np.argwhere(boundary(second))
        apart = np.sqrt(((one[:, np.newaxis] - other) ** 2).sum(axis=2))
        there, back = apart.min(axis=1), apart.min(axis=0)
        assert found.hausdorff == max(there.max(), back.max())
        assert found.hd95 == max(np.percentile(there, 95), np.percentile(back, 95))
        assert found.mean == pytest.approx(np.concatenate([there, back]).mean(), abs=1e-12)
        measured += 1
    assert measured >= 50


@pytest.mark.slow
def test_the_hausdorff_distance_is_that_of_simpleitk() -> None:
    sitk = pytest.importorskip("SimpleITK")
    generator = np.random.default_rng(12)
    for _ in range(40):
        first, second = blob(generator), blob(generator)
        (found,) = compared(first, second)
        if found is None:
            continue
        measure = sitk.HausdorffDistanceImageFilter()
        measure.Execute(
            *(sitk.GetImageFromArray(boundary(mask).astype(np.uint8)) for mask in (first, second))
        )
        # SimpleITK keeps its maps of distances in single precision.
        assert found.hausdorff == pytest.approx(measure.GetHausdorffDistance(), rel=1e-6)
