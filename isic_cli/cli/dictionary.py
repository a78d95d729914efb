"""`isic metadata fields` and `validate`: the data dictionary, and its rules."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LocalPath
from isic_cli.errors import ExitCode
from isic_cli.models.names import counted

if TYPE_CHECKING:
    from isic_cli.services.upload.dictionary import Terms, Tree
    from isic_cli.services.upload.validate import ValidationReport

FINDINGS = Shape(key="field", columns=("kind", "field", "message", "count", "rows"))

#: Rows named in a table; the other formats have all.
_SHOWN = 5


@click.command("fields", cls=Command)
@click.option(
    "--tree",
    type=click.Choice(["diagnosis", "anatom_site"]),
    help="The terms of a hierarchy instead, each below the one that contains it.",
)
@output_options()
@pass_run
def fields(run: Run, tree: "Tree | None", output: Output) -> ExitCode:
    """List the metadata fields and the values that they may have.

    With an index (isic cache refresh) also how many images have each.

    isic metadata fields --fields field,kind,values
    """
    from isic_cli.models.dictionary import dictionary_words
    from isic_cli.services.upload.dictionary import field_rows, known_terms, tree_rows

    terms = known_terms(run.settings())
    click.echo(f"Values and terms: {dictionary_words()}.", err=True)
    if tree is None:
        also = ("images",) if terms is not None else ()
        columns = ("field", "group", "kind", "searchable", *also, "values")
        output.write(field_rows(terms), Shape(key="field", columns=columns))
    else:
        _write_tree(tree_rows(tree, terms), terms, output)
    return ExitCode.OK


def _write_tree(rows: "Iterable[dict[str, Any]]", terms: "Terms | None", output: Output) -> None:
    if output.resolved_format() != "table" or output.fields:
        columns = ("path", "field", "term", "level", *(("images",) if terms is not None else ()))
        output.write(rows, Shape(key="path", columns=columns))
        return
    with output.opened() as stream:
        for row in rows:
            count = f"{row['images']:>9,}  " if "images" in row else ""
            stream.write(f"{count}{'  ' * (row['level'] - 1)}{row['term']}\n")


@click.command("validate", cls=Command)
@click.argument("csv_file", type=LocalPath(), metavar="CSV")
@output_options()
def validate(csv_file: Path, output: Output) -> ExitCode:
    """Check a metadata CSV with the archive's own rules, before it is uploaded.

    Every fault of every row, of the rows together, and of the file as a whole, grouped by field
    and message, with the numbers of the rows as a spreadsheet counts them. A column that the
    archive does not know is named but is not an error. Exit code 7 when the archive would refuse
    the file.

    isic metadata validate upload.csv
    """
    from isic_cli.services.upload.validate import validate_file

    report = validate_file(csv_file)
    is_table = output.resolved_format() == "table"
    rows = (_shortened(one.row()) if is_table else one.row() for one in report.findings)
    output.write(rows, FINDINGS)
    _report(report, csv_file)
    return ExitCode.CHECK if report.errors else ExitCode.OK


def _shortened(row: dict[str, Any]) -> dict[str, Any]:
    numbers = ", ".join(map(str, row["rows"][:_SHOWN]))
    return row | {"rows": numbers + (", …" if row["count"] > _SHOWN else "")}


def _report(report: "ValidationReport", csv_file: Path) -> None:
    from isic_cli.models.dictionary import dictionary_words

    errors = report.errors
    unknown = len(report.findings) - len(errors)
    words = f"{counted(len(errors), 'kind')} of error" if errors else "no error"
    columns = f", {counted(unknown, 'unknown column')}" if unknown else ""
    click.echo(f"{csv_file}: {counted(report.rows, 'row')}, {words}{columns}.", err=True)
    click.echo(f"Rules: {dictionary_words()}.", err=True)
