"""`isic accession upload`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.outcome import Fold, reported
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LocalPath
from isic_cli.cli.progress import Progress, human_bytes
from isic_cli.cli.writing import WriteChoice, write_options
from isic_cli.errors import ExitCode
from isic_cli.models.names import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from isic_cli.models.contribution import Cohort
    from isic_cli.models.outcomes import Outcome
    from isic_cli.services.upload.plan import UploadPlan

UPLOADS = Shape(key="accession", columns=("file", "status", "accession", "bytes", "reason"))


@click.group(cls=LazyGroup)
def accession() -> None:
    """Upload images to a cohort; needs a login."""


@accession.command("upload")
@click.argument("cohort", metavar="COHORT")
@click.argument("paths", nargs=-1, required=True, type=LocalPath(), metavar="FILE|FOLDER…")
@click.option(
    "--metadata",
    "metadata_csv",
    type=LocalPath(),
    metavar="CSV",
    help="The metadata of each file, by its column filename; checked before a byte is sent.",
)
@write_options
@output_options()
@pass_run
def upload(
    run: Run,
    cohort: str,
    paths: tuple[Path, ...],
    metadata_csv: Path | None,
    writing: WriteChoice,
    output: Output,
) -> ExitCode:
    """Upload pictures to COHORT, by its id or its name.

    A file that the cohort has already is reported as present, so that the same command can be
    run again after a failure.

    isic accession upload 1 photos/ --metadata upload.csv --dry-run
    """
    from isic_cli.services.upload.plan import plan_upload
    from isic_cli.services.upload.send import Uploader, find_cohort, upload_row

    with reported(writing.report_file) as report, run.open() as api:
        plan = plan_upload(paths, metadata_csv)
        chosen = find_cohort(api, cohort)
        _report_plan(plan, chosen, dry_run=writing.dry_run)
        if writing.dry_run:
            return ExitCode.OK
        with Progress("uploading", "files", mode=writing.progress, total=len(plan.files)) as ticker:
            uploader = Uploader.open(api, chosen, _counting(ticker))
            fold = Fold(report, ticker)
            output.write(map(upload_row, _folded(uploader.run(plan), fold)), UPLOADS)
        report.summarize(exit_code=int(fold.code))
    return fold.code


def _counting(ticker: Progress) -> Any:
    def advance(count: int) -> None:
        ticker.bytes += count

    return advance


def _report_plan(plan: "UploadPlan", cohort: "Cohort", *, dry_run: bool) -> None:
    files = f"{counted(len(plan.files), 'file')}, {human_bytes(plan.bytes)}"
    verb = "Would upload" if dry_run else "Uploading"
    click.echo(f"{verb} {files}, to cohort {cohort.id} ({cohort.name}).", err=True)
    if plan.unused:
        rows = counted(plan.unused, "row")
        click.echo(f"Warning: {rows} of metadata without a file given here", err=True)


def _folded(outcomes: "Iterable[Outcome]", fold: Fold) -> "Iterator[Outcome]":
    for one in outcomes:
        fold.add(one)
        yield one
    fold.finish()
