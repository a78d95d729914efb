"""What a shell may offer: field names, their values and collections, from the index.

Nothing is asked of the network, no database is opened, and whatever goes wrong offers nothing.
"""

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from isic_cli.errors import IsicError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")
#: Where a term of a query begins: after a space, a bracket or a minus.
_LAST_TERM = re.compile(r"(?:[a-z0-9_]+:)?(?:\"[^\"]*|[^\s()\"-]*)\Z")


def complete_archive(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the archives by name, and folders."""
    del ctx, param
    names = (name for name in ("prod", "sandbox", "demo") if name.startswith(incomplete))
    return [*map(CompletionItem, names), CompletionItem(incomplete, type="dir")]


def complete_query(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer what may follow in a query: a field, or a value of the field before the colon."""
    del param
    match = _LAST_TERM.search(incomplete)
    last = match[0] if match else ""
    before = incomplete[: len(incomplete) - len(last)]
    field, colon, value = last.partition(":")
    if colon:
        found = (f"{before}{field}:{text}" for text in _values(ctx, field, value.strip('"')))
    else:
        found = (f"{before}{name}:" for name in _searchable() if name.startswith(field))
    return [CompletionItem(text) for text in found]


def complete_fields(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the next name of a list with commas."""
    del ctx, param
    return _listed({*_known(), "attribution", "url", "size"}, incomplete)


def complete_counted(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the next field to count by."""
    del ctx, param
    return _listed({*_known(), "attribution"} - {"isic_id"}, incomplete)


def complete_number(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer a field of numbers."""
    del ctx, param
    from isic_cli.query.fields import FIELDS

    found = (name for name in _known() if name not in FIELDS or FIELDS[name].kind == "number")
    return [CompletionItem(name) for name in sorted(found) if name.startswith(incomplete)]


def _listed(known: "Iterable[str]", incomplete: str) -> list[CompletionItem]:
    before, comma, last = incomplete.rpartition(",")
    given = set(before.split(","))
    return [
        CompletionItem(f"{before}{comma}{name}")
        for name in sorted(set(known) - given)
        if name.startswith(last)
    ]


def complete_collection(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer collections by name, or by number when a digit was typed."""
    del param
    titles: list[tuple[int, str]] = []
    with suppress(IsicError):
        from isic_cli.index.state import read_state, read_titles
        from isic_cli.services.index.paths import index_folder

        folder = index_folder(_settings(ctx))
        titles = read_titles(folder, read_state(folder))
    if incomplete.isdigit():
        return [
            CompletionItem(str(number), help=name)
            for number, name in titles
            if str(number).startswith(incomplete)
        ]
    typed = incomplete.casefold()
    return [CompletionItem(name) for _, name in titles if name.casefold().startswith(typed)]


def _settings(ctx: click.Context) -> Any:
    from isic_cli.cli.context import Run

    return Run(**ctx.find_root().params).settings()


def _searchable() -> "Iterable[str]":
    from isic_cli.query.fields import FIELDS

    return (name for name, field in FIELDS.items() if not field.crashes)


def _known() -> "Iterable[str]":
    from isic_cli.query.fields import UNSEARCHABLE

    return [*_searchable(), *UNSEARCHABLE]


def _values(ctx: click.Context, field: str, typed: str) -> "Iterable[str]":
    from isic_cli.query.fields import FIELDS

    known = FIELDS.get(field)
    if known is None:
        return []
    values: Mapping[str, int] = dict.fromkeys(known.values, 0)
    with suppress(IsicError):
        from isic_cli.services.upload.dictionary import known_terms

        terms = known_terms(_settings(ctx)) or {}
        values = terms.get(field, {}).get("values") or values
    if known.kind == "boolean":
        values = {"true": 0, "false": 0}
    return (
        value if _BARE.fullmatch(value) else f'"{value}"'
        for value in values
        if value.startswith(typed)
    )
