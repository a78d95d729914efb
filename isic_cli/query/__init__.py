"""The search language of the archive: parse it, match records with it, write it back."""

from isic_cli.query.fields import FIELDS, Field
from isic_cli.query.hints import unknown_value_hint
from isic_cli.query.language import Query, all_of, any_of, parse, term
from isic_cli.query.meaning import to_sql
from isic_cli.query.tree import (
    And,
    Between,
    EndsWith,
    Exact,
    HasValue,
    Node,
    Or,
    StartsWith,
    Term,
    Test,
)

__all__ = [
    "FIELDS",
    "And",
    "Between",
    "EndsWith",
    "Exact",
    "Field",
    "HasValue",
    "Node",
    "Or",
    "Query",
    "StartsWith",
    "Term",
    "Test",
    "all_of",
    "any_of",
    "parse",
    "term",
    "to_sql",
    "unknown_value_hint",
]
