"""`isic study overlay`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LocalPath
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.study_source import (
    SHOWN,
    images_option,
    read_study,
    source_argument,
    study_option,
)
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.services.study.draw import Drawing

_SHAPE = Shape(key="image", columns=("image", "status", "readers", "features", "path", "reason"))


@click.command("overlay", cls=Command)
@source_argument("FOLDER|FILE")
@study_option
@images_option
@click.option("--image", "images", multiple=True, metavar="ISIC_ID", help="Only this image.")
@click.option("--feature", "features", multiple=True, metavar="NAME", help="Only this feature.")
@click.option(
    "-d",
    "--outdir",
    type=LocalPath(),
    default=Path("overlays"),
    show_default=True,
    help="Where the pictures go.",
)
@click.option("--no-sheet", is_flag=True, help="No contact sheet.")
@output_options()
@progress_option
@pass_run
def overlay(
    run: Run,
    source: str,
    number: int | None,
    folders: tuple[Path, ...],
    images: tuple[str, ...],
    features: tuple[str, ...],
    outdir: Path,
    no_sheet: bool,
    output: Output,
    progress: str,
) -> ExitCode:
    """Draw the annotations over the photographs, one colour for each feature.

    The more annotators marked a place, the more opaque it is; an outline surrounds what more than
    half of them marked. sheet.png shows all drawings. Exit code 3: some could not be drawn.

    isic study overlay study/ -d drawings/
    """
    from isic_cli.services.study.draw import Drawing

    found = read_study(run, source, number=number, folders=folders)
    if not found.annotations:
        raise UsageError(
            f"{found.name} holds no annotations", hint="Download the study to a folder."
        )
    chosen = found.check_images(images), found.check_features(features)
    job = Drawing(found, *chosen, outdir)
    results: list[Any] = []
    output.write(_rows(job, results, "none" if output.to_terminal else progress), _SHAPE)
    sheets = [] if no_sheet else job.write_sheets()
    return _conclude(results, [str(path) for path in sheets])


def _rows(job: "Drawing", results: list[Any], progress: str) -> Iterator[dict[str, Any]]:
    with Progress("drawing", "images", mode=progress, total=len(job.images)) as ticker:
        for result in job.run():
            ticker.advance(failed=result.status == "failed")
            results.append(result)
            if result.status == "failed" and ticker.failed <= SHOWN:
                click.echo(f"Failed: {result.image}: {result.reason}", err=True)
            yield result.row()


def _conclude(results: list[Any], sheets: list[str]) -> ExitCode:
    counts = dict.fromkeys(("drawn", "unmarked", "failed"), 0)
    for result in results:
        counts[result.status] += 1
    words = [f"{counts['drawn']} drawn", f"{counts['unmarked']} without annotations"]
    if counts["failed"]:
        words.append(f"{counts['failed']} FAILED")
    if counts["failed"] > SHOWN:
        click.echo(f"… and {counts['failed'] - SHOWN} more; the rows say which.", err=True)
    made = f" {', '.join(sheets)}." if sheets else ""
    click.echo(f"{len(results)} images: {', '.join(words)}.{made}", err=True)
    return ExitCode.PARTIAL if counts["failed"] else ExitCode.OK
