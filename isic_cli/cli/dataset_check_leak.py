"""`isic dataset check-leak`."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command, grouped
from isic_cli.cli.dataset_dedupe import PictureComparison, comparison_options, read_all
from isic_cli.cli.executor import executor_options
from isic_cli.cli.outcome import report_option, reported
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LocalPath
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.sources import report_problems, warn
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isic_cli.curation.leaks import SharedItem
    from isic_cli.services.dataset.check_leak import LeakCheck, LeakPicture
    from isic_cli.services.run.workers import ExecutorSpec

_SHARED = Shape(
    key="value",
    columns=("kind", "value", "images", "sets", "paths", "distance", "correlation"),
)
_PATH = LocalPath()
_FILE = LocalPath(dir_okay=False)


@dataclass(frozen=True, slots=True)
class _LeakOptions:
    metadata: tuple[Path, ...]
    pairs: tuple[Path, ...]
    sheet: Path | None
    write_exclude: Path | None


_leak_options = grouped(
    "chosen",
    _LeakOptions,
    click.option(
        "--metadata",
        multiple=True,
        type=_PATH,
        metavar="TABLE|FOLDER",
        help="Says lesions and patients of images where a data set does not; repeatable.",
    ),
    click.option(
        "--pairs", multiple=True, type=_FILE, metavar="FILE", help="Known duplicates; repeatable."
    ),
    click.option(
        "--sheet",
        type=_FILE,
        metavar="FILE",
        help="Draw what is shared side by side: a .jpg, .png or .webp.",
    ),
    click.option(
        "--write-exclude",
        type=_FILE,
        metavar="FILE",
        help="Write the ids of the first data set that leak: for --exclude.",
    ),
)


@click.command("check-leak", cls=Command)
@click.argument("sources", nargs=-1, required=True, type=_PATH, metavar="TRAIN TEST…")
@_leak_options
@comparison_options
@executor_options()
@output_options(default="jsonl")
@report_option("image")
@progress_option
def check_leak(
    sources: tuple[Path, ...],
    chosen: _LeakOptions,
    how: PictureComparison,
    executor: "ExecutorSpec",
    output: Output,
    report_file: Path | None,
    progress: str,
) -> ExitCode:
    """Find what data sets share: images, lesions, patients, copies of pictures.

    Each is a folder, a table, a list of ids or an unpacked challenge, whoever made it. Writes a
    line for each thing shared. Exit code 7: there is a leak. What could not be checked, since a
    data set tells no patient or has no pictures, is said.

    isic dataset check-leak out/ old/ --sheet leaks.jpg --write-exclude leaking.txt
    """
    from isic_cli.files.atomic import write_text
    from isic_cli.pictures.draw import format_of
    from isic_cli.services.dataset.check_leak import LeakCheck, leaked_images

    if chosen.sheet is not None:
        format_of(chosen.sheet)
    with reported(report_file) as report:
        check = LeakCheck(sources, chosen.metadata, chosen.pairs)
        if chosen.sheet is not None and len(check.folders) < 2:
            raise UsageError("--sheet: fewer than two data sets have pictures to show")
        job = how.job(check.folders)
        pictures = read_all(job, executor, progress)
        check.place(job)
        leaks = check.leaks(job.groups(pictures))
        for outcome in check.outcomes(leaks, pictures, job.problems):
            report.add(outcome)
        if chosen.write_exclude is not None:  # before the rows, whose reader may stop
            first = str(sources[0])
            found = [key for name, key in leaked_images(leaks) if name == first]
            ids = [key for key in found if key in check.sets[first].rows]
            write_text(chosen.write_exclude, "".join(f"{key}\n" for key in ids))
            if nameless := len(found) - len(ids):
                warn([f"{chosen.write_exclude} lacks {nameless:,} pictures without an ISIC id"])
        if chosen.sheet is not None:
            _draw(check, leaks, chosen.sheet, progress)
        output.write((leak.row() for leak in leaks), _SHARED)
        warn([*check.gaps(), *job.gaps()])
        code = max(report_problems([*check.problems, *job.problems]), _conclude(check, leaks))
        report.summarize(exit_code=int(code))
    return code


def _conclude(check: "LeakCheck", leaks: "Sequence[SharedItem]") -> ExitCode:
    from isic_cli.services.dataset.check_leak import leaked_images

    held = Counter(name for name, _ in leaked_images(leaks))
    for name, one in check.sets.items():
        click.echo(
            f"{name}: {len(one.rows):,} ids, {len(one.pictures):,} pictures; "
            f"{held[name]:,} {'is' if held[name] == 1 else 'are'} shared.",
            err=True,
        )
    if not leaks:
        click.echo("Nothing that was checked is shared.", err=True)
        return ExitCode.OK
    kinds = Counter(leak.kind for leak in leaks)
    counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    click.echo(f"Leaks: {counts}.", err=True)
    return ExitCode.CHECK


def _draw(check: "LeakCheck", leaks: "Sequence[SharedItem]", path: Path, progress: str) -> None:
    """Draw the pictures of what is shared; nothing shared, no sheet."""
    from isic_cli.services.run.workers import ExecutorSpec, open_workers
    from isic_cli.services.sheet.contact_sheet import Sheet, SheetOptions

    shown = check.shown(leaks)
    if not shown:
        click.echo(f"{path}: not drawn, since there is nothing to show.", err=True)
        return
    options = SheetOptions(path, columns=8, caption=("isic_id", "set"), by="heading")
    drawing: Sheet[LeakPicture] = Sheet(lambda one: Path(one.path), options)
    with (
        Progress("drawing", "pictures", mode=progress, total=len(shown)) as ticker,
        open_workers(ExecutorSpec()) as workers,
    ):
        drawing.draw(shown, workers, tick=ticker.advance)
    groups = len({one.heading for one in shown})
    click.echo(f"{path}: {groups:,} of {len(leaks):,} leaks, {len(shown):,} pictures.", err=True)
