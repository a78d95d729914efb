"""A coefficient with its sample and its uncertainty.

Every coefficient here depends on a few sums over items. So items that contribute alike are one
*pattern*, the sample is how often each pattern occurs, and a bootstrap round is another such
count: thousands of rounds become a few matrix products, and the order of the items has no
influence on a seeded interval.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isic_cli.agreement.table import BoolArray, FloatArray, IntArray, Scalar
from isic_cli.errors import UsageError

#: Drawn items of a block of rounds, so that memory stays flat: 16 MB an array.
_BLOCK = 2_000_000
#: Items to a pattern from which on a multinomial draw is the faster one.
_SPARSE = 5


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


@dataclass(frozen=True)
class Agreement:
    """A coefficient and what it was computed from.

    Attributes
    ----------
    name : str
        For example `Cohen's κ`.
    value : float or None
        None where it is undefined, never nan.
    reason : str or None
        Why it is undefined.
    readers : int
        Readers with at least one answer.
    items : int
        Items that enter the coefficient.
    answers : int
        Answers in the table.
    missing : int
        Empty cells between the answered items and these readers.
    left_out : int
        Answered items that the coefficient cannot use, such as those with a single answer.
    interval : Interval or None
        None where none was asked for, or none can be drawn.
    """

    name: str
    value: float | None
    reason: str | None
    readers: int
    items: int
    answers: int
    missing: int
    left_out: int
    interval: Interval | None = None


#: A coefficient for each row of an array of shape (rounds, patterns); nan where undefined.
Estimate = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class UsedItems:
    """The size of a table, and which of its items a coefficient uses.

    Parameters
    ----------
    answered : ndarray of shape (items, readers), bool
        Which cells of the table hold an answer.
    used : ndarray of shape (items,), bool
        Which items enter the coefficient.
    """

    answered: BoolArray
    used: BoolArray

    @property
    def readers(self) -> int:
        """Readers with at least one answer."""
        return int(self.answered.any(axis=0).sum())

    @property
    def lonely(self) -> str | None:
        """Why there is nobody to agree with; None from two readers on."""
        if self.readers == 0:
            return "there are no answers"
        return "only one reader answered" if self.readers == 1 else None

    @property
    def unpaired(self) -> str | None:
        """Why no two answers can be compared; None when some can."""
        unpaired = None if self.used.any() else "no item was answered by two readers"
        return self.lonely or unpaired

    def undefined(self, name: str, reason: str) -> Agreement:
        """Return the result of a coefficient that cannot be computed."""
        return self._result(name, None, reason, None)

    def agreement(
        self,
        name: str,
        estimate: Estimate,
        counts: IntArray,
        *,
        reason: str,
        bootstrap: Bootstrap | None,
    ) -> Agreement:
        """Evaluate a coefficient, and draw its interval where one is asked for.

        Parameters
        ----------
        name : str
            Of the coefficient.
        estimate : callable
            From counts of shape (rounds, patterns) to values of shape (rounds,).
        counts : ndarray of shape (patterns,)
            How often each pattern occurs in the table.
        reason : str
            Why the value is undefined, if it turns out to be.
        bootstrap : Bootstrap or None
            How to draw the interval.
        """
        value = float(estimate(counts[np.newaxis].astype(np.float64))[0])
        if np.isnan(value):
            return self.undefined(name, reason)
        drawn = None if bootstrap is None else draw(estimate, counts, bootstrap)
        return self._result(name, value, None, drawn)

    def _result(
        self, name: str, value: float | None, reason: str | None, interval: Interval | None
    ) -> Agreement:
        answers = int(self.answered.sum())
        rows = int(self.answered.any(axis=1).sum())
        items = int(self.used.sum())
        return Agreement(
            name=name,
            value=value,
            reason=reason,
            readers=self.readers,
            items=items,
            answers=answers,
            missing=rows * self.readers - answers,
            left_out=rows - items,
            interval=interval,
        )


def draw(estimate: Estimate, counts: IntArray, bootstrap: Bootstrap) -> Interval | None:
    """Draw a percentile interval over items.

    Parameters
    ----------
    estimate : callable
        From counts of shape (rounds, patterns) to values of shape (rounds,).
    counts : ndarray of shape (patterns,), int64
        How often each pattern occurs in the table.
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
    block = max(1, _BLOCK // int(counts.sum()))
    values = np.concatenate(
        [
            estimate(_resample(generator, counts, min(block, bootstrap.rounds - start)))
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
