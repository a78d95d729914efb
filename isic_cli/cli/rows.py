"""Rows of the listings, and what a command says about a selection that has problems."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.output import Shape
from isic_cli.errors import EmptyError, ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.models.image import ImageRecord
    from isic_cli.services.run.report import Report
    from isic_cli.services.select.images import Images

#: Of an image: what one wants to see first; everything else by --fields, csv or json.
IMAGES = Shape(
    key="isic_id",
    columns=(
        "isic_id",
        "diagnosis_1",
        "diagnosis_3",
        "age_approx",
        "sex",
        "anatom_site_1",
        "image_type",
        "copyright_license",
    ),
    leading=("isic_id", "attribution", "copyright_license"),
)

COLLECTIONS = Shape(
    key="id", columns=("id", "name", "public", "pinned", "locked", "doi", "description")
)


def image_rows(
    records: "Iterable[ImageRecord]", fields: tuple[str, ...] = ()
) -> Iterator[dict[str, Any]]:
    """Yield a flat row per image: the metadata, or just the fields that were asked for.

    Raises
    ------
    UsageError
        At the end, when no image had a field that the data dictionary does not have either. One
        that the archive is to add is no mistake: it is known by its first value.
    """
    missing = unknown_fields(fields)
    first = None
    for record in records:
        first = first or record
        if fields:
            yield {name: record.field(name) for name in fields} | {"isic_id": record.isic_id}
        else:
            yield record.row()
        if missing:
            missing = {name: near for name, near in missing.items() if record.field(name) is None}
    for name, near in missing.items() if first else ():
        raise UsageError(
            f"no image has a field {name}", hint=f"Did you mean {near}?" if near else None
        )


def unknown_fields(fields: Iterable[str]) -> dict[str, str]:
    """Return the fields that the data dictionary does not have, each with a known one like it."""
    from difflib import get_close_matches

    from isic_cli.models.image import FILE_FIELDS, LEADING_COLUMNS
    from isic_cli.query.fields import FIELDS, UNSEARCHABLE

    known = {*FIELDS, *FILE_FIELDS, *LEADING_COLUMNS, *UNSEARCHABLE, "public"}
    return {
        name: "".join(get_close_matches(name, known, n=1)) for name in fields if name not in known
    }


def check_fields(fields: Iterable[str]) -> None:
    """Warn of fields that the data dictionary does not have; old folders may still hold them."""
    for name, near in unknown_fields(fields).items():
        meant = f": did you mean {near}?" if near else ""
        click.echo(f"Warning: the archive has no field {name}{meant}", err=True)


def conclude(
    images: "Images", count: int, *, fail_empty: bool = False, report: "Report | None" = None
) -> ExitCode:
    """Say and report what was wrong with the selection, and return the exit code."""
    if report is not None:
        for problem in images.problems:
            report.add(problem)
    for problem in images.problems[:20]:
        click.echo(f"Warning: {problem.sentence}", err=True)
    if len(images.problems) > 20:
        click.echo(f"Warning: … and {len(images.problems) - 20} more", err=True)
    if images.missed:
        click.echo(
            f"Warning: the archive did not list {images.missed} images it announced", err=True
        )
    if not count:
        click.echo("Nothing was selected.", err=True)
        for line in images.suggestions:
            click.echo(f"Hint: {line}", err=True)
        if fail_empty:
            raise EmptyError("nothing was selected", hint="--fail-empty made this a failure.")
    return ExitCode.PARTIAL if images.problems or images.missed else ExitCode.OK


def warn_of_quirks(images: "Images") -> None:
    """Print what is special about the query, once."""
    for warning in images.warnings:
        click.echo(f"Warning: {warning}", err=True)


fail_empty_option = click.option(
    "--fail-empty", is_flag=True, help="Exit 9 when nothing is selected."
)
serial_option = click.option(
    "--serial", is_flag=True, help="List page after page instead of side by side."
)
