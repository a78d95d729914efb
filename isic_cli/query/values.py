"""Reading the value of a term, by the kind of its field, and what to say of a wrong one."""

import math
from collections.abc import Callable, Mapping

from isic_cli.errors import QueryError
from isic_cli.query.fields import Field, Kind
from isic_cli.query.mistakes import compared, error, sample, shown, unquoted
from isic_cli.query.tokens import NAME, NUMBER, QUOTED, WORD, Scanner
from isic_cli.query.tree import Between, EndsWith, Exact, HasValue, StartsWith, Test

_CLOSING = {"'": "'", "‘": "’", "“": "”", "„": "“", "«": "»", "`": "`"}
_TRUTHS = {
    "true": "true",
    "1": "true",
    "yes": "true",
    "false": "false",
    "0": "false",
    "no": "false",
}


def bad_text(scanner: Scanner, field: Field) -> QueryError:
    """Return the error where a text value should begin."""
    text, at = scanner.text, scanner.at
    if _missing(scanner):
        return _no_value(scanner, field)
    if text[at] == '"':
        return error(text, at, "this quote is never closed on its line", 'add a `"`')
    if text[at] == "(":
        return _one_value(scanner, field)
    if text[at] in "[{":
        return error(
            text, at, f"`{field.name}` holds text and has no ranges", f"write {sample(field)}"
        )
    if text[at] in _CLOSING:
        end = text.find(_CLOSING[text[at]], at + 1)
        value = text[at + 1 : end] if end > 0 else "value"
        hint = f'write {field.name}:"{value}"'
        return error(text, at, f'{text[at]} is not a quote to the archive: only " is', hint)
    return unquoted(text, at, field, at)


def bad_boolean(scanner: Scanner, field: Field) -> QueryError:
    """Return the error where `true`, `false` or `*` should stand."""
    text, at = scanner.text, scanner.at
    if _missing(scanner):
        return _no_value(scanner, field)
    if text[at] == "(":
        return _one_value(scanner, field)
    quoted = QUOTED.match(text, at)
    name = NAME.match(text, at)
    given = quoted[0][1:-1] if quoted else name[0] if name else ""
    meant = _TRUTHS.get(given.lower())
    hint = f"write {field.name}:{meant}" if meant else "write true, false or *"
    return error(text, at, f"`{field.name}` is either true or false, in lower case", hint)


def bad_number(scanner: Scanner, field: Field) -> QueryError:
    """Return the error where a number, a range or `*` should stand."""
    text, at = scanner.text, scanner.at
    if _missing(scanner):
        return _no_value(scanner, field)
    if text[at] == "(":
        return _one_value(scanner, field)
    comparison = compared(text, at, field)
    if comparison:
        return comparison
    number = NUMBER.match(text, at + 1)
    if text[at] in "\"'" and number:
        hint = f"write {field.name}:{number[0]}"
        return error(text, at, "a number stands without quotes", hint)
    return error(text, at, f"`{field.name}` holds numbers", f"write {sample(field)}")


def bad_range(scanner: Scanner, field: Field, start: int) -> QueryError:
    """Return the error of a range that begins at `start` and cannot go on at the scanner."""
    text, at = scanner.text, scanner.skip()
    hint = f"write {sample(field)}"
    if at == len(text):
        return error(text, start, "this range is never closed", hint)
    name = NAME.match(text, at)
    if name and name[0].upper() == "TO":
        return error(text, at, f"`{name[0]}` is not understood", "write TO in capitals")
    if text[at] in "\"'":
        return error(text, at, "a number stands without quotes", hint)
    return error(text, at, f"{shown(text[at])} does not fit in a range", hint)


def too_large(text: str, at: int, field: Field) -> QueryError:
    """Return the error of a number beyond what a computer holds, on which the archive fails."""
    message = f"the number for `{field.name}` is too large: the archive's server fails on it"
    return error(text, at, message, "use * for an open end")


def _missing(scanner: Scanner) -> bool:
    return scanner.ended() or scanner.text[scanner.at] == ")"


def _no_value(scanner: Scanner, field: Field) -> QueryError:
    message = f"a value is missing after `{field.name}:`"
    return error(scanner.text, scanner.at, message, f"write {sample(field)}")


def _one_value(scanner: Scanner, field: Field) -> QueryError:
    hint = f"repeat the field: ({field.name}:… OR {field.name}:…)"
    return error(scanner.text, scanner.at, "a term takes one value, not a bracket", hint)


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
        raise bad_text(scanner, field)
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
    raise bad_boolean(scanner, field)


def _number(scanner: Scanner, field: Field) -> Test:
    opening = scanner.text[scanner.at : scanner.at + 1]
    if opening in {"[", "{"}:
        return _range(scanner, field)
    if scanner.take("*"):
        return HasValue()
    number = _read_number(scanner, field)
    if number is None:
        raise bad_number(scanner, field)
    return Exact(number)


def _range(scanner: Scanner, field: Field) -> Test:
    start = scanner.at
    above = scanner.take("{")
    if not above:
        scanner.take("[")
    low = _end(scanner, field, start)
    if not scanner.take("TO"):
        raise bad_range(scanner, field, start)
    high = _end(scanner, field, start)
    below = scanner.take("}")
    if not below and not scanner.take("]"):
        raise bad_range(scanner, field, start)
    if low is None and high is None:
        return HasValue()
    return Between(low, high, above and low is not None, below and high is not None)


def _end(scanner: Scanner, field: Field, start: int) -> float | None:
    if scanner.take("*"):
        return None
    number = _read_number(scanner, field)
    if number is None:
        raise bad_range(scanner, field, start)
    return number


def _read_number(scanner: Scanner, field: Field) -> float | None:
    start = scanner.skip()
    digits = scanner.read(NUMBER)
    if digits is None:
        return None
    number = float(digits)
    if not math.isfinite(number):
        raise too_large(scanner.text, start, field)
    return number


_READERS: Mapping[Kind, Callable[[Scanner, Field], Test]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
}
