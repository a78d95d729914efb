"""The one reading of a cell as a number."""

import math
from typing import Any


def finite(value: Any) -> float | None:
    """Return a cell as a finite number; None for what is none.

    Nothing, truth values, text that is not a number, `nan`, `inf` and whole numbers that no double
    holds are none. Python's own spelling `1_000` is text here: no table means a number by it.

    >>> finite(" 4.5 "), finite("1_000"), finite("nan"), finite(10**400)
    (4.5, None, None, None)
    """
    if isinstance(value, bool) or (isinstance(value, str) and "_" in value):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
