"""What a shell may offer: field names, their values and collections, from the index.

Nothing is asked of the network, no database is opened, and whatever goes wrong offers nothing.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from isic_cli.errors import IsicError

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    from isic_cli.query.completion import completed

    start, found = completed(incomplete, lambda field: _values(ctx, field))
    return [CompletionItem(f"{incomplete[:start]}{text}") for text in found]


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


def _known() -> "Iterable[str]":
    from isic_cli.query.completion import searchable
    from isic_cli.query.fields import UNSEARCHABLE

    return [*searchable(), *UNSEARCHABLE]


def _values(ctx: click.Context, field: str) -> "Iterable[str]":
    with suppress(IsicError):
        from isic_cli.services.upload.dictionary import known_terms

        terms = known_terms(_settings(ctx)) or {}
        values: Iterable[str] = terms.get(field, {}).get("values") or ()
        return values
    return ()
