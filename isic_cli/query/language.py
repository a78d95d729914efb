"""A parsed query, and queries made of queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from isic_cli.errors import UsageError
from isic_cli.query.compose import quoted, to_text
from isic_cli.query.fields import FIELDS
from isic_cli.query.hints import warnings_of
from isic_cli.query.meaning import Predicate, predicate
from isic_cli.query.parser import parse_tree
from isic_cli.query.tokens import WHITESPACE
from isic_cli.query.tree import Node, Or, Term


@dataclass(frozen=True)
class Query:
    """A query of the archive's search language.

    Attributes
    ----------
    text : str
        As it was given.
    tree : Node or None
        What it means; None means everything.
    warnings : tuple of str
        One line for each thing that the archive reads otherwise than it looks.
    """

    text: str
    tree: Node | None
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Answer whether the archive would find a record.

        Parameters
        ----------
        record : mapping
            Field names to values, flat: `isic_id`, `copyright_license`, `public` and the metadata
            fields. An absent field, or None, is unset. Numbers may be text.
        """
        return self._predicate(record)

    def __str__(self) -> str:
        return to_text(self.tree)

    @cached_property
    def _predicate(self) -> Predicate:
        return predicate(self.tree)


def parse(text: str) -> Query:
    """Parse a query.

    Parameters
    ----------
    text : str
        The query; empty, or white space, means everything.

    Raises
    ------
    QueryError
        If the archive would refuse the query, or its server would fail on it; with the column and
        a suggestion.
    """
    tree = parse_tree(text)
    return Query(text, tree, warnings_of(tree))


def all_of(*texts: str) -> str:
    """Return the query that finds what all of these find.

    Parameters
    ----------
    *texts : str
        Queries; empty ones, which find everything, are left out.

    Raises
    ------
    QueryError
        If one of them does not parse.
    """
    kept = [text.strip(WHITESPACE) for text in texts if parse_tree(text) is not None]
    if len(kept) == 1:
        return kept[0]
    return " AND ".join(f"({text})" if isinstance(parse_tree(text), Or) else text for text in kept)


def any_of(*texts: str) -> str:
    """Return the query that finds what any of these finds.

    Parameters
    ----------
    *texts : str
        Queries. An empty one finds everything, and so then does the result.

    Raises
    ------
    QueryError
        If one of them does not parse.
    UsageError
        If there is none: the language cannot ask for nothing.
    """
    if not texts:
        raise UsageError("there is no query to choose from")
    if any(parse_tree(text) is None for text in texts):
        return ""
    return " OR ".join(text.strip(WHITESPACE) for text in texts)


def term(field: str, value: object) -> str:
    """Return one term as text.

    Parameters
    ----------
    field : str
        A field name.
    value : object
        What the field should be: text (`*` at one end is a wildcard), a number, a range such as
        `[20 TO 40]`, a boolean.

    Raises
    ------
    UsageError
        If the language cannot express it: a text with a double quote or a line break, a word for
        a number, a field that does not exist.
    """
    known = FIELDS.get(field)
    written = str(value).lower() if isinstance(value, bool) else str(value)
    if known and known.kind == "text":
        if '"' in written or "\t" in written:
            raise UsageError(
                f"a query cannot hold this value for {field}: {written!r}",
                hint='the search language has no way to write " or a tab in a value',
            )
        written = quoted(written)
    text = f"{field}:{written}"
    if not isinstance(parse_tree(text), Term):
        raise UsageError(f"not one value for {field}: {written!r}")
    return text
