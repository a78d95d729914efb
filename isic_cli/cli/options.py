"""The selection options, the same in every command that takes images."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from isic_cli.errors import UsageError
from isic_cli.models.selection import Selection

LICENSE_CHOICES = ("cc-0", "cc-by", "cc-by-nc")


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `-s`, `-c`, `--from`, `--license`, `--exclude`, `-l`; the command gets a `selection`."""

    @click.option(
        "-s",
        "--search",
        metavar="QUERY",
        default="",
        help="In the archive's search language: 'diagnosis_3:\"Melanoma Invasive\" AND sex:male'.",
    )
    @click.option(
        "-c",
        "--collection",
        "--collections",
        "collections",
        multiple=True,
        metavar="ID|NAME|DOI",
        help="In this collection; repeat it, or list ids with commas, for a union.",
    )
    @click.option(
        "--from",
        "from_file",
        metavar="FILE",
        help="These ISIC ids: lines, CSV, JSONL, or a lock or report of isic; - is standard input.",
    )
    @click.option(
        "--status", metavar="A,B", help="With --from REPORT: only its items with this status."
    )
    @click.option(
        "--license",
        type=click.Choice(LICENSE_CHOICES, case_sensitive=False),
        help="At most this restrictive.",
    )
    @click.option("--exclude", metavar="FILE", help="Leave out the ids in this file.")
    @click.option(
        "-l", "--limit", type=click.IntRange(min=0), default=0, help="The first N; 0 for all."
    )
    @click.option("--strict", is_flag=True, help="Stop at an id file's first line without an id.")
    @wraps(command)
    def wrapped(
        *args: Any,
        search: str,
        collections: tuple[str, ...],
        from_file: str | None,
        status: str | None,
        license: str | None,  # noqa: A002 - the option's name is the contract
        exclude: str | None,
        limit: int,
        strict: bool,
        **kwargs: Any,
    ) -> Any:
        from isic_cli.services.idfile import read_ids

        statuses = _words(status) if status else ()
        if statuses and from_file is None:
            raise UsageError("--status needs --from REPORT")
        query = _checked_query(search)
        ids = read_ids(from_file, statuses=statuses, strict=strict) if from_file else None
        if ids is not None and not ids.ids:
            click.echo(f"Warning: {ids.name} holds no ISIC id", err=True)
        selection = Selection(
            query=query,
            collections=_collection_names(collections),
            ids=ids,
            license=license,
            exclude=read_ids(exclude, strict=strict) if exclude else None,
            limit=limit,
        )
        return command(*args, selection=selection, **kwargs)

    return wrapped


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _checked_query(text: str) -> str:
    from isic_cli.query import parse

    parse(text)  # a bad query ends here, before an id file is read or a request is sent
    return text


def _collection_names(values: tuple[str, ...]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for value in values:
        if re.fullmatch(r"[\d\s,]+", value):
            names.update(dict.fromkeys(_words(value)))
        elif value.strip():
            names[value.strip()] = None
    return tuple(names)
