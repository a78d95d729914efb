"""A query as a condition of SQL, for a table with one column per field."""

from typing import Any

from isic_cli.query.language import Query
from isic_cli.query.meaning import effective
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
)


def to_sql(query: Query) -> tuple[str, list[Any]]:
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
    return _condition(query.tree, parameters), parameters


def _condition(node: Node | None, parameters: list[Any]) -> str:
    if node is None:
        return "TRUE"
    if isinstance(node, Term):
        return _term(node, parameters)
    if isinstance(node, And):
        return f"({' AND '.join(_condition(part, parameters) for part in node.parts)})"
    values: dict[str, list[str]] = {}
    for field, text in filter(None, map(_asked_text, node.parts)):
        values.setdefault(field, []).append(text)
    values = {field: texts for field, texts in values.items() if len(texts) > 1}
    sides: list[str] = []
    for part in node.parts:
        asked = _asked_text(part)
        if asked is None or asked[0] not in values:
            sides.append(_condition(part, parameters))
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


def _term(term: Term, parameters: list[Any]) -> str:
    test = _test(term, parameters)
    # Of an unset field a test is NULL, which chooses no row, as it should: AND and OR keep that.
    # Only its negation must choose the row.
    return f"({test}) IS NOT TRUE" if term.negated else test


def _test(term: Term, parameters: list[Any]) -> str:
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
    return _between(column, test, parameters)


def _between(column: str, ends: Between, parameters: list[Any]) -> str:
    sides = []
    if ends.low is not None:
        parameters.append(ends.low)
        sides.append(f"{column} {'>' if ends.above else '>='} ?")
    if ends.high is not None:
        parameters.append(ends.high)
        sides.append(f"{column} {'<' if ends.below else '<='} ?")
    return " AND ".join(sides)
