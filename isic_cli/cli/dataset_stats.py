"""`isic dataset stats`."""

from pathlib import Path

import click

from isic_cli.cli.command import Command
from isic_cli.cli.complete import complete_scheme
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LOCAL_TEXT, LocalPath
from isic_cli.cli.sources import report_problems, source_argument
from isic_cli.errors import ExitCode

_COUNTS = Shape(key="value", columns=("section", "value", "count", "percent"))


@click.command("stats", cls=Command)
@source_argument()
@click.option(
    "--label",
    type=LOCAL_TEXT,
    metavar="SCHEME",
    shell_complete=complete_scheme,
    help="Also count the labels of a challenge.",
)
@click.option("--plot", type=LocalPath(), metavar="FILE", help="Draw it: .png, .svg or .pdf.")
@output_options()
@pass_run
def stats(run: Run, source: Path, label: str | None, plot: Path | None, output: Output) -> ExitCode:
    """Count classes, ages, sites, sizes and licences of a table or a folder.

    isic dataset stats out/ --label isic2019
    isic dataset stats out/ --plot stats.svg
    """
    from isic_cli.services.dataset.label import label_scheme
    from isic_cli.services.opening import opened_folder
    from isic_cli.services.stats.dataset import describe

    if plot is not None:
        from isic_cli.services.plot import check_plot

        check_plot(plot)
    scheme = label_scheme(label) if label else None
    with opened_folder(source, run.settings().cache_dir) as index:
        found = describe(source, scheme=scheme, index=index)
    if plot is not None:  # first: whoever reads the rows may stop, as `head` does
        from isic_cli.services.stats.chart import draw_stats

        draw_stats(found, plot, title=source.resolve().name)
    output.write(found.rows(), _COUNTS)
    return report_problems(found.table.problems)
