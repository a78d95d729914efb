"""`isic challenge truth`."""

from pathlib import Path

import click

from isic_cli.cli.command import Command
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LOCAL_PATH
from isic_cli.errors import ExitCode


@click.command("truth", cls=Command)
@click.argument("name", metavar="YEAR:TASK")
@click.argument("sources", nargs=-1, required=True, type=LOCAL_PATH, metavar="SOURCE…")
@output_options(default="csv")
def truth(name: str, sources: tuple[Path, ...], output: Output) -> ExitCode:
    """Bring the truth of a challenge into one tidy table, whatever its year's layout.

    Sources are tables of the truth, a folder that holds them, or folders or ZIPs of masks; tables
    of lesions and of metadata beside them add their columns. A row has the id as it stands, the
    ISIC id, the label by its name, a column of 0 and 1 for each class, the weights of the score,
    and the split that the name of the file tells.

    isic challenge truth 2018:3 truth.csv -o labels.csv
    """
    from isic_cli.challenge.tasks import find_task
    from isic_cli.services.challenge.truth import tidy_truth

    table = tidy_truth(find_task(name), sources)
    count = output.write(table.rows, Shape(key=table.columns[0], columns=table.columns))
    click.echo(f"{count:,} rows of {', '.join(table.files)}.", err=True)
    return ExitCode.OK
