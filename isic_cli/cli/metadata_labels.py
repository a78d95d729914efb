"""`isic metadata labels`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command, renamed
from isic_cli.cli.complete import complete_scheme
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.options import selecting
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LOCAL_TEXT
from isic_cli.cli.rows import IMAGES, conclude, warn_of_quirks
from isic_cli.cli.sources import report_problems, source_argument, warn
from isic_cli.errors import ExitCode, UsageError
from isic_cli.models.names import counted

if TYPE_CHECKING:
    from isic_cli.models.selection import Selection
    from isic_cli.services.dataset.label import Labelling


@click.command("labels", cls=Command)
@source_argument(required=False)
@selecting(beside="source")
@click.option(
    "--scheme",
    type=LOCAL_TEXT,
    metavar="NAME|FILE",
    shell_complete=complete_scheme,
    help="isic2016 to isic2020, isic2024, ham10000, milk10k, or a CSV table of your own.",
)
@click.option("--one-hot", is_flag=True, help="One column for each label; empty when unmapped.")
@click.option("--explain", is_flag=True, help="The rule that decided, what it rests on, and why.")
@renamed(
    "--to",
    "--translate",
    "to",
    type=click.Choice(["tree"]),
    help="Translate other columns (diagnosis, iddx_full, dx, one-hot …) to diagnosis_1 … 5.",
)
@click.option("--column", default="label", show_default=True, help="Where the label goes.")
@output_options(default="csv")
@pass_run
def labels(
    run: Run,
    /,
    source: Path | None,
    selection: "Selection",
    scheme: str | None,
    one_hot: bool,
    explain: bool,
    to: str | None,
    column: str,
    output: Output,
) -> ExitCode:
    """Add the label that a challenge gives each diagnosis.

    Reads a table or a folder, or else a selection of the archive. A diagnosis that the challenge
    has no label for is `unmapped`, never something else.

    isic metadata labels out/ --scheme isic2019 -o labels.csv
    """
    from isic_cli.models.selection import Selection
    from isic_cli.services.dataset.label import Labelling, label_scheme

    if scheme is None and to is None:
        raise UsageError("nothing to add", hint="Give --scheme, or --translate, or both.")
    if one_hot and scheme is None:
        raise UsageError("--one-hot needs --scheme")
    labelling = Labelling(
        scheme=label_scheme(scheme) if scheme else None,
        column=column,
        one_hot=one_hot,
        explain=explain,
        tree=to == "tree",
    )
    if source is None:
        code = _label_selection(run, selection, labelling, output)
    elif selection != Selection():
        raise UsageError("give a table or a selection, not both")
    else:
        code = _label_table(source, labelling, output)
    _say(labelling)
    return code


def _label_table(source: Path, labelling: "Labelling", output: Output) -> ExitCode:
    from isic_cli.services.tabular import open_table

    table = open_table(source)
    warn(labelling.check(table.columns, name=table.name))
    columns = tuple(dict.fromkeys((*table.own_columns, *labelling.added)))
    output.write(table.whole(labelling.apply), Shape(key="isic_id", columns=columns))
    return report_problems(table.problems)


def _label_selection(
    run: Run, selection: "Selection", labelling: "Labelling", output: Output
) -> ExitCode:
    from isic_cli.services.select.live import opened

    with opened(run.settings(), selection) as images:
        warn_of_quirks(images)
        rows = labelling.apply(record.row() for record in images.records("by_id"))
        shape = Shape(
            key="isic_id",
            columns=("isic_id", "diagnosis_1", "diagnosis_3", *labelling.added),
            leading=IMAGES.leading,
        )
        count = output.write(rows, shape)
        return conclude(images, count)


def _say(labelling: "Labelling") -> None:
    """Say what came out: labels by count, unmapped ones last."""
    warn([f"{counted(count, 'row')}: {note}" for note, count in labelling.notes.most_common()])
    scheme = labelling.scheme
    if scheme is None:
        return
    counts = dict(labelling.counts)
    unmapped = counts.pop("unmapped", 0)
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    parts = [f"{label} {count:,}" for label, count in ordered] + [f"unmapped {unmapped:,}"]
    click.echo(f"{scheme.name}, table version {scheme.version}: {', '.join(parts)}.", err=True)
