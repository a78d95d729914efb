"""`isic cohort` and `isic contributor`: what one may upload to, and for whom."""

from collections.abc import Iterable
from typing import Any

import click

from isic_cli.cli.context import Run, pass_run, web_option
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import Count
from isic_cli.errors import ExitCode

_DEFAULTS = ("default_copyright_license", "default_attribution")
COHORTS = Shape(key="id", columns=("id", "name", "contributor", "accession_count", *_DEFAULTS))
CONTRIBUTORS = Shape(key="id", columns=("id", "institution_name", "institution_url", *_DEFAULTS))


@click.group(cls=LazyGroup)
def cohort() -> None:
    """List and show the cohorts that you may upload to; needs a login."""


@click.group(cls=LazyGroup)
def contributor() -> None:
    """List and show the institutions that you may contribute for; needs a login."""


@cohort.command("list")
@output_options(limit=True)
@pass_run
def list_cohorts(run: Run, output: Output) -> ExitCode:
    """List your cohorts, the newest first, with their uploads, licence and attribution.

    isic cohort list
    """
    with run.open() as api:
        return _list(api.cohorts(), output, COHORTS, "cohort")


@contributor.command("list")
@output_options(limit=True)
@pass_run
def list_contributors(run: Run, output: Output) -> ExitCode:
    """List your contributors, the newest first.

    isic contributor list
    """
    with run.open() as api:
        return _list(api.contributors(), output, CONTRIBUTORS, "contributor")


def _list(found: Iterable[Any], output: Output, shape: Shape, thing: str) -> ExitCode:
    rows = (one.model_dump(mode="json", exclude_none=thing == "contributor") for one in found)
    if not output.write(rows, shape):
        click.echo(f"You have no {thing}; the archive's website makes one.", err=True)
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
        return _show(run, api.cohort(cohort_id), output, web and f"upload/{cohort_id}/files")


@contributor.command("show")
@click.argument("contributor_id", type=Count())
@output_options()
@web_option
@pass_run
def show_contributor(run: Run, contributor_id: int, output: Output, web: bool) -> ExitCode:
    """Show one contributor, with its cohorts and how many uploads they have.

    isic contributor show 1
    """
    page = web and f"upload/select-or-create-cohort/{contributor_id}"
    with run.open() as api:
        return _show(run, api.contributor(contributor_id), output, page)


def _show(run: Run, found: Any, output: Output, page: str | bool) -> ExitCode:
    if isinstance(page, str):
        run.show_page(page)
    else:
        row = found.model_dump(mode="json")
        output.write([row], Shape(key="id", columns=tuple(row)))
    return ExitCode.OK
