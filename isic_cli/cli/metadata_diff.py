"""`isic metadata diff` and `isic dataset diff`: one command."""

from copy import copy
from pathlib import Path

import click

from isic_cli.cli.command import Command
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LocalPath
from isic_cli.cli.sources import settle
from isic_cli.errors import ExitCode

_DIFFERENCES = Shape(key="isic_id", columns=("change", "isic_id", "field", "old", "new"))


@click.command("diff", cls=Command)
@click.argument("old", type=LocalPath())
@click.argument("new", type=LocalPath())
@click.option("--only", metavar="A,B", help="Compare these fields only.")
@click.option("--ignore", metavar="A,B", help="Do not compare these fields.")
@click.option("--exit-code", is_flag=True, help="Exit 7 when there is a difference.")
@output_options()
def diff(
    old: Path,
    new: Path,
    only: str | None,
    ignore: str | None,
    exit_code: bool,
    output: Output,
) -> ExitCode:
    """Tell which images were added, withdrawn or relabelled, field by field.

    OLD and NEW are tables of any kind, folders or locks. 30 and 30.0, True and true, absent and
    empty are the same. Between two folders every metadata field is compared; a lock alone knows
    credit, lesion, patient and file of an image.

    isic metadata diff old/ out/ --only diagnosis_3
    """
    from isic_cli.services.dataset.compare import compare

    compared = compare(old, new, only=_names(only) if only else None, ignore=_names(ignore or ""))
    found = compared.difference
    output.write(found.rows(), _DIFFERENCES)
    relabelled = len({change.isic_id for change in found.changes})
    by_field = ", ".join(f"{name} {count:,}" for name, count in found.by_field.items())
    click.echo(
        f"{len(found.added):,} added, {len(found.withdrawn):,} withdrawn, "
        f"{relabelled:,} relabelled{f' ({by_field})' if by_field else ''}, "
        f"{found.unchanged:,} unchanged.",
        err=True,
    )
    code = settle(compared.problems)
    return ExitCode.CHECK if exit_code and found else code


#: The same command beside the others that look at a download folder.
dataset_diff = copy(diff)
dataset_diff.examples = ["isic dataset diff old/ out/"]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
