"""`isic image similar`."""

import click

from isic_cli.cli.command import Command, renamed
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import Number
from isic_cli.cli.rows import IMAGES, fail_empty_option
from isic_cli.errors import EmptyError, ExitCode, UsageError

SIMILAR = Shape(
    key="isic_id",
    columns=("isic_id", "distance", *IMAGES.columns[1:]),
    leading=("isic_id", "distance", *IMAGES.leading[1:]),
)


@click.command("similar", cls=Command)
@click.argument("isic_id", metavar="ISIC_ID")
@renamed(
    "-n",
    "-l",
    "--limit",
    "number",
    type=click.IntRange(1, 50),
    default=10,
    show_default=True,
    help="How many.",
)
@click.option("--max-distance", type=Number(min=0), help="Only those as near as this.")
@output_options()
@fail_empty_option
@pass_run
def similar(
    run: Run,
    isic_id: str,
    number: int,
    max_distance: float | None,
    output: Output,
    fail_empty: bool,
) -> ExitCode:
    """List the images most like one, the nearest first; needs a login.

    The distance is the archive's own, between the embeddings of two images.

    isic image similar ISIC_9000002 -l 5
    """
    from isic_cli.models.ids import find_ids

    found = find_ids(isic_id)
    if len(found) != 1:
        raise UsageError(f"{isic_id!r} is not an ISIC id", hint="It looks like ISIC_0000000.")
    with run.open() as api:
        near = [
            one
            for one in api.similar(found[0], limit=number)
            if max_distance is None or one.distance <= max_distance
        ]
    count = output.write(({"distance": one.distance} | one.row() for one in near), SIMILAR)
    if not count:
        click.echo(f"No image is known to be like {found[0]}.", err=True)
        if fail_empty:
            raise EmptyError("no similar image")
    return ExitCode.OK
