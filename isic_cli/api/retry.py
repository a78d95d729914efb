"""When a failed request is tried again, and how long to wait before it.

Pure but for the random jitter, which is injected, as is the sleeping of whoever asks.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

#: Statuses that a later try may well answer otherwise.
PASSING = frozenset({429, 502, 503, 504})
#: Statuses that say the request was not worked on, so that even a write may be sent again.
UNTOUCHED = frozenset({429, 503})
#: Some accepted queries crash the server every time: more tries of a 500 only delay the error.
MOST_500 = 2

#: What happened to an attempt: it never left (`unsent`), its answer was lost, cut, or a status
#: that may pass; `fatal` never gets better.
Kind = Literal["unsent", "lost", "cut", "status", "fatal"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One failed attempt.

    Attributes
    ----------
    kind : {"unsent", "lost", "cut", "status", "fatal"}
        How it failed.
    status : int
        The HTTP status when `kind` is `status`, else 0.
    retry_after : float or None
        Seconds that the server asks us to wait.
    """

    kind: Kind
    status: int = 0
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter.

    Attributes
    ----------
    retries : int
        Further tries after the first.
    base, ceiling : float
        Seconds: the wait before try `n` is drawn from 0 to `min(ceiling, base * 2**n)`.
    patience : float
        Seconds: a server that asks for a longer wait than this is not waited for.
    """

    retries: int = 5
    base: float = 0.5
    ceiling: float = 30.0
    patience: float = 120.0


class Attempts:
    """The tries of one request: count them, and say what follows a fault.

    Parameters
    ----------
    policy : RetryPolicy
        How often and how long.
    idempotent : bool
        Whether sending the request twice does no harm.
    uniform : callable
        Draws the jitter: `uniform(low, high)`.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        idempotent: bool = True,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._policy = policy
        self._idempotent = idempotent
        self._uniform = uniform
        self._errors_500 = 0
        #: Attempts made that failed.
        self.failed = 0

    def wait_after(self, fault: Fault) -> float | None:
        """Return the seconds to wait before the next try; None to give up."""
        self.failed += 1
        self._errors_500 += fault.status == 500
        if self.failed > self._policy.retries or not self._may_pass(fault):
            return None
        asked = fault.retry_after
        if asked is not None and asked > self._policy.patience:
            return None
        limit = min(self._policy.ceiling, self._policy.base * 2 ** (self.failed - 1))
        jitter = self._uniform(0.0, limit)
        return jitter if asked is None else asked + min(jitter, 1.0)

    def _may_pass(self, fault: Fault) -> bool:
        if fault.kind == "fatal":
            return False
        if fault.kind == "unsent":
            return True
        if fault.kind != "status":
            return self._idempotent
        if fault.status == 500:
            return self._idempotent and self._errors_500 <= MOST_500
        return fault.status in (PASSING if self._idempotent else UNTOUCHED)


def parse_retry_after(value: str | None, *, now: float | None = None) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date.

    Parameters
    ----------
    value : str or None
        The header.
    now : float, optional
        Seconds since the epoch; the present when left out.

    Returns
    -------
    float or None
        Seconds to wait, never negative; None for no header or one that says nothing.
    """
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))
