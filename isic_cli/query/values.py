"""Reading the value of a term, by the kind of its field."""

import math
from collections.abc import Callable, Mapping

from isic_cli.query import badvalues
from isic_cli.query.fields import Field, Kind
from isic_cli.query.tokens import NUMBER, QUOTED, WORD, Scanner
from isic_cli.query.tree import Between, EndsWith, Exact, HasValue, StartsWith, Test


def read_value(scanner: Scanner, field: Field) -> Test:
    """Read what is asked of a field.

    Parameters
    ----------
    scanner : Scanner
        Behind the colon.
    field : Field
        The field before the colon.

    Raises
    ------
    QueryError
        If the field takes no such value.
    """
    scanner.skip()
    return _READERS[field.kind](scanner, field)


def text_test(value: str) -> Test:
    """Return what a text value asks for: a single star at its start or end is a wildcard."""
    if value == "*":
        return HasValue()
    if value.startswith("*"):
        return EndsWith(value[1:])
    if value.endswith("*"):
        return StartsWith(value[:-1])
    return Exact(value)


def _text(scanner: Scanner, field: Field) -> Test:
    start = scanner.at
    word = scanner.read(WORD)
    if word is not None:
        return text_test(word)
    quoted = scanner.read(QUOTED)
    if quoted is None:
        raise badvalues.bad_text(scanner, field)
    if "\t" in quoted:
        # The archive expands tabs over the whole query before it reads it.
        before = scanner.text[:start].expandtabs()
        quoted = scanner.text[: scanner.at].expandtabs()[len(before) :]
    return text_test(quoted[1:-1])


def _boolean(scanner: Scanner, field: Field) -> Test:
    for word, test in (
        ("true", Exact(value=True)),
        ("false", Exact(value=False)),
        ("*", HasValue()),
    ):
        if scanner.take(word):
            return test
    raise badvalues.bad_boolean(scanner, field)


def _number(scanner: Scanner, field: Field) -> Test:
    opening = scanner.text[scanner.at : scanner.at + 1]
    if opening in {"[", "{"}:
        return _range(scanner, field)
    if scanner.take("*"):
        return HasValue()
    number = _read_number(scanner, field)
    if number is None:
        raise badvalues.bad_number(scanner, field)
    return Exact(number)


def _range(scanner: Scanner, field: Field) -> Test:
    start = scanner.at
    above = scanner.take("{")
    if not above:
        scanner.take("[")
    low = _end(scanner, field, start)
    if not scanner.take("TO"):
        raise badvalues.bad_range(scanner, field, start)
    high = _end(scanner, field, start)
    below = scanner.take("}")
    if not below and not scanner.take("]"):
        raise badvalues.bad_range(scanner, field, start)
    if low is None and high is None:
        return HasValue()
    return Between(low, high, above and low is not None, below and high is not None)


def _end(scanner: Scanner, field: Field, start: int) -> float | None:
    if scanner.take("*"):
        return None
    number = _read_number(scanner, field)
    if number is None:
        raise badvalues.bad_range(scanner, field, start)
    return number


def _read_number(scanner: Scanner, field: Field) -> float | None:
    start = scanner.skip()
    digits = scanner.read(NUMBER)
    if digits is None:
        return None
    number = float(digits)
    if not math.isfinite(number):
        raise badvalues.too_large(scanner.text, start, field)
    return number


_READERS: Mapping[Kind, Callable[[Scanner, Field], Test]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
}
