"""What a query asks of a record at the archive's server, quirks included: as a function and as SQL.

`effective` decides for both, so that a folder, an index and the server find the same.
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from isic_cli.query.language import Query

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


def to_sql(query: "Query") -> tuple[str, list[Any]]:
    """Return a condition for a WHERE clause in DuckDB's dialect.

    Parameters
    ----------
    query : Query
        A parsed query.

    Returns
    -------
    tuple of (str, list)
        The condition, with a question mark for each parameter, and the parameters. It finds what
        `Query.matches` finds in a table whose columns have the fields' names: DOUBLE for numbers,
        BOOLEAN, VARCHAR for text, NULL where a field is unset.
    """
    parameters: list[Any] = []
    return _sql_condition(query.tree, parameters), parameters


def _sql_condition(node: Node | None, parameters: list[Any]) -> str:
    if node is None:
        return "TRUE"
    if isinstance(node, Term):
        return _sql_term(node, parameters)
    if isinstance(node, And):
        return f"({' AND '.join(_sql_condition(part, parameters) for part in node.parts)})"
    values: dict[str, list[str]] = {}
    for field, text in filter(None, map(_asked_text, node.parts)):
        values.setdefault(field, []).append(text)
    values = {field: texts for field, texts in values.items() if len(texts) > 1}
    sides: list[str] = []
    for part in node.parts:
        asked = _asked_text(part)
        if asked is None or asked[0] not in values:
            sides.append(_sql_condition(part, parameters))
    for field, texts in values.items():
        # A hundred ids are one look-up, not a hundred comparisons with every row.
        parameters.extend(texts)
        sides.append(f'"{field}" IN ({", ".join("?" * len(texts))})')
    return f"({' OR '.join(sides)})"


def _asked_text(node: Node) -> tuple[str, str] | None:
    """Return the field and the text of a term that asks for nothing else."""
    test = effective(node) if isinstance(node, Term) and not node.negated else None
    if isinstance(node, Term) and isinstance(test, Exact) and isinstance(test.value, str):
        return node.field, test.value
    return None


def _sql_term(term: Term, parameters: list[Any]) -> str:
    test = _sql_test(term, parameters)
    # Of an unset field a test is NULL, which chooses no row, as it should: AND and OR keep that.
    # Only its negation must choose the row.
    return f"({test}) IS NOT TRUE" if term.negated else test


def _sql_test(term: Term, parameters: list[Any]) -> str:
    column = f'"{term.field}"'
    test = effective(term)
    match test:
        case Always():
            return "TRUE"
        case HasValue():
            return f"{column} IS NOT NULL"
        case Exact(value):
            parameters.append(value)
            return f"{column} = ?"
        case StartsWith(prefix):
            parameters.append(prefix)
            return f"starts_with({column}, ?)"
        case EndsWith(suffix):
            parameters.append(suffix)
            return f"ends_with({column}, ?)"
    return _sql_between(column, test, parameters)


def _sql_between(column: str, ends: Between, parameters: list[Any]) -> str:
    sides = []
    if ends.low is not None:
        parameters.append(ends.low)
        sides.append(f"{column} {'>' if ends.above else '>='} ?")
    if ends.high is not None:
        parameters.append(ends.high)
        sides.append(f"{column} {'<' if ends.below else '<='} ?")
    return " AND ".join(sides)
