"""`isic study overlay`."""

from pathlib import Path

import click

from isic_cli.cli.command import Command, renamed
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.outcome import Fold, report_option, reported
from isic_cli.cli.params import SHARE, SUFFIXES, LocalPath
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.study_source import images_option, read_study, source_argument, study_option
from isic_cli.cli.terminal import note
from isic_cli.errors import ExitCode, UsageError


@click.command("overlay", cls=Command)
@source_argument("FOLDER|FILE")
@study_option
@images_option
@click.option("--image", "images", multiple=True, metavar="ISIC_ID", help="Only this image.")
@click.option("--feature", "features", multiple=True, metavar="NAME", help="Only this feature.")
@click.option(
    "--alpha",
    type=SHARE,
    default=0.4,
    show_default=True,
    help="Opacity of what all annotators marked.",
)
@renamed(
    "-d --outdir",
    "-o",
    "--output",
    "folder",
    type=LocalPath(file_okay=False),
    default=Path("overlays"),
    show_default=True,
    metavar="DIR",
    help="The folder for the pictures.",
)
@click.option("--no-sheet", is_flag=True, help="No contact sheet.")
@report_option("image")
@progress_option
@pass_run
def overlay(
    run: Run,
    source: str,
    number: int | None,
    folders: tuple[Path, ...],
    images: tuple[str, ...],
    features: tuple[str, ...],
    alpha: float,
    folder: Path,
    no_sheet: bool,
    report_file: Path | None,
    progress: str,
) -> ExitCode:
    """Draw the annotations over the photographs, one colour for each feature.

    The more annotators marked a place, the more opaque it is; an outline surrounds what more than
    half of them marked. sheet.png shows all drawings. Exit code 3: some could not be drawn.

    isic study overlay study/ -o drawings/
    """
    from isic_cli.services.study.draw import Drawing

    if folder.suffix.lower() in SUFFIXES:
        hint = "--report FILE has a line for each image."
        raise UsageError(f"{folder}: -o names the folder for the pictures", hint=hint)
    with reported(report_file) as report:
        found = read_study(run, source, number=number, folders=folders)
        if not found.annotations:
            raise UsageError(
                f"{found.name} holds no annotations", hint="Download the study to a folder."
            )
        chosen = found.check_images(images), found.check_features(features)
        job = Drawing(found, *chosen, folder, alpha)
        with Progress("drawing", "images", mode=progress, total=len(job.images)) as ticker:
            fold = Fold(report, ticker)
            for outcome in job.run():
                fold.add(outcome)
        fold.finish()
        sheets = [] if no_sheet else job.write_sheets()
        counts = report.counts
        words = [f"{counts.get('done', 0):,} drawn"]
        words += [f"{counts['skipped']:,} without annotations"] if "skipped" in counts else []
        words += [f"{fold.bad:,} FAILED"] if fold.bad else []
        made = f" {', '.join(map(str, sheets))}." if sheets else ""
        note(f"{len(job.images):,} images: {', '.join(words)}.{made}")
        report.summarize(exit_code=int(fold.code))
    return fold.code
