"""`isic metadata`: download, label and compare metadata."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.formats import Row
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.options import selection_options
from isic_cli.cli.outcome import report_credits, report_option, reported
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
    from collections.abc import Iterable

    from isic_cli.models.selection import Selection
    from isic_cli.services.run.report import Report
    from isic_cli.services.select.live import SelectedImages
    from isic_cli.services.select.offline import OfflineImages


@click.group(
    cls=LazyGroup,
    lazy={
        "labels": ("isic_cli.cli.metadata_labels:labels", "Add the labels of a challenge."),
        "diff": ("isic_cli.cli.metadata_diff:diff", "Tell what changed between two tables."),
        "stats": ("isic_cli.cli.stats:stats", "Count the images of a selection."),
        "fields": ("isic_cli.cli.dictionary:fields", "List the metadata fields and their values."),
        "validate": ("isic_cli.cli.dictionary:validate", "Check a metadata CSV before upload."),
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
@report_option("image")
@progress_option
@pass_run
def download_metadata(
    run: Run,
    selection: "Selection",
    output: Output,
    serial: bool,
    fail_empty: bool,
    report_file: Path | None,
    progress: str,
    extras: tuple[str, ...],
) -> ExitCode:
    """Download the metadata of a selection, sorted by ISIC id.

    CSV in the official column order by default: isic_id, attribution, copyright_license, then
    every other field that occurs, sorted by name.

    isic metadata download -c 1 -o metadata.csv
    """
    if extras and not selection.offline:
        raise UsageError("--with collections needs --offline")
    with reported(report_file) as report:
        ended = _download_offline(
            run, selection, output, report, collections=bool(extras), fail_empty=fail_empty
        )
        if ended is None:
            parallel_pages = 1 if serial else 8
            images, count = _list(run, selection, output, report, progress, parallel_pages)
            ended = conclude(images, count, fail_empty=fail_empty, report=report)
        report.summarize(exit_code=int(ended))
    return ended


def _list(
    run: Run,
    selection: "Selection",
    output: Output,
    report: "Report",
    mode: str,
    parallel_pages: int,
) -> "tuple[SelectedImages, int]":
    """Write the metadata of a selection, asked for from the archive."""
    from isic_cli.services.cite.credits import Credits
    from isic_cli.services.select.live import SelectedImages

    with run.open() as api, Progress("listing", "images", mode=mode) as ticker:
        images = SelectedImages(api, selection, parallel_pages=parallel_pages)
        warn_of_quirks(images)
        ticker.total = images.count()
        credit = Credits(api, [one.id for one in images.collections])
        records = report.listing(credit.apply(images.records("by_id")))
        rows = image_rows(ticker.counting(records), output.fields)
        count = output.write(rows, IMAGES)
    report_credits(credit)
    return images, count


def _download_offline(
    run: Run,
    selection: "Selection",
    output: Output,
    report: "Report",
    *,
    collections: bool,
    fail_empty: bool,
) -> ExitCode | None:
    """Write the metadata of a selection from the index, sorted by ISIC id.

    Returns
    -------
    ExitCode or None
        None when neither the user nor the archive, a large folder, asks for an index.
    """
    from isic_cli.services.opening import folder_index
    from isic_cli.services.select.offline import OfflineImages
    from isic_cli.services.tables import can_export

    settings = run.settings()
    if not selection.offline:
        index = folder_index(settings.archive, settings.cache_dir)
        if index is None:
            return None
        index.close()

    def opened(*writes: Path) -> OfflineImages:
        index = None
        if not selection.offline:
            index = folder_index(settings.archive, settings.cache_dir, writes=writes)
        return OfflineImages(settings, selection, writes=writes, index=index)

    kind = output.resolved_format()
    if kind in {"csv", "parquet"} and not output.fields and not output.excel_safe:
        with output.as_file() as path:
            images = opened(path)
            warn_of_quirks(images)
            if can_export(images, selection) and not report.is_wanted:
                count = _export(images, path, kind, collections=collections)
            else:
                count = _write(images, Output(kind, path=path), report, collections=collections)
    else:
        images = opened()
        warn_of_quirks(images)
        count = _write(images, output, report, collections=collections)
    return conclude(images, count, fail_empty=fail_empty, report=report)


def _export(images: "OfflineImages", path: Path, kind: Any, *, collections: bool) -> int:
    from isic_cli.services.tables import export

    return export(images, path, kind, collections=collections)


def _write(images: "OfflineImages", output: Output, report: "Report", *, collections: bool) -> int:
    from isic_cli.services.tables import rows_with_collections

    records = report.listing(images.records("by_id"))
    rows: Iterable[Row]
    if collections:
        rows = rows_with_collections(images.index, records, output.fields)
    else:
        rows = image_rows(records, output.fields)
    return output.write(rows, IMAGES)
