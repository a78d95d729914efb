"""`isic dataset export`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.at_hand import at_hand
from isic_cli.cli.command import Command
from isic_cli.cli.complete import complete_scheme
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.executor import executor_options
from isic_cli.cli.outcome import Fold, dry_run_option, report_option, reported
from isic_cli.cli.params import LOCAL_TEXT, Count, FolderPath, LocalPath
from isic_cli.cli.progress import Progress, human_bytes, progress_option
from isic_cli.cli.sources import report_problems, warn
from isic_cli.cli.terminal import note
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.services.export.options import ExportOptions, Kind, Link, With
    from isic_cli.services.export.run import Exporter
    from isic_cli.services.export.state import ExportState
    from isic_cli.services.run.report import Report
    from isic_cli.services.run.workers import ExecutorSpec

_KINDS = (
    *("imagefolder", "hf", "webdataset", "coco", "csv", "parquet", "croissant", "zip", "gallery"),
)
_ALONG = ("masks", "superpixels", "features", "thumbnails")


class _Along(click.ParamType[frozenset[str]]):
    """A list of what goes along with the pictures."""

    name = "list"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[str]:
        """Read `masks,features`."""
        if not isinstance(value, str):
            return frozenset(value)
        found = [one.strip() for one in value.split(",")]
        for one in found:
            if one not in _ALONG:
                self.fail(f"{one!r} is none of {', '.join(_ALONG)}", param, ctx)
        return frozenset(found)


@click.command("export", cls=Command)
@click.argument("folder", type=LocalPath())
@click.argument("out", type=FolderPath())
@click.option("--to", "kind", type=click.Choice(_KINDS), required=True, help="The layout.")
@click.option(
    "--split",
    type=LOCAL_TEXT,
    metavar="FILE|COLUMN",
    help="The splits: from dataset split, or a column.",
)
@click.option(
    "--label",
    type=LOCAL_TEXT,
    metavar="SCHEME|COLUMN",
    shell_complete=complete_scheme,
    help="isic2019 …, challenge:YEAR:TASK, or a column.",
)
@click.option("--keep-unmapped", is_flag=True, help="Keep images without a label, as unmapped.")
@click.option("--link", type=click.Choice(["hard", "sym", "copy"]), help="Copy by default.")
@click.option("--size", metavar="N[xM][:fit|crop|pad]", help="Fit by default, never enlarged.")
@click.option("--encode", metavar="jpg|png|webp[:Q]", help="With --size jpg:90 by default.")
@click.option(
    "--with",
    "along",
    type=_Along(),
    default=(),
    metavar="LIST",
    help="masks, superpixels, features, thumbnails, with commas: files that go along.",
)
@click.option("--prune-empty", is_flag=True, help="No folders for classes without a picture.")
@click.option(
    "--per-shard",
    type=Count(1),
    default=1000,
    show_default=True,
    help="Images in each file of webdataset and zip.",
)
@dry_run_option
@report_option("image")
@executor_options()
@progress_option
@pass_run
def export(
    run: Run,
    /,
    folder: Path,
    out: Path | str,
    kind: "Kind",
    split: str | None,
    label: str | None,
    keep_unmapped: bool,
    link: "Link | None",
    size: str | None,
    encode: str | None,
    along: "frozenset[With]",
    prune_empty: bool,
    per_shard: int,
    dry_run: bool,
    report_file: Path | None,
    executor: "ExecutorSpec",
    progress: str,
) -> ExitCode:
    """Export a downloaded FOLDER to OUT as a data set that training code reads.

    Pictures stay as they are unless --size or --encode is given, or EXIF shows them turned. A
    second run does only what is missing. Exit code 3: some pictures are damaged, the rest is
    there.

    isic dataset export out/ classes/ --to imagefolder --label isic2019
    """
    from isic_cli.services.cite.archive import archive_for
    from isic_cli.services.export.options import Encoding, ExportOptions, TargetSize
    from isic_cli.services.export.state import ExportState

    chosen = partial(
        ExportOptions,
        folder=folder,
        kind=kind,
        split=split,
        label=label,
        keep_unmapped=keep_unmapped,
        link=link,
        size=TargetSize.parse(size) if size else None,
        encode=Encoding.parse(encode) if encode else None,
        per_shard=per_shard,
        along=along,
        prune_empty=prune_empty,
    )
    if dry_run:
        return _plan(chosen(out=Path(out), archive=archive_for(folder, run.settings)))
    with reported(report_file) as report, at_hand(out, progress) as here:
        state = ExportState(here.folder, here.finished)
        options = chosen(out=here.folder, archive=archive_for(folder, run.settings))
        code = _export(options, state, report, executor, progress)
        report.summarize(exit_code=int(code))
    return code


def _plan(chosen: "ExportOptions") -> ExitCode:
    """Say how many pictures of each split and class there would be."""
    from isic_cli.services.export.run import Exporter

    job = Exporter(chosen)
    job.catalogue.check()
    counts = job.count()
    for (split, label), count in sorted(counts.items()):
        click.echo("\t".join(filter(None, (split, label, f"{count:,}"))))
    warn(_notes(job))
    note(f"{sum(counts.values()):,} images would be exported. Nothing was touched.")
    return report_problems(job.catalogue.table.problems)


def _export(
    chosen: "ExportOptions",
    state: "ExportState",
    report: "Report",
    executor: "ExecutorSpec",
    progress: str,
) -> ExitCode:
    from isic_cli.files.lock import folder_lock
    from isic_cli.services.export.run import Exporter
    from isic_cli.services.export.state import claim
    from isic_cli.services.run.workers import open_workers

    # Workers that do not come must not leave a claim behind.
    with open_workers(executor) as workers:
        job = Exporter(chosen)
        job.catalogue.check()
        claim(chosen)
        with folder_lock(chosen.out):
            claim(chosen)  # once more, now that nobody else can be at it
            with state.open(chosen.recipe):
                return _run(job, state, workers, report, progress)


def _run(job: "Exporter", state: Any, workers: Any, report: "Report", mode: str) -> ExitCode:
    total = len(job.catalogue.contents.pictures)
    with Progress("exporting", "images", mode=mode, total=total) as ticker:
        fold = Fold(report, ticker)
        for outcome in job.run(state, workers):
            fold.add(outcome, bytes=outcome.bytes or 0 if outcome.status == "exported" else 0)
    fold.finish()
    warn(_notes(job))
    code = max(fold.code, report_problems(job.catalogue.table.problems))
    _summarize(job, report, ticker.bytes)
    return code


def _notes(job: "Exporter") -> list[str]:
    """Return what is not in the export, and what readers should know of what is."""
    from isic_cli.services.cite.archive import unnamed

    catalogue = job.catalogue
    lines = [f"{count:,} {reason} left out" for reason, count in catalogue.left_out.items()]
    if catalogue.without_row:
        lines.append(f"{catalogue.without_row:,} pictures without a row of metadata left out")
    lines += [
        f"{count:,} {kind} are not in the export: --with {kind} takes them along"
        for kind, count in job.companions_left_out().items()
    ]
    absent = {"attribution", "copyright_license"}.difference(catalogue.table.columns)
    if absent:
        lines.append(
            f"{catalogue.table.name} has no column {' and '.join(sorted(absent))}: "
            "whom to credit is not in the export"
        )
    lines += job.missing_classes() + unnamed(job.publisher, "--archive prod")
    lines += [
        f"{count:,} pictures are {why}, which many programs pass over or misread: "
        f"{'--encode png or jpg converts them' if why == 'TIFF' else '--encode png makes it 8'}"
        for why, count in job.unusual.items()
    ]
    return lines


def _summarize(job: "Exporter", report: "Report", size: int) -> None:
    counts = report.counts
    parts = [
        f"{counts.get('exported', 0):,} exported ({human_bytes(size)})",
        f"{counts.get('skipped', 0):,} already there",
    ]
    if counts.get("failed"):
        parts.append(f"{counts['failed']:,} FAILED")
    note(f"{sum(counts.values()):,} images: {', '.join(parts)}.")
    if job.turned:
        note(f"{job.turned:,} were saved anew, upright: EXIF had them shown turned.")
    if job.removed:
        note(f"{job.removed:,} files of an earlier run were removed.")
