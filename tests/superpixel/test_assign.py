"""The pruned assignment gives what trying every centre on every pixel of its window gives."""

import numpy as np
import numpy.typing as npt
import pytest

from isic_cli.superpixel.slic.assign import Assigner, Centres

Float64 = npt.NDArray[np.float64]
WEIGHT = 1 / 36


def brute_force(
    planes: Float64, centres: Centres, reach: tuple[int, int]
) -> tuple[npt.NDArray[np.int64], Float64]:
    """Every centre in turn, ascending, pixel by pixel; also the distance that each pixel got."""
    _, height, width = planes.shape
    nearest, best = np.full((height, width), -1), np.full((height, width), np.inf)
    for k in range(centres.y.size):
        cy, cx = float(centres.y[k]), float(centres.x[k])
        if not np.isfinite(cy):
            continue
        for y in range(int(max(cy - reach[0], 0)), int(min(cy + reach[0] + 1, height))):
            for x in range(int(max(cx - reach[1], 0)), int(min(cx + reach[1] + 1, width))):
                d = planes[:, y, x] - centres.colour[k]
                colour = (d[0] * d[0] + d[1] * d[1]) + d[2] * d[2]
                space = ((cy - y) * (cy - y) + (cx - x) * (cx - x)) * WEIGHT
                total = colour / centres.spread[k] + space
                if total < best[y, x]:
                    best[y, x], nearest[y, x] = total, k
    return nearest, best


def made(seed: int, shape: tuple[int, int], count: int, levels: int) -> tuple[Float64, Centres]:
    rng = np.random.default_rng(seed)
    # Few levels of colour, and whole positions, make many equal distances.
    planes = rng.integers(0, levels, (3, *shape)).astype(float)
    centres = Centres(
        rng.integers(0, shape[0], count).astype(float),
        rng.integers(0, shape[1], count).astype(float),
        rng.integers(0, levels, (count, 3)).astype(float),
        rng.choice([1.0, 2.0, 7.5], count),
    )
    centres.y[rng.random(count) < 0.1] = np.nan
    centres.x[np.isnan(centres.y)] = np.nan
    return planes, centres


CASES = [
    pytest.param(seed, shape, count, levels, id=f"{shape[0]}x{shape[1]}-{levels}-levels-{seed}")
    for seed, (shape, count, levels) in enumerate(
        [
            ((40, 50), 30, 2),
            ((41, 53), 60, 3),
            ((7, 90), 20, 2),
            ((90, 5), 20, 4),
            ((8, 8), 1, 2),
            ((33, 64), 12, 40),
            ((24, 24), 50, 1),
        ]
    )
]


@pytest.mark.parametrize(("seed", "shape", "count", "levels"), CASES)
@pytest.mark.parametrize("reach", [(6, 6), (13, 9)])
def test_pruning_changes_no_pixel(
    seed: int, shape: tuple[int, int], count: int, levels: int, reach: tuple[int, int]
) -> None:
    planes, centres = made(seed, shape, count, levels)
    expected, best = brute_force(planes, centres, reach)
    assigner = Assigner(planes, WEIGHT, reach)
    # No bound at all, the tightest one, and one that some pixels have lost.
    lost = np.where(np.random.default_rng(seed).random(shape) < 0.2, np.inf, best)
    for bound in (np.full(shape, np.inf), best, lost):
        np.testing.assert_array_equal(assigner.assign(centres, bound), expected)


@pytest.mark.parametrize("shape", [(40, 50), (41, 53), (90, 7), (24, 24)])
def test_before_the_first_update_space_alone_decides(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    # As large as scaled Lab, whose square leaves little room for a difference in space.
    planes = rng.random((3, *shape)) * 1e4
    rows, columns = (place.ravel() for place in np.mgrid[3 : shape[0] : 6, 3 : shape[1] : 6])
    number = rows.size
    centres = Centres(rows * 1.0, columns * 1.0, np.zeros((number, 3)), np.ones(number))
    y, x = np.mgrid[: shape[0], : shape[1]]
    away = (y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2
    expected, _ = brute_force(planes, centres, (12, 12))
    bound = away.min(axis=2) * WEIGHT
    found = Assigner(planes, WEIGHT, (12, 12)).assign(centres, bound, in_space=True)
    np.testing.assert_array_equal(found, expected)
