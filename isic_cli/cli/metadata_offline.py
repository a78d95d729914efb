"""`isic metadata download --offline`: a table straight from the index."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.cli.context import Run
from isic_cli.cli.formats import Row
from isic_cli.cli.output import Output
from isic_cli.cli.rows import IMAGES, conclude, image_rows, warn_of_quirks
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from isic_cli.models.selection import Selection
    from isic_cli.services.run.report import Report
    from isic_cli.services.select.offline import OfflineImages


def download_offline(
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
