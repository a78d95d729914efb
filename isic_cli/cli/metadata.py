"""`isic metadata`: download, label and compare metadata."""

from typing import TYPE_CHECKING

import click

from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.metadata_offline import download_offline
from isic_cli.cli.options import selection_options
from isic_cli.cli.outcome import report_credits
from isic_cli.cli.output import Output, output_options
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.rows import (
    IMAGES,
    conclude,
    fail_empty_option,
    image_rows,
    serial_option,
    warn_of_quirks,
)
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.models.selection import Selection


@click.group(
    cls=LazyGroup,
    lazy={
        "labels": ("isic_cli.cli.metadata_labels:labels", "Add the labels of a challenge."),
        "diff": ("isic_cli.cli.metadata_diff:diff", "Tell what changed between two tables."),
        "stats": ("isic_cli.cli.stats:stats", "Count the images of a selection."),
        "fields": ("isic_cli.cli.fields:fields", "List the metadata fields and their values."),
        "validate": ("isic_cli.cli.validate:validate", "Check a metadata CSV before upload."),
    },
)
def metadata() -> None:
    """Download, label, compare, count, explain and check metadata."""


@metadata.command("download")
@selection_options
@output_options(default="csv")
@serial_option
@click.option(
    "--with",
    "extras",
    type=click.Choice(["collections"]),
    multiple=True,
    help="With --offline, a column with the numbers of the collections that an image is in.",
)
@fail_empty_option
@progress_option
@pass_run
def download_metadata(
    run: Run,
    selection: "Selection",
    output: Output,
    serial: bool,
    fail_empty: bool,
    progress: str,
    extras: tuple[str, ...],
) -> ExitCode:
    """Download the metadata of a selection, sorted by ISIC id.

    CSV in the official column order by default: isic_id, attribution, copyright_license, then
    every other field that occurs, sorted by name.

    isic metadata download -c 1 -o metadata.csv
    """
    from isic_cli.services.cite.credits import Credits
    from isic_cli.services.select.live import SelectedImages

    if extras and not selection.offline:
        raise UsageError("--with collections needs --offline")
    ended = download_offline(
        run, selection, output, collections=bool(extras), fail_empty=fail_empty
    )
    if ended is not None:
        return ended
    with run.open() as api, Progress("listing", "images", mode=progress) as ticker:
        images = SelectedImages(api, selection, lanes=1 if serial else 8)
        warn_of_quirks(images)
        ticker.total = images.count()
        credit = Credits(api, [one.id for one in images.collections])
        records = credit.apply(images.records("by_id"))
        rows = image_rows(ticker.counting(records), output.fields)
        count = output.write(rows, IMAGES)
    report_credits(credit)
    return conclude(images, count, fail_empty=fail_empty)
