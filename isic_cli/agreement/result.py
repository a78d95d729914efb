"""A coefficient, and what of a table it was computed from."""

from dataclasses import dataclass

import numpy as np

from isic_cli.agreement.bootstrap import (
    Bootstrap,
    Estimate,
    Interval,
    Patterns,
    draw,
    standard_error,
)
from isic_cli.agreement.table import BoolArray


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
    error : float or None
        Standard error; None where the value is undefined or a single item enters.
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
    error: float | None = None
    interval: Interval | None = None


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
        return self._result(name, None, reason)

    def agreement(
        self,
        name: str,
        estimate: Estimate,
        patterns: Patterns,
        *,
        reason: str,
        bootstrap: Bootstrap | None,
    ) -> Agreement:
        """Evaluate a coefficient, with its standard error, and its interval where asked for.

        Parameters
        ----------
        name : str
            Of the coefficient.
        estimate : callable
            From sums of shape (rounds, sums) to values of shape (rounds,).
        patterns : Patterns
            What the items contribute to the sums.
        reason : str
            Why the value is undefined, if it turns out to be.
        bootstrap : Bootstrap or None
            How to draw the interval.
        """
        value = float(estimate(patterns.sums[np.newaxis])[0])
        if np.isnan(value):
            return self.undefined(name, reason)
        drawn = None if bootstrap is None else draw(estimate, patterns, bootstrap)
        return self._result(name, value, None, standard_error(estimate, patterns), drawn)

    def _result(
        self,
        name: str,
        value: float | None,
        reason: str | None,
        error: float | None = None,
        interval: Interval | None = None,
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
            error=error,
            interval=interval,
        )
