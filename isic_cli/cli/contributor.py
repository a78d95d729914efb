"""`isic contributor`: list and show whom one may contribute for."""

import click

from isic_cli.cli.context import Run, pass_run, web_option
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import Count
from isic_cli.errors import ExitCode

CONTRIBUTORS = Shape(
    key="id",
    columns=(
        "id",
        "institution_name",
        "institution_url",
        "default_copyright_license",
        "default_attribution",
    ),
)


@click.group(cls=LazyGroup)
def contributor() -> None:
    """List and show the institutions that you may contribute for; needs a login."""


@contributor.command("list")
@output_options(limit=True)
@pass_run
def list_contributors(run: Run, output: Output) -> ExitCode:
    """List your contributors, the newest first.

    isic contributor list
    """
    with run.open() as api:
        rows = (one.model_dump(mode="json", exclude_none=True) for one in api.contributors())
        count = output.write(rows, CONTRIBUTORS)
    if not count:
        click.echo("You have no contributor; the archive's website makes one.", err=True)
    return ExitCode.OK


@contributor.command("show")
@click.argument("contributor_id", type=Count())
@output_options()
@web_option
@pass_run
def show_contributor(run: Run, contributor_id: int, output: Output, web: bool) -> ExitCode:
    """Show one contributor, with its cohorts and how many uploads they have.

    isic contributor show 1
    """
    with run.open() as api:
        row = api.contributor(contributor_id).model_dump(mode="json")
    if web:
        run.show_page(f"upload/select-or-create-cohort/{contributor_id}")
    else:
        output.write([row], Shape(key="id", columns=tuple(row)))
    return ExitCode.OK
