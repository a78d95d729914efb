"""From trees and values back to text."""

from isic_cli.query.tokens import WORD
from isic_cli.query.tree import (
    Always,
    Between,
    EndsWith,
    Exact,
    HasValue,
    Node,
    Or,
    StartsWith,
    Term,
)


def to_text(node: Node | None) -> str:
    """Return the canonical text of a tree.

    Parameters
    ----------
    node : Node or None
        A normal tree, as the parser makes it.

    Returns
    -------
    str
        Explicit AND and OR, brackets and quotes only where the grammar needs them. Parsing it
        gives the same tree.
    """
    if node is None:
        return ""
    if isinstance(node, Term):
        return f"{'-' if node.negated else ''}{node.field}:{_value(node)}"
    if isinstance(node, Or):
        return " OR ".join(to_text(part) for part in node.parts)
    return " AND ".join(_bracketed(part) for part in node.parts)


def _bracketed(part: Node) -> str:
    return f"({to_text(part)})" if isinstance(part, Or) else to_text(part)


def quoted(value: str) -> str:
    """Return a text value, in quotes unless the grammar takes it bare."""
    return value if WORD.fullmatch(value) else f'"{value}"'


def number_text(value: float) -> str:
    """Return a number as short as it reads back."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _value(term: Term) -> str:
    test = term.test
    match test:
        case HasValue() | Always():
            return "*"
        case StartsWith(prefix):
            return quoted(f"{prefix}*")
        case EndsWith(suffix):
            return quoted(f"*{suffix}")
        case Between(low, high, above, below):
            left = "*" if low is None else number_text(low)
            right = "*" if high is None else number_text(high)
            return f"{'{' if above else '['}{left} TO {right}{'}' if below else ']'}"
    return _exact(test)


def _exact(test: Exact) -> str:
    if isinstance(test.value, bool):
        return "true" if test.value else "false"
    return quoted(test.value) if isinstance(test.value, str) else number_text(test.value)
