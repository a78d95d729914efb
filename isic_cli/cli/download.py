"""`isic image download`."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from isic_cli.cli.at_hand import at_hand
from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.options import ids_and_folder, selecting, with_ids
from isic_cli.cli.outcome import Fold, dry_run_option, report_credits, reported
from isic_cli.cli.params import FolderPath, LocalText
from isic_cli.cli.progress import Progress, human_bytes
from isic_cli.cli.rows import conclude, fail_empty_option, serial_option, warn_of_quirks
from isic_cli.cli.terminal import can_ask, confirm, note
from isic_cli.cli.transfer import TransferChoice, transfer_options
from isic_cli.errors import ExitCode, UsageError
from isic_cli.services.download.sidecars import sidecars_written

if TYPE_CHECKING:
    from isic_cli.models.selection import Selection
    from isic_cli.services.download.acquire import Acquisition, PlanSummary
    from isic_cli.services.run.report import Report


@click.command("download", cls=Command)
@selecting(ids=False)
@click.argument("place", nargs=-1, type=LocalText(stores=True), metavar="[ISIC_ID]… OUTDIR")
@click.option("-o", "--output", "outdir", type=FolderPath(), help="The folder, as OUTDIR is.")
@click.option(
    "--variant",
    type=click.Choice(["full", "thumbnail"]),
    default="full",
    show_default=True,
    help="The picture, or its thumbnail of 256 pixels.",
)
@click.option(
    "--layout",
    metavar="PATTERN",
    help="Path of a file, such as '{isic_id:.7}/{isic_id}.{ext}'; recorded in the folder.",
)
@click.option(
    "--cache/--no-cache",
    "cache",
    default=None,
    help="Take what was fetched before from the cache, and add to it. [cache in isic.toml]",
)
@dry_run_option
@click.option("--force", is_flag=True, help="Begin even if the disk looks too small.")
@click.option(
    "-y", "--yes", "--all", "yes", is_flag=True, help="Take the whole archive without a question."
)
@transfer_options
@serial_option
@fail_empty_option
@pass_run
def download(
    run: Run,
    /,
    selection: "Selection",
    place: tuple[str, ...],
    outdir: Path | str | None,
    variant: Literal["full", "thumbnail"],
    layout: str | None,
    cache: bool | None,
    dry_run: bool,
    force: bool,
    yes: bool,
    transfer: TransferChoice,
    serial: bool,
    fail_empty: bool,
) -> ExitCode:
    """Download images into OUTDIR, with metadata.csv, attribution.txt and licenses/.

    What is there and good is not fetched again; one failure never stops the rest. Exit code 3:
    some images failed and the rest is good; run the same command again.

    isic image download ISIC_9000002 ISIC_9000012 out/
    isic image download -s 'diagnosis_1:Malignant' --license cc-by out/
    isic image download --from ids.txt --report run.jsonl out/
    """
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.download.acquire import Acquisition

    named, target = ids_and_folder(place, outdir)
    selection = with_ids(selection, named)
    with (
        reported(transfer.report_file) as report,
        at_hand(target, transfer.progress, writable=not dry_run) as here,
        transfer.open(run, cache=cache) as api,
    ):
        chosen = transfer.download(api.settings, here.folder, variant=variant, layout=layout)
        job = Acquisition(api, selection, chosen, parallel_pages=1 if serial else 8)
        warn_of_quirks(job.images)
        job.hold()
        if dry_run:
            return _show_plan(job, target, report)
        if selection.is_everything:
            confirm_everything(job, yes=yes)
        if not force:
            job.check_space()
        report.tell_files(here.finished)
        with folder_lock(here.folder, wait=transfer.wait):
            code = fetch_images(job, report, transfer.progress)
        count = sum(report.counts.values())
        code = max(code, conclude(job.images, count, fail_empty=fail_empty, report=report))
        report.summarize(exit_code=int(code))
    return code


def confirm_everything(job: "Acquisition", *, yes: bool) -> None:
    """Say that it is the whole archive and how much that is; take it only when told so.

    Raises
    ------
    UsageError
        Where nobody can be asked, as in a cron job, and `--all` was not given.
    """
    size = job.images.size()
    volume = f", about {human_bytes(size)}" if size is not None else ""
    note(f"This is the whole archive: {job.total():,} images{volume}.")
    if yes:
        return
    if not can_ask():
        raise UsageError(
            "nothing was selected, and nobody can be asked whether all of it is meant",
            hint="Add --all to take the whole archive, or select: -s, -c, --from, ISIC ids.",
        )
    confirm("Download all of it?")


def _show_plan(job: "Acquisition", outdir: Path | str, report: "Report") -> ExitCode:
    plan = job.plan()
    for line in plan_lines(plan):
        click.echo(line)
    note(f"Nothing was touched in {outdir}.")
    code = conclude(job.images, sum(plan.actions.values()), report=report)
    report.summarize(exit_code=int(code))
    return code


def plan_lines(plan: "PlanSummary") -> list[str]:
    """Return what would be done, in a few lines."""
    actions = plan.actions
    unknown = f" and {plan.unknown} files of unknown size" if plan.unknown else ""
    return [
        f"{'images':<10}{sum(actions.values()):>10}",
        *(
            f"{name:<10}{actions[name]:>10}"
            for name in ("fetch", "resume", "replace", "skip", "refuse")
        ),
        f"{'bytes':<10}{plan.bytes:>10}  ({human_bytes(plan.bytes)}){unknown}",
    ]


def fetch_images(job: "Acquisition", report: "Report", mode: str) -> ExitCode:
    """Run a download with its progress, and say what became of it."""
    with Progress("downloading", "images", mode=mode, total=job.total()) as ticker:
        fold = Fold(report, ticker)
        with sidecars_written(job.write_sidecars):
            fold.take_all(job.run())
    fold.finish()
    fold.summarize()
    report_credits(job.credits)
    return ExitCode.PARTIAL if report.counts.get("failed") else ExitCode.OK
