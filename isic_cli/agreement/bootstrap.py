"""The uncertainty of a coefficient: its standard error, and intervals drawn by a bootstrap.

Every coefficient here is a smooth function of a few sums over items. So items that contribute
alike are one *pattern*, the sample is how often each pattern occurs, and a bootstrap round is
another such count: thousands of rounds become one matrix product, the order of the items has no
influence on a seeded interval, and the standard error follows from the function's gradient.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, factorial

import numpy as np
from numpy.typing import NDArray

from isic_cli.agreement.table import FloatArray, IntArray, Scalar
from isic_cli.errors import UsageError

#: Drawn items of a block of rounds, so that memory stays flat: 16 MB an array.
_BLOCK = 2_000_000
#: Items to a pattern from which on a multinomial draw is the faster one.
_SPARSE = 5
#: Items from which on they are drawn by Poisson numbers.
_MANY = 1_000
#: Cells of probability, and the mark of those that hold two numbers.
_CELLS, _SPLIT = 1 << 16, 255
#: Step of a derivative, as a share of the sample.
_STEP = 1e-4


@dataclass(frozen=True)
class Bootstrap:
    """How to draw an interval: items are drawn with replacement, readers stay.

    Parameters
    ----------
    level : float
        Coverage of the interval, between 0 and 1.
    rounds : int
        How many samples are drawn.
    seed : int
        The same seed gives the same interval.
    """

    level: float = 0.95
    rounds: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise UsageError(f"an interval covers between 0 and 1, not {self.level}")
        if self.rounds < 1:
            raise UsageError(f"a bootstrap needs at least one round, not {self.rounds}")
        if self.seed < 0:
            raise UsageError(f"a seed is not negative, unlike {self.seed}")


@dataclass(frozen=True)
class Interval:
    """A percentile interval.

    Attributes
    ----------
    low, high : float
        Its ends.
    level : float
        Its coverage.
    rounds : int
        Samples drawn.
    undefined : int
        Samples in which the coefficient is undefined, left out of the percentiles.
    """

    low: float
    high: float
    level: float
    rounds: int
    undefined: int


#: A coefficient for each row of sums over items, shape (rounds, sums); nan where undefined.
Estimate = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class Patterns:
    """The distinct items of a sample.

    Parameters
    ----------
    rows : ndarray of shape (patterns, sums), float64
        What an item of each pattern adds to each sum.
    counts : ndarray of shape (patterns,), int64
        How many items have each pattern.
    """

    rows: FloatArray
    counts: IntArray

    @property
    def sums(self) -> FloatArray:
        """The sums over the sample, shape (sums,)."""
        return np.asarray(self.counts @ self.rows, np.float64)


def standard_error(estimate: Estimate, patterns: Patterns) -> float | None:
    """Return the standard error of a coefficient over items; None for a single item.

    Parameters
    ----------
    estimate : callable
        From sums of shape (rounds, sums) to values of shape (rounds,).
    patterns : Patterns
        The sample.

    Notes
    -----
    The infinitesimal jackknife, √(Σ ψ_i² / (n (n-1))) with ψ_i the derivative of the coefficient
    by the weight of item i times n: Efron, The Jackknife, the Bootstrap and Other Resampling
    Plans (1982), chapter 6. The variances that Gwet, British Journal of Mathematical and
    Statistical Psychology 61 (2008), 29-48, derives for κ and AC1 are this linearisation written
    out. Derivatives are central differences of fourth order.
    """
    total = int(patterns.counts.sum())
    if total < 2:
        return None
    rows, sums = patterns.rows, patterns.sums
    by_pattern = len(rows) <= rows.shape[1]
    # One direction for each pattern, or one for each sum and the patterns from the gradient.
    size = np.ones(rows.shape[1]) if by_pattern else np.abs(rows).max(axis=0, initial=0)
    directions = rows if by_pattern else np.diag(size)
    slopes = np.zeros(len(directions))
    block = max(1, _BLOCK // (4 * rows.shape[1]))
    for start in range(0, len(directions), block):
        step = directions[start : start + block] * (_STEP * total)
        ahead, behind = estimate(sums + step), estimate(sums - step)
        far = estimate(sums + 2 * step) - estimate(sums - 2 * step)
        slopes[start : start + block] = (8 * (ahead - behind) - far) / (12 * _STEP)
    if not by_pattern:
        slopes = rows @ np.divide(slopes, size, out=np.zeros(len(size)), where=size > 0)
    slopes = slopes - patterns.counts @ slopes / total
    error = float(np.sqrt(patterns.counts @ slopes**2 / (total * (total - 1))))
    return None if np.isnan(error) else error


def draw(estimate: Estimate, patterns: Patterns, bootstrap: Bootstrap) -> Interval | None:
    """Draw a percentile interval over items.

    Parameters
    ----------
    estimate : callable
        From sums of shape (rounds, sums) to values of shape (rounds,).
    patterns : Patterns
        The sample.
    bootstrap : Bootstrap
        Level, rounds and seed.

    Returns
    -------
    Interval or None
        None when the coefficient is undefined in every round.

    Notes
    -----
    The percentile interval of Efron and Tibshirani, An Introduction to the Bootstrap (1993),
    section 13.3. Drawing items with replacement makes the counts of the patterns multinomial.
    """
    generator = np.random.default_rng(bootstrap.seed)
    counts = patterns.counts
    block = max(1, _BLOCK // int(counts.sum()))
    values = np.concatenate(
        [
            estimate(
                _resample(generator, counts, min(block, bootstrap.rounds - start)) @ patterns.rows
            )
            for start in range(0, bootstrap.rounds, block)
        ]
    )
    defined = values[~np.isnan(values)]
    if not defined.size:
        return None
    tail = (1 - bootstrap.level) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(
        low=float(low),
        high=float(high),
        level=bootstrap.level,
        rounds=bootstrap.rounds,
        undefined=bootstrap.rounds - defined.size,
    )


def _resample(generator: np.random.Generator, counts: IntArray, rounds: int) -> FloatArray:
    """Draw as many items as there are, with replacement; counts of shape (rounds, patterns)."""
    total, patterns = int(counts.sum()), len(counts)
    if patterns * _SPARSE <= total:
        return generator.multinomial(total, counts / total, size=rounds).astype(np.float64)
    # With few items to a pattern, drawing items one by one is faster than a binomial for each.
    pattern = np.repeat(np.arange(patterns, dtype=np.int64), counts)
    drawn = pattern[generator.integers(0, total, (rounds, total))]
    drawn += np.arange(rounds)[:, np.newaxis] * patterns
    tally = np.bincount(drawn.ravel(), minlength=rounds * patterns)
    return tally.reshape(rounds, patterns).astype(np.float64)


class Draws:
    """Draws with replacement from many items, as many as there are, a round at a time.

    From a thousand items on, each gets a Poisson number of a mean slightly below 1, and what is
    missing is drawn one by one: given its sum a Poisson sample is multinomial, so the counts are
    those of drawing all one by one, at a quarter of the time.
    """

    def __init__(self, generator: np.random.Generator, count: int) -> None:
        self._generator, self._count = generator, count
        self._is_direct = count < _MANY
        if self._is_direct:
            return
        mean = 1 - 4 / count**0.5  # the sum is above the count once in 30,000 rounds
        self._edges = np.cumsum([exp(-mean) * mean**k / factorial(k) for k in range(24)])
        cells = np.arange(_CELLS + 1) / _CELLS
        of_edge = self._edges.searchsorted(cells, side="right").astype(np.uint8)
        #: The number of each of 65,536 equal cells of probability; `_SPLIT` where they are two.
        self._number = np.where(of_edge[:-1] == of_edge[1:], of_edge[:-1], np.uint8(_SPLIT))

    def times(self) -> NDArray[np.uint8] | IntArray:
        """Return how often each item is drawn, shape (count,)."""
        draw, count = self._generator, self._count
        if self._is_direct:
            return np.bincount(draw.integers(0, count, count), minlength=count)
        while True:
            cells = draw.integers(0, _CELLS, count, dtype=np.uint16)
            found = self._number.take(cells)
            split = np.flatnonzero(found == _SPLIT)
            inside = (cells[split] + draw.random(len(split))) / _CELLS
            found[split] = self._edges.searchsorted(inside, side="right")
            missing = count - int(found.sum(dtype=np.uint32))
            if missing >= 0:
                np.add.at(found, draw.integers(0, count, missing), np.uint8(1))
                return found


def ratio(numerator: FloatArray, denominator: FloatArray, *, scale: FloatArray) -> FloatArray:
    """Divide where the denominator is no rounding error of `scale`; nan elsewhere."""
    defined = np.abs(denominator) > 1e-12 * np.abs(scale)
    result = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=result, where=defined)
    return result


def gather(rows: NDArray[Scalar]) -> tuple[NDArray[Scalar], IntArray]:
    """Gather equal rows.

    Parameters
    ----------
    rows : ndarray of shape (items, k)
        What each item contributes; at least one item and one column.

    Returns
    -------
    patterns : ndarray of shape (patterns, k)
        The distinct rows in rising order.
    counts : ndarray of shape (patterns,), int64
        How many items have each.
    """
    ordered = rows[np.lexsort(rows.T[::-1])]
    fresh = np.ones(len(rows), bool)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.flatnonzero(fresh)
    return ordered[starts], np.diff(starts, append=len(rows)).astype(np.int64)
