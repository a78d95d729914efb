"""The tree of a query: plain frozen values, made to be taken apart by `match`.

A tree that the parser made is normal: `And` and `Or` have two parts or more, and no part of the
same kind as themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HasValue:
    """`field:*`: the field is set."""


@dataclass(frozen=True, slots=True)
class Exact:
    """`field:value`: the field equals the value, case included."""

    value: str | float | bool


@dataclass(frozen=True, slots=True)
class StartsWith:
    """`field:prefix*`."""

    prefix: str


@dataclass(frozen=True, slots=True)
class EndsWith:
    """`field:*suffix`; a star at the end of the suffix is a literal one."""

    suffix: str


@dataclass(frozen=True, slots=True)
class Between:
    """`field:[low TO high]`: at least one end is given; None leaves an end open.

    Attributes
    ----------
    low, high : float or None
        The ends.
    above, below : bool
        The lower, the upper end does not belong to the range: `{low TO high}`.
    """

    low: float | None
    high: float | None
    above: bool = False
    below: bool = False


@dataclass(frozen=True, slots=True)
class Always:
    """What the archive makes of a range whose ends lie outside of its column; never parsed."""


Test = HasValue | Exact | StartsWith | EndsWith | Between | Always


@dataclass(frozen=True, slots=True)
class Term:
    """A field, what is asked of it, and whether the answer is turned round.

    A negated term admits records without the field.
    """

    field: str
    test: Test
    negated: bool = False


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple["Node", ...]


Node = Term | And | Or


def joined(kind: type[And | Or], parts: list[Node]) -> Node:
    """Join parts to a normal tree: one part is itself, parts of the same kind dissolve."""
    if len(parts) == 1:
        return parts[0]
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, And | Or) and isinstance(part, kind):
            flat.extend(part.parts)
        else:
            flat.append(part)
    return kind(tuple(flat))


def terms(node: Node | None) -> Iterator[Term]:
    """Yield every term of a tree in the order of the text."""
    if isinstance(node, Term):
        yield node
    elif node is not None:
        for part in node.parts:
            yield from terms(part)
