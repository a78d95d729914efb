"""What a shell may offer: fields, values, collections, studies; of the index or a folder here.

Nothing is asked of the network, no database is opened, and whatever goes wrong offers nothing.
"""

from contextlib import suppress
from pathlib import Path
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


def complete_scheme(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the schemes of labels that come with the program, and files."""
    del ctx, param
    tables = Path(__file__).parents[1] / "curation" / "labels" / "tables"
    known = {"ham10000", *(path.stem for path in tables.glob("*.csv"))} - {"legacy"}
    names = (name for name in sorted(known) if name.startswith(incomplete))
    return [*map(CompletionItem, names), CompletionItem(incomplete, type="file")]


def complete_executor(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer where work can be done."""
    del ctx, param
    names = ("threads", "processes", "dask", "dask=tcp://")
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_task(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the tasks of the challenges."""
    del ctx, param
    from isic_cli.challenge.tasks import TASKS

    return [
        CompletionItem(task.id, help=task.title)
        for task in TASKS
        if task.id.startswith(incomplete.lower())
    ]


def complete_study(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the studies of an archive on this machine by number, and files."""
    del param
    found: Iterable[tuple[int, str]] = ()
    with suppress(IsicError):
        from isic_cli.folder.studies import read_studies

        folder = _own_folder(_settings(ctx))
        found = [
            (number, one.name)
            for number, one in (read_studies(folder / "studies") if folder else {}).items()
        ]
    return [*_numbered(found, incomplete), CompletionItem(incomplete, type="file")]


def _own_folder(settings: Any) -> Path | None:
    """Return the folder that an archive on this machine lies in."""
    if settings.archive.kind == "demo":
        from isic_cli.demo import demo_folder

        return demo_folder(settings.cache_dir)
    folder: Path | None = settings.archive.folder
    return folder


def _titles(settings: Any) -> list[tuple[int, str]]:
    """Return the collections of an archive on this machine, else those that the index has."""
    if (own := _own_folder(settings)) is not None:
        from isic_cli.folder.collection_file import read_collections

        return [(one.id, one.name) for one in read_collections(own / "collections.json").values()]
    from isic_cli.index.state import read_state, read_titles
    from isic_cli.services.index.paths import index_folder

    folder = index_folder(settings)
    return read_titles(folder, read_state(folder))


def _numbered(found: "Iterable[tuple[int, str]]", incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(str(number), help=name)
        for number, name in found
        if str(number).startswith(incomplete)
    ]


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
        titles = _titles(_settings(ctx))
    if incomplete.isdigit():
        return _numbered(titles, incomplete)
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
