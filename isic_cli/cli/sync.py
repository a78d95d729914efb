"""`isic dataset sync`: what a cron job calls."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.at_hand import at_hand
from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.download import plan_lines
from isic_cli.cli.outcome import Fold, dry_run_option, report_credits, reported
from isic_cli.cli.params import Count, FolderPath
from isic_cli.cli.progress import Progress
from isic_cli.cli.terminal import note
from isic_cli.cli.transfer import TransferChoice, transfer_options
from isic_cli.errors import ExitCode, UsageError
from isic_cli.models.names import counted
from isic_cli.services.download.sidecars import sidecars_written

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi
    from isic_cli.models.outcomes import Outcome
    from isic_cli.services.dataset.lock import Lock
    from isic_cli.services.dataset.rebuild import Rebuilding
    from isic_cli.services.download.options import DownloadOptions
    from isic_cli.services.run.report import Report

#: Lines about single images shown on the terminal; the report has all of them.
_SHOWN = 10
#: Characters of a line about one image; the report has all of it.
_WIDTH = 160


@click.command("sync", cls=Command)
@click.argument("folder", type=FolderPath())
@click.option("--locked", is_flag=True, help="Rebuild exactly what the lock says, or exit 7.")
@click.option("--delete", is_flag=True, help="Delete files of images that left the selection.")
@click.option(
    "--max-delete",
    type=Count(0),
    default=100,
    show_default=True,
    metavar="N",
    help="With --delete: when more images left, delete nothing and exit 7.",
)
@dry_run_option
@transfer_options
@pass_run
def sync(
    run: Run,
    /,
    folder: Path | str,
    locked: bool,
    delete: bool,
    max_delete: int,
    dry_run: bool,
    transfer: TransferChoice,
) -> ExitCode:
    """Run the recorded selections of FOLDER again: fetch what is new or changed.

    Tells which metadata changed, from what to what; `isic dataset log` lists the states that are
    kept. Images that the archive withdrew are reported, and stay until --delete. With --locked
    the archive is not searched: the files are those of isic.lock, which stays as it is, and any
    difference makes the exit code 7.

    isic dataset sync out/
    isic dataset sync out/ --locked --progress plain
    """
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.dataset.lock import Lock

    if locked and delete:
        raise UsageError("--locked deletes nothing", hint="Leave --delete out.")
    if locked and dry_run:
        raise UsageError("--locked has no dry run", hint="isic dataset verify tells what differs.")
    with (
        reported(transfer.report_file) as report,
        at_hand(folder, transfer.progress, writable=not dry_run) as here,
        Lock(here.folder) as lock,
    ):
        _take_archive(run, lock, delete=delete)
        with (
            transfer.open(run) as api,
            folder_lock(here.folder, wait=transfer.wait) if not dry_run else nullcontext(),
        ):
            chosen = transfer.download(api.settings, here.folder)
            report.tell_files(here.finished)
            most = max_delete if delete else None
            if locked:
                code = _rebuild(api, lock, chosen, report, transfer.progress)
            else:
                job = _Job(api, lock, chosen, report, transfer.progress, most)
                code = job.plan(folder) if dry_run else job.run()
            report.summarize(exit_code=int(code))
    return code


def _take_archive(run: Run, lock: "Lock", *, delete: bool) -> None:
    """Turn to the archive of the lock, unless the command line names another."""
    from isic_cli.services.dataset.header import archive_of

    recorded = lock.header.archive
    if run.archive is None:
        run.archive = recorded
    elif delete and archive_of(run.settings()) != recorded:
        raise UsageError(
            f"{lock.path} is of {recorded}, not of {run.archive}: nothing is deleted",
            hint="Leave --archive or --delete out.",
        )


class _Job:
    """One synchronisation, and what is said of it."""

    def __init__(
        self,
        api: "ArchiveApi",
        lock: "Lock",
        options: "DownloadOptions",
        report: "Report",
        mode: str,
        most: int | None,
    ) -> None:
        from isic_cli.services.dataset.sync import Synchronisation

        chosen = replace(options, variant=lock.header.variant)
        self._job = Synchronisation(api, lock, chosen, on_update=self._note)
        self._report, self._mode, self._most = report, mode, most
        self._updated = 0

    def _note(self, one: "Outcome") -> None:
        self._report.add(one)
        self._updated += 1
        if self._updated <= _SHOWN:
            note(f"Updated: {shorten(one.sentence, _WIDTH, placeholder=' …')}")

    def run(self) -> ExitCode:
        job = self._job
        with Progress("downloading", "images", mode=self._mode, total=job.total()) as ticker:
            fold = Fold(self._report, ticker)
            with sidecars_written(job.write_sidecars):
                fold.take_all(job.run())
                leaving = job.leaving()
                for one in leaving:
                    self._report.add(one)
                if self._deletes:
                    for one in job.delete(leaving, at_most=self._most or 0):
                        self._report.add(one)
        fold.finish()
        fold.summarize()
        report_credits(job.credits)
        self._show_updated("were updated")
        _show_leaving(leaving, "deleted" if self._deletes else "kept; --delete deletes them")
        return self._conclude(leaving)

    def plan(self, folder: Path | str) -> ExitCode:
        """Say what `run` would do."""
        from isic_cli.services.dataset.sync import check_leaving

        for line in plan_lines(self._job.plan()):
            click.echo(line)
        self._show_updated("would be updated")
        leaving = self._job.leaving()
        if self._deletes:
            check_leaving(leaving, at_most=self._most or 0)
        _show_leaving(leaving, "would be deleted" if self._deletes else "would be kept")
        note(f"Nothing was touched in {folder}.")
        return self._conclude(leaving)

    @property
    def _deletes(self) -> bool:
        return self._most is not None and not self._job.missed

    def _show_updated(self, done: str) -> None:
        if self._updated:
            names = self._job.by_field.most_common()
            fields = ", ".join(f"{name} {count:,}" for name, count in names[:_SHOWN])
            fields += f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            images = counted(self._updated, "image")
            note(f"The metadata of {images} {done}: {fields}.")

    def _conclude(self, leaving: "list[Outcome]") -> ExitCode:
        problems = self._job.problems()
        gone = {one.isic_id for one in leaving}  # these have their line
        for problem in problems:
            if problem.isic_id not in gone:
                self._report.add(problem)
        for problem in problems[:_SHOWN]:
            click.echo(f"Warning: {problem.sentence}", err=True)
        if self._job.missed:
            click.echo(
                f"Warning: the archive did not list {self._job.missed} images it announced; "
                "what it withdrew is not known, and nothing was deleted",
                err=True,
            )
        is_partial = problems or self._job.missed or self._report.counts.get("failed")
        return ExitCode.PARTIAL if is_partial else ExitCode.OK


def _show_leaving(leaving: "list[Outcome]", what: str) -> None:
    for one in leaving[:_SHOWN]:
        click.echo(f"{one.status.capitalize()}: {one.sentence}", err=True)
    if leaving:
        note(f"{len(leaving):,} images left the selection: {what}.")


def _rebuild(
    api: Any,
    lock: "Lock",
    options: "DownloadOptions",
    report: "Report",
    mode: str,
) -> ExitCode:
    from isic_cli.services.dataset.rebuild import Rebuilding, extra_pictures

    job = Rebuilding(api, lock, options)
    with Progress("downloading", "images", mode=mode, total=job.total()) as ticker:
        fold = Fold(report, ticker)
        with sidecars_written(job.write_sidecars):
            fold.take_all(job.run())
    fold.finish()
    fold.summarize()
    differences = [*job.differences, *extra_pictures(options.folder, lock)]
    report_differences(report, differences)
    return _judge(job, report, differences)


def _judge(job: "Rebuilding", report: "Report", differences: "list[Outcome]") -> ExitCode:
    if differences:
        click.echo(f"{len(differences):,} differences from the lock.", err=True)
        return ExitCode.CHECK
    return ExitCode.PARTIAL if report.counts.get("failed") or job.problems() else ExitCode.OK


def report_differences(report: "Report", differences: "list[Outcome]") -> None:
    """Report what is not as the lock says, and show the first of them."""
    for one in differences:
        report.add(one)
    for one in differences[:_SHOWN]:
        click.echo(f"{one.status.capitalize()}: {one.sentence}", err=True)
