"""`isic metadata fields`: the data dictionary."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.services.upload.dictionary import Terms, Tree


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
        counted = ("images",) if terms is not None else ()
        columns = ("field", "group", "kind", "searchable", *counted, "values")
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
