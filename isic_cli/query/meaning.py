"""What a term asks of a record at the archive's server, quirks included."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from isic_cli.query.fields import FIELDS, IMAGE_TYPE_ALIASES
from isic_cli.query.tree import (
    Always,
    And,
    Between,
    EndsWith,
    Exact,
    HasValue,
    Node,
    StartsWith,
    Term,
    Test,
)

Record = Mapping[str, Any]
Predicate = Callable[[Record], bool]


def effective(term: Term) -> Test:
    """Return the test that the server really makes for a term, before it negates the answer.

    It looks at the start of the value when a suffix is negated, reads two old values of
    `image_type` as their new names, cuts or rounds fractions for a field of whole numbers and
    passes over an end of a range that lies outside of such a column, and rounds to five digits
    for a decimal field. The answers recorded from the server agree with all five; they do not
    tell "looks at the start" from "excludes nothing", nor do they ask for negative fractions or
    negate a range that lies outside, so those follow the mechanism that explains the rest.
    """
    test = term.test
    if isinstance(test, EndsWith) and term.negated:
        return StartsWith(test.suffix)
    if term.field == "image_type" and isinstance(test, Exact):
        return Exact(IMAGE_TYPE_ALIASES.get(str(test.value), test.value))
    field = FIELDS[term.field]
    if field.whole:
        return _whole(test, negated=term.negated)
    return _decimal(test) if field.kind == "number" else test


#: The least and the largest number of the archive's column of whole numbers.
_COLUMN = (0, 32767)
#: Significant digits of the archive's decimal columns.
_DIGITS = 5


def _whole(test: Test, *, negated: bool) -> Test:
    """Return a test as the server's database layer puts it to an integer column.

    It cuts a fraction towards zero, but rounds it up where it asks for `>=` and `<`. An end of a
    range that no value of the column can pass is not asked for at all: when no end is left,
    images without a value are found too. A negated test asks for a value beside.
    """
    if isinstance(test, Exact):
        return Exact(float(math.trunc(test.value))) if isinstance(test.value, float) else test
    if not isinstance(test, Between):
        return test
    low, high = test.low, test.high
    if low is not None:
        low = float(math.trunc(low) if test.above else math.ceil(low))
        low = None if low < _COLUMN[0] else low
    if high is not None:
        high = float(math.ceil(high) if test.below else math.trunc(high))
        high = None if high > _COLUMN[1] else high
    if low is None and high is None:
        return HasValue() if negated else Always()
    return Between(low, high, test.above, test.below)


def _decimal(test: Test) -> Test:
    """Return a test with its numbers rounded as the server rounds them for a decimal column."""
    if isinstance(test, Exact):
        return Exact(_rounded(test.value)) if isinstance(test.value, float) else test
    if not isinstance(test, Between):
        return test
    low = None if test.low is None else _rounded(test.low)
    high = None if test.high is None else _rounded(test.high)
    return Between(low, high, test.above, test.below)


def _rounded(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}")


def predicate(node: Node | None) -> Predicate:
    """Compile a tree to a function of a flat record.

    Parameters
    ----------
    node : Node or None
        The tree; None admits everything.

    Returns
    -------
    Callable
        From a mapping of field names to values to whether the archive would find that record. A
        field that is absent or None is unset. Numbers may be text, as the archive writes them.
    """
    if node is None:
        return lambda _: True
    if isinstance(node, Term):
        return _of_term(node)
    parts = tuple(predicate(part) for part in node.parts)
    if isinstance(node, And):
        return lambda record: all(part(record) for part in parts)
    return lambda record: any(part(record) for part in parts)


def _of_term(term: Term) -> Predicate:
    test = effective(term)
    if isinstance(test, Always):
        return lambda _: True
    field, holds = term.field, _holds(term.field, test)
    if term.negated:
        return lambda record: (value := record.get(field)) is None or not holds(value)
    return lambda record: (value := record.get(field)) is not None and holds(value)


def _holds(field: str, test: Test) -> Callable[[Any], bool]:
    """Compile a test to a function of a value that is set."""
    match test:
        case HasValue() | Always():
            return lambda _: True
        case StartsWith(prefix):
            return lambda value: isinstance(value, str) and value.startswith(prefix)
        case EndsWith(suffix):
            return lambda value: isinstance(value, str) and value.endswith(suffix)
        case Between(low, high, above, below):
            return _between(low, high, above=above, below=below)
    expected = test.value
    if FIELDS[field].kind == "number":
        return lambda value: _number(value) == expected
    return lambda value: bool(value == expected)


def _between(
    low: float | None, high: float | None, *, above: bool, below: bool
) -> Callable[[Any], bool]:
    least = -math.inf if low is None else low
    most = math.inf if high is None else high

    def holds(value: Any) -> bool:
        number = _number(value)
        return (number > least if above else number >= least) and (
            number < most if below else number <= most
        )

    return holds


def _number(value: Any) -> float:
    """Return a value as a number; what is none compares with nothing."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
