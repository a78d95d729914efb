"""`isic image download`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.options import selection_options
from isic_cli.cli.progress import Progress, human_bytes
from isic_cli.cli.rows import conclude, fail_empty_option, serial_option, warn_of_quirks
from isic_cli.cli.transfer import download_options, network_options, transfer_options
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.models.selection import Selection
    from isic_cli.services.acquire import Acquisition, PlanSummary
    from isic_cli.services.download.events import DownloadEvent, Finished, Skipped
    from isic_cli.services.report import Report

#: Warnings about single images shown on the terminal; the report has all of them.
_SHOWN = 10


@click.command("download")
@selection_options
@click.argument("outdir", type=click.Path(path_type=Path))
@click.option(
    "--variant", type=click.Choice(["full", "thumbnail"]), default="full", show_default=True
)
@click.option(
    "--layout",
    metavar="PATTERN",
    help="Path of a file, such as '{isic_id:.7}/{isic_id}.{ext}'; recorded in the folder.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; touch nothing.")
@click.option("--force", is_flag=True, help="Begin even if the disk looks too small.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before the whole archive.")
@transfer_options
@serial_option
@fail_empty_option
@pass_run
def download(
    run: Run,
    /,
    selection: "Selection",
    outdir: Path,
    dry_run: bool,
    report_file: Path | None,
    **options: Any,
) -> ExitCode:
    """Download images into OUTDIR, with metadata.csv, attribution.txt and licenses/.

    What is there and good is not fetched again; one failure never stops the rest. Exit code 3:
    some images failed and the rest is good; run the same command again.
    """
    from isic_cli.services.acquire import Acquisition
    from isic_cli.services.download.runlock import FolderLock
    from isic_cli.services.report import Report

    with run.open(**network_options(options)) as api:
        chosen = download_options(api.settings, outdir, options)
        job = Acquisition(api, selection, chosen, lanes=1 if options["serial"] else 8)
        warn_of_quirks(job.images)
        job.hold()
        if dry_run:
            return _show_plan(job, outdir)
        if selection.is_everything:
            _confirm_everything(job, yes=options["yes"])
        if not options["force"]:
            job.check_space()
        with FolderLock(outdir, wait=options["wait"]), Report(report_file) as report:
            code = fetch_images(job, report, options["progress"])
            report.summarize(exit_code=int(code))
    selected = sum(report.counts.values())
    return max(code, conclude(job.images, selected, fail_empty=options["fail_empty"]))


def _confirm_everything(job: "Acquisition", *, yes: bool) -> None:
    """Say that it is the whole archive, how much that is, and ask a person."""
    import sys

    size = job.images.size()
    volume = f", about {human_bytes(size)}" if size is not None else ""
    click.echo(f"This is the whole archive: {job.total():,} images{volume}.", err=True)
    if not yes and sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm("Download all of it?", abort=True, err=True)


def _show_plan(job: "Acquisition", outdir: Path) -> ExitCode:
    plan = job.plan()
    for line in _plan_lines(plan):
        click.echo(line)
    click.echo(f"Nothing was touched in {outdir}.", err=True)
    return conclude(job.images, sum(plan.actions.values()))


def _plan_lines(plan: "PlanSummary") -> list[str]:
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
        fold = _Fold(report, ticker)
        try:
            for event in job.run():
                fold.take(event)
        finally:
            # Whatever ended the run: the tables and the lock describe what is on disk.
            job.write_sidecars()
            job.write_lock()
    fold.finish()
    _summarize(job, report, ticker)
    return ExitCode.PARTIAL if report.counts.get("failed") else ExitCode.OK


class _Fold:
    """Folds events into the report, the counters and a few lines for the reader."""

    def __init__(self, report: "Report", ticker: Progress) -> None:
        self._report = report
        self._ticker = ticker
        self._flying: dict[str, int] = {}
        self._said = 0

    def take(self, event: "DownloadEvent") -> None:
        """Fold one event."""
        from isic_cli.services.download.events import Advanced, Failed, Finished, Skipped

        match event:
            case Advanced():
                self._flying[event.isic_id] = self._flying.get(event.isic_id, 0) + event.bytes
                self._ticker.bytes += event.bytes
            case Finished():
                self._finished(event)
            case Skipped():
                self._item(event, "skipped", reason=event.reason, sha256=event.sha256)
                self._ticker.advance()
            case Failed():
                self._report.item(
                    event.isic_id,
                    "failed",
                    reason=event.reason,
                    bytes=event.bytes,
                    attempts=event.attempts,
                )
                self._ticker.advance(bytes=-self._flying.pop(event.isic_id, 0), failed=True)
                self._say(f"Failed: {event.isic_id}: {event.reason}")

    def finish(self) -> None:
        """Say how many lines were left out."""
        if self._said > _SHOWN:
            click.echo(f"… and {self._said - _SHOWN} more; --report FILE has them all.", err=True)

    def _finished(self, event: "Finished") -> None:
        self._item(
            event,
            "downloaded",
            reason="; ".join(event.warnings) or None,
            seconds=round(event.seconds, 3),
            attempts=event.attempts,
            sha256=event.sha256,
        )
        # What was counted while it arrived is not counted twice.
        self._ticker.advance(bytes=event.bytes - self._flying.pop(event.isic_id, 0))
        for text in event.warnings:
            self._say(f"Warning: {event.isic_id}: {text}")

    def _item(self, event: "Finished | Skipped", status: str, **values: Any) -> None:
        self._report.item(event.isic_id, status, bytes=event.bytes, path=event.path, **values)

    def _say(self, line: str) -> None:
        self._said += 1
        if self._said <= _SHOWN:
            click.echo(line, err=True)


def _summarize(job: "Acquisition", report: "Report", ticker: Progress) -> None:
    counts = report.counts
    parts = [
        f"{counts.get('downloaded', 0):,} downloaded ({human_bytes(ticker.bytes)})",
        f"{counts.get('skipped', 0):,} already there",
    ]
    if counts.get("failed"):
        parts.append(f"{counts['failed']:,} FAILED")
    click.echo(f"{sum(counts.values()):,} images: {', '.join(parts)}.", err=True)
    if job.credits.own:
        click.echo(
            f"Attribution: the image's own for {job.credits.own:,}, "
            f"the archive's default for {job.credits.default:,}.",
            err=True,
        )
