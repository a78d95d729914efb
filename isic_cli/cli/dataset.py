"""`isic dataset`: status, log and merge; the rest is in modules of its own."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.outcome import Fold, report_option, reported
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LocalPath
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.terminal import note
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.services.dataset.lock import Lock

FOLDER = LocalPath(file_okay=False)
ANY_PATH = LocalPath()

_COUNTS = Shape(key="state", columns=("state", "files", "bytes"))
_FILES = Shape(key="isic_id", columns=("isic_id", "state", "path", "reason"), more=("bytes",))
_LOG = Shape(
    key="time",
    columns=("time", "images", "bytes", "added", "removed", "changed", "license", "archive"),
    more=("tool",),
)


@click.group(
    cls=LazyGroup,
    lazy={
        "sync": ("isic_cli.cli.sync:sync", "Fetch what the recorded selection has anew."),
        "verify": ("isic_cli.cli.verify:verify", "Read every file and compare it with the lock."),
        "split": ("isic_cli.cli.dataset_split:split", "Split without leaking a patient or lesion."),
        "dedupe": ("isic_cli.cli.dataset_dedupe:dedupe", "Find pictures that are there twice."),
        "check-leak": (
            "isic_cli.cli.dataset_check_leak:check_leak",
            "Find what data sets share.",
        ),
        "audit": ("isic_cli.cli.dataset_audit:audit", "Rank what to look at before training."),
        "cite": ("isic_cli.cli.dataset_cite:cite", "Cite exactly these images."),
        "export": ("isic_cli.cli.dataset_export:export", "Export as a data set for training."),
        "diff": ("isic_cli.cli.metadata_diff:dataset_diff", "Tell what changed, field by field."),
        "build": ("isic_cli.cli.dataset_build:build", "Build a data set from one file."),
        "init": ("isic_cli.cli.dataset_recipe:init", "Write a recipe of a data set."),
        "check": ("isic_cli.cli.dataset_recipe:check", "Find the mistakes of a recipe."),
        "stats": ("isic_cli.cli.dataset_stats:stats", "Count classes, ages, sites and licences."),
    },
)
def dataset() -> None:
    """Keep a downloaded folder true, and make a data set of it."""


@dataset.command("status")
@click.argument("folder", type=FOLDER)
@output_options()
@click.option("--files", is_flag=True, help="A row for each file that is not complete.")
@progress_option
def status(folder: Path, output: Output, files: bool, progress: str) -> ExitCode:
    """Compare a folder with its lock: complete, missing, changed, extra.

    Only files that were touched since we wrote or read them are read; isic dataset verify reads
    all. The archive is not asked.

    isic dataset status out/ --files
    """
    from isic_cli.services.dataset.lock import Lock
    from isic_cli.services.dataset.rebuild import StateTally, state_rows

    with Lock(folder) as lock, Progress("looking", "files", progress, len(lock)) as ticker:
        tally = StateTally()
        rows = tally.counting(ticker.counting(state_rows(folder, lock)))
        others = (row for row in rows if row["state"] != "complete")
        if files:
            output.write(others, _FILES)
        else:
            for _ in others:
                pass
            output.write(tally.rows(), _COUNTS)
        _describe(lock)
    return ExitCode.OK


def _describe(lock: "Lock") -> None:
    header = lock.header
    click.echo(
        f"{lock.path}: {header.images:,} images of {header.archive}, last changed {header.time}, "
        f"strictest licence {header.license or 'none'}.",
        err=True,
    )


@dataset.command("log")
@click.argument("folder", type=FOLDER)
@output_options(limit=True)
def log(folder: Path, output: Output) -> ExitCode:
    """List the states of FOLDER that are kept, the newest first: the current one, then earlier.

    Whenever a run changes isic.lock, lock and tables as they were go to .isic/history/: the last
    30 states, 1 GiB at most. What a change added, removed and changed is told of the state that
    it led to. isic dataset diff FOLDER --at DATE compares one of them with today.

    isic dataset log out/
    """
    from isic_cli.services.dataset.history import log_rows

    output.write(log_rows(folder), _LOG)
    return ExitCode.OK


@dataset.command("merge")
@click.argument("locks", type=ANY_PATH, nargs=-1, required=True, metavar="LOCK|FOLDER…")
@click.option("-o", "--output", "output_file", type=ANY_PATH, help="The lock to write.")
@click.option(
    "--into",
    "folder",
    type=FOLDER,
    metavar="DIR",
    help="A folder for all pictures, with tables and lock; linked where the file system can.",
)
@report_option("image")
@progress_option
def merge(
    locks: tuple[Path, ...],
    output_file: Path | None,
    folder: Path | None,
    report_file: Path | None,
    progress: str,
) -> ExitCode:
    """Join the locks of shards into one, or with --into their folders.

    They must agree on archive, variant and layout, and on every image that two of them list. When
    all parts of a selection are there, it is recorded without parts. --into takes up what an
    earlier run left; a picture that no folder has is exit code 3.

    isic dataset merge part1/ part2/ -o both.lock
    isic dataset merge part1/ part2/ --into both/
    """
    from isic_cli.services.dataset.merge import merge_locks

    if folder is not None and output_file is None:
        return _merge_into(locks, folder, report_file, progress)
    if folder is not None or output_file is None:
        raise UsageError("dataset merge wants either -o LOCK or --into DIR")
    if report_file is not None:
        raise UsageError("--report is for --into: a lock alone has no files")
    header = merge_locks(locks, output_file)
    note(f"{output_file}: {header.images:,} images of {len(locks)} locks.")
    return ExitCode.OK


def _merge_into(
    sources: tuple[Path, ...], folder: Path, report_file: Path | None, progress: str
) -> ExitCode:
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.dataset.history import history_kept
    from isic_cli.services.dataset.merge import FolderMerge

    with reported(report_file) as report, folder_lock(folder), history_kept(folder):
        job = FolderMerge(sources, folder)
        with Progress("merging", "images", progress, job.header.images) as ticker:
            fold = Fold(report, ticker)
            for outcome in job.run():
                fold.add(outcome, bytes=outcome.bytes or 0)
        fold.finish()
        counts = report.counts
        note(
            f"{folder}: {job.header.images:,} images of {len(sources)} folders: "
            f"{counts.get('done', 0):,} placed, {counts.get('present', 0):,} already there, "
            f"{counts.get('missing', 0):,} missing."
        )
        report.summarize(exit_code=int(fold.code))
    return fold.code
