"""`isic image sheet`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.options import selecting
from isic_cli.cli.params import LocalPath
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.rows import check_fields, conclude, warn_of_quirks
from isic_cli.cli.sources import report_problems
from isic_cli.cli.terminal import note
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.models.selection import Selection


@click.command("sheet", cls=Command)
@click.argument("folder", required=False, type=LocalPath())
@selecting(by=False, beside="folder")
@click.option("-o", "--output", required=True, type=LocalPath(), help="A .jpg, .png or .webp.")
@click.option(
    "--cols", type=click.IntRange(1, 200), default=8, show_default=True, help="Pictures in a row."
)
@click.option(
    "--tile",
    type=click.IntRange(16, 2048),
    default=160,
    show_default=True,
    metavar="PX",
    help="The longer side of an image; up to 256 thumbnails are enough.",
)
@click.option(
    "--caption", default="isic_id", show_default=True, metavar="A,B", help="Fields, or nothing."
)
@click.option("--by", metavar="FIELD", help="Group by the values of this field.")
@progress_option
@pass_run
def sheet(
    run: Run,
    /,
    folder: Path | None,
    selection: "Selection",
    output: Path,
    cols: int,
    tile: int,
    caption: str,
    by: str | None,
    progress: str,
) -> ExitCode:
    """Draw a contact sheet of a selection, or of a FOLDER that was downloaded.

    isic image sheet -s 'sex:female' --caption diagnosis_3 -o sheet.png
    """
    from itertools import islice

    from isic_cli.pictures.draw import format_of
    from isic_cli.services.run.workers import ExecutorSpec, open_workers
    from isic_cli.services.select.live import select
    from isic_cli.services.sheet.contact_sheet import MOST, Sheet, SheetOptions, from_archive

    format_of(output)
    shown = tuple(name.strip() for name in caption.split(",") if name.strip())
    chosen = SheetOptions(path=output, columns=cols, tile=tile, caption=shown, by=by)
    where = replace(run, archive=str(folder)) if folder is not None else run
    with where.open() as api, Progress("drawing", "images", mode=progress) as ticker:
        images = select(api, selection)
        warn_of_quirks(images)
        records = list(islice(images.records(), MOST + 1))
        check_fields([*chosen.caption, *([chosen.by] if chosen.by else [])], records)
        ticker.total = len(records)
        drawing = Sheet(from_archive(api, chosen.tile), chosen)
        with open_workers(ExecutorSpec(jobs=min(8, api.settings.jobs or 8))) as workers:
            width, height = drawing.draw(records, workers, tick=ticker.advance)
    note(f"{chosen.path}: {len(records):,} images, {width}x{height} pixels.")
    return max(report_problems(drawing.problems), conclude(images, len(records)))
