"""`isic dataset verify`: whether what is there is what was downloaded."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.executor import executor_options
from isic_cli.cli.outcome import Fold, reported
from isic_cli.cli.params import LocalPath
from isic_cli.cli.progress import Progress
from isic_cli.cli.terminal import note
from isic_cli.cli.transfer import TransferChoice, transfer_options
from isic_cli.errors import ExitCode
from isic_cli.services.download.sidecars import sidecars_written

if TYPE_CHECKING:
    from isic_cli.models.outcomes import Outcome
    from isic_cli.services.dataset.lock import Lock
    from isic_cli.services.run.report import Report
    from isic_cli.services.run.workers import ExecutorSpec

_SHOWN = 20


@click.command("verify", cls=Command)
@click.argument("folder", type=LocalPath(file_okay=False))
@click.option("--deep", is_flag=True, help="Read every file anew, and decode it to the last row.")
@click.option("--repair", is_flag=True, help="Fetch again what is missing or changed.")
@executor_options(jobs=False)
@transfer_options
@pass_run
def verify(
    run: Run,
    /,
    folder: Path,
    deep: bool,
    repair: bool,
    executor: "ExecutorSpec",
    transfer: TransferChoice,
) -> ExitCode:
    """Compare every file of FOLDER with size and SHA-256 of the lock; exit 7 on a difference.

    A file that was read and good before, and has the same size and times since, is not read
    again. With --repair the archive is asked for exactly the bytes of the lock.

    isic dataset verify out/ --deep
    """
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.dataset.lock import Lock

    with (
        reported(transfer.report_file) as report,
        Lock(folder) as lock,
        # Whoever only reads waits for no run, and needs no folder that can be written.
        folder_lock(folder, wait=transfer.wait) if repair else nullcontext(),
    ):
        bad = _check(folder, lock, report, transfer.progress, executor, deep=deep)
        for one in bad[:_SHOWN]:
            click.echo(f"{one.status.capitalize()}: {one.path}: {one.reason}", err=True)
        note(f"{len(lock) - len(bad):,} of {len(lock):,} files are good.")
        if bad and repair:
            bad = _repair(run, folder, lock, bad, report, transfer)
        code = ExitCode.CHECK if bad else ExitCode.OK
        report.summarize(exit_code=int(code))
    return code


def _check(
    folder: Path, lock: "Lock", report: "Report", mode: str, executor: "ExecutorSpec", *, deep: bool
) -> "list[Outcome]":
    """Return what is not as the lock says; everything is in the report."""
    from contextlib import closing

    from isic_cli.services.dataset.verify import check_folder
    from isic_cli.services.run.workers import open_workers

    bad = []
    with (
        open_workers(executor) as workers,
        Progress("verifying", "files", mode=mode, total=len(lock)) as ticker,
        closing(check_folder(folder, lock, deep=deep, workers=workers)) as checks,  # type: ignore[type-var]  # it is a generator
    ):
        for checked in checks:
            ticker.advance(bytes=checked.bytes or 0, failed=checked.is_bad)
            report.add(checked)
            if checked.is_bad:
                bad.append(checked)
    return bad


def _repair(
    run: Run,
    folder: Path,
    lock: "Lock",
    bad: "list[Outcome]",
    report: "Report",
    transfer: TransferChoice,
) -> "list[Outcome]":
    """Fetch what can be fetched again; return what is still bad."""
    from isic_cli.services.dataset.rebuild import Rebuilding
    from isic_cli.services.dataset.verify import distrust

    # Bytes as in the lock that do not decode are what the archive has.
    wanted = [one.isic_id for one in bad if one.status != "damaged"]
    distrust(folder, lock, wanted)
    run.archive = run.archive or lock.header.archive
    with transfer.open(run) as api:
        job = Rebuilding(api, lock, transfer.download(api.settings, folder), only=wanted)
        with Progress("repairing", "images", transfer.progress, len(wanted)) as ticker:
            fold = Fold(report, ticker)
            with sidecars_written(job.write_sidecars):
                fold.take_all(job.run())
    fold.finish()
    fold.summarize()
    for one in job.differences:
        report.add(one)
    return [one for one in bad if one.isic_id not in job.restored]
