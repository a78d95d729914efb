"""`isic cohort`: list and show what one may upload to."""

import click

from isic_cli.cli.context import Run, pass_run, web_option
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import Count
from isic_cli.errors import ExitCode

COHORTS = Shape(
    key="id",
    columns=(
        "id",
        "name",
        "contributor",
        "accession_count",
        "default_copyright_license",
        "default_attribution",
    ),
)


@click.group(cls=LazyGroup)
def cohort() -> None:
    """List and show the cohorts that you may upload to; needs a login."""


@cohort.command("list")
@output_options(limit=True)
@pass_run
def list_cohorts(run: Run, output: Output) -> ExitCode:
    """List your cohorts, the newest first, with their uploads, licence and attribution.

    isic cohort list
    """
    with run.open() as api:
        count = output.write((one.model_dump(mode="json") for one in api.cohorts()), COHORTS)
    if not count:
        click.echo("You have no cohort; the archive's website makes one.", err=True)
    return ExitCode.OK


@cohort.command("show")
@click.argument("cohort_id", type=Count())
@output_options()
@web_option
@pass_run
def show_cohort(run: Run, cohort_id: int, output: Output, web: bool) -> ExitCode:
    """Show one cohort.

    isic cohort show 1
    """
    with run.open() as api:
        row = api.cohort(cohort_id).model_dump(mode="json")
    if web:
        run.show_page(f"upload/{cohort_id}/files")
    else:
        output.write([row], Shape(key="id", columns=tuple(row)))
    return ExitCode.OK
