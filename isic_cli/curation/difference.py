"""Standardised differences: how far two groups differ, whatever their sizes."""

from collections.abc import Mapping
from math import inf, sqrt

import numpy as np


def moments(values: Mapping[float, int]) -> tuple[float, float]:
    """Return the mean and the sample standard deviation of counted values.

    Parameters
    ----------
    values : mapping of float to int
        Value → how often; at least one.

    Returns
    -------
    tuple of (float, float)
        The deviation is 0 for a single value.
    """
    count = sum(values.values())
    mean = sum(value * times for value, times in values.items()) / count
    squares = sum(times * (value - mean) ** 2 for value, times in values.items())
    return mean, sqrt(squares / (count - 1)) if count > 1 else 0.0


def difference_of_means(one: Mapping[float, int], other: Mapping[float, int]) -> float | None:
    """Return the standardised difference of two means, without its sign.

    The difference over the root of the mean of both variances (Austin, Statistics in Medicine
    2009, 28:3083-3107). None where a group has no value; infinite where the means differ and
    neither varies.
    """
    if not one or not other:
        return None
    (mean_one, deviation_one), (mean_other, deviation_other) = moments(one), moments(other)
    spread = sqrt((deviation_one**2 + deviation_other**2) / 2)
    if mean_one == mean_other:
        return 0.0
    return abs(mean_one - mean_other) / spread if spread else inf


def difference_of_shares(one: Mapping[str, int], other: Mapping[str, int]) -> float | None:
    """Return the standardised difference of the shares of values.

    The Mahalanobis distance of the vectors of shares of all values but one (Yang and Dalton, SAS
    Global Forum 2012, paper 335). None where a group has no value; infinite where the groups have
    no value in common and neither varies.
    """
    names = sorted({*one, *other})
    sizes = sum(one.values()), sum(other.values())
    if not all(sizes):
        return None
    pairs = ((one, sizes[0]), (other, sizes[1]))
    shares = np.array(
        [[of.get(name, 0) / size for name in names] for of, size in pairs],
        np.float64,
    )[:, 1:]
    apart = shares[0] - shares[1]
    if not apart.any():
        return 0.0
    spread = sum(np.diag(row) - np.outer(row, row) for row in shares) / 2
    if np.linalg.matrix_rank(spread, hermitian=True) < len(apart):
        return inf
    return float(sqrt(apart @ np.linalg.solve(spread, apart)))
