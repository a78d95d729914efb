"""Rows of the listings, and what a command says about a selection that has problems."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.formats import Row, all_known, unknown_field
from isic_cli.cli.output import Shape
from isic_cli.errors import EmptyError, ExitCode

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
    key="id",
    columns=("id", "name", "public", "pinned", "locked", "doi", "description"),
    more=("doi_url",),
)


def image_rows(records: "Iterable[ImageRecord]", fields: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yield a flat row per image: the metadata, or just the fields that were asked for.

    Raises
    ------
    UsageError
        No image has a field that the data dictionary does not have either. One that the archive
        is to add is not a mistake: it is known by its first value.
    """
    if not fields:
        return (record.row() for record in records)
    known = known_fields()
    missing = [name for name in fields if name not in known]
    return all_known((_chosen(one, fields, missing) for one in records), fields, known)


def _chosen(record: "ImageRecord", fields: Iterable[str], missing: list[str]) -> dict[str, Any]:
    """Return some fields of a record; one that nobody knows only where it has a value."""
    row = {name: record.field(name) for name in fields}
    for name in missing:
        if row[name] is None:
            del row[name]
    return row | {"isic_id": record.isic_id}


def known_fields() -> set[str]:
    """Return the fields of an image that the data dictionary has, and those of its files."""
    from isic_cli.models.image import FILE_FIELDS, LEADING_COLUMNS
    from isic_cli.query.fields import FIELDS, UNSEARCHABLE

    return {*FIELDS, *FILE_FIELDS, *LEADING_COLUMNS, *UNSEARCHABLE, "public"}


def check_fields(fields: Iterable[str], records: "Sequence[ImageRecord]") -> None:
    """Refuse fields that neither the data dictionary nor one of the images has.

    Raises
    ------
    UsageError
        With the nearest name that there is.
    """
    known = known_fields()
    for name in fields:
        if name not in known and all(record.field(name) is None for record in records):
            raise unknown_field(name, known)


#: What to try where no term of a query is to blame.
_WIDER = "an image must meet every option; leave one out, or count with isic metadata stats"


def none_found(thing: str, hint: str, *, fail_empty: bool) -> None:
    """Say that a list is empty and what to do.

    Raises
    ------
    EmptyError
        With `--fail-empty`.
    """
    if fail_empty:
        raise EmptyError(f"no {thing} was selected", hint=hint)
    click.echo(f"No {thing} was selected.\nHint: {hint}", err=True)


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
        for line in images.suggestions or (_WIDER,):
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
