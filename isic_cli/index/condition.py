"""Conditions over the index: what a query compiles to, and what a user writes in SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from isic_cli.index.engine import checked_condition
from isic_cli.query import Query, to_sql


@dataclass(frozen=True, slots=True)
class Condition:
    """A WHERE clause.

    Attributes
    ----------
    sql : str
        With a question mark for each parameter.
    parameters : tuple
        Bound, never written into the text.
    """

    sql: str = "TRUE"
    parameters: tuple[Any, ...] = ()

    @classmethod
    def of(cls, query: Query) -> Self:
        """Return what a query of the archive's language compiles to."""
        sql, parameters = to_sql(query)
        return cls(sql, tuple(parameters))

    def __and__(self, other: "Condition") -> "Condition":
        """Both hold."""
        return Condition(f"({self.sql}) AND ({other.sql})", self.parameters + other.parameters)

    def __or__(self, other: "Condition") -> "Condition":
        """One of them holds."""
        return Condition(f"({self.sql}) OR ({other.sql})", self.parameters + other.parameters)


EVERYTHING = Condition()


def among(ids: Iterable[str]) -> Condition:
    """Return the condition of being one of some images: one look-up, however many they are."""
    wanted = list(ids)
    if not wanted:
        return Condition("FALSE")
    # The ends let DuckDB pass over the parts of the file, sorted by id, that hold none of them.
    return Condition(
        "isic_id BETWEEN ? AND ? AND isic_id IN (SELECT unnest(?))",
        (min(wanted), max(wanted), wanted),
    )


def where(text: str) -> Condition:
    """Return the condition that a user wrote as an expression of SQL.

    Raises
    ------
    UsageError
        When it is not one expression.
    """
    # A comment at the end of the expression must not swallow the bracket.
    return Condition(f"{checked_condition(text)}\n")
