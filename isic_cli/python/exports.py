"""Export a data set from Python: the same work as `isic dataset export`."""

import os
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import get_args

from isic_cli.errors import UsageError
from isic_cli.files.lock import folder_lock
from isic_cli.python.table import ResultTable
from isic_cli.python.transfers import workers_of
from isic_cli.python.warned import IsicWarning, warn_of
from isic_cli.services.cite.archive import archive_for, unnamed
from isic_cli.services.export.options import (
    KINDS,
    Encoding,
    ExportOptions,
    Kind,
    Link,
    TargetSize,
    With,
)
from isic_cli.services.export.run import Exporter
from isic_cli.services.export.state import ExportState, claim
from isic_cli.services.run.workers import open_workers
from isic_cli.settings import resolve


def planned_or_exported(
    folder: Path,
    out: Path,
    kind: Kind,
    split: str | os.PathLike[str] | None,
    label: str | None,
    size: str | None,
    encode: str | None,
    link: Link | None,
    along: Sequence[With],
    *,
    keep_unmapped: bool,
    prune_empty: bool,
    per_shard: int,
    archive: str | None,
    dry_run: bool,
    jobs: int | None,
) -> ResultTable:
    """Export a folder, and return what became of each image, or how many there would be.

    Raises
    ------
    UsageError
        For a kind, link, size or encoding that cannot be; it is named.
    """
    if kind not in KINDS:
        raise UsageError(f"kind={kind!r}", hint=f"One of: {', '.join(KINDS)}.")
    if link is not None and link not in get_args(Link):
        raise UsageError(f"link={link!r}", hint=f"One of: {', '.join(get_args(Link))}.")
    if isinstance(along, str) or not set(along) <= set(get_args(With)):
        raise UsageError(f"along={along!r}", hint=f"A list of: {', '.join(get_args(With))}.")
    if per_shard < 1:
        raise UsageError(f"per_shard={per_shard} is below 1")
    options = ExportOptions(
        folder=folder,
        out=out,
        kind=kind,
        split=None if split is None else os.fspath(split),
        label=label,
        link=link,
        size=TargetSize.parse(size) if size else None,
        encode=Encoding.parse(encode) if encode else None,
        along=frozenset(along),
        keep_unmapped=keep_unmapped,
        prune_empty=prune_empty,
        per_shard=per_shard,
        archive=archive_for(folder, partial(resolve, archive=archive)),
    )
    job = Exporter(options)
    job.catalogue.check()
    if dry_run:
        table = _planned(job, out)
    else:
        claim(options)
        with (
            open_workers(workers_of(jobs)) as workers,
            folder_lock(out),
            ExportState(out).open(options.recipe) as state,
        ):
            rows = [one.line() for one in job.run(state, workers)]
        columns = ("isic_id", "status", "reason", "bytes", "path")
        table = ResultTable.of(f"export to {out}", rows, columns)
    for reason, count in job.catalogue.left_out.items():
        warnings.warn(f"{count:,} {reason} left out", IsicWarning, stacklevel=3)
    warn_of(job.catalogue.table.problems)
    if job.catalogue.without_row:
        text = f"{job.catalogue.without_row:,} pictures without a row of metadata left out"
        warnings.warn(text, IsicWarning, stacklevel=3)
    for line in (*job.missing_classes(), *unnamed(job.publisher, "archive='prod'")):
        warnings.warn(line, IsicWarning, stacklevel=3)
    return table


def _planned(job: Exporter, out: Path) -> ResultTable:
    counts = job.count()
    rows = (
        {"split": split, "label": label, "images": count}
        for (split, label), count in sorted(counts.items())
    )
    return ResultTable.of(f"would be exported to {out}", rows, ("split", "label", "images"))
