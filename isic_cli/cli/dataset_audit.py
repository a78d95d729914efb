"""`isic dataset audit`."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command
from isic_cli.cli.complete import complete_scheme
from isic_cli.cli.executor import executor_options
from isic_cli.cli.outcome import report_option, reported
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LocalPath, Number
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.sources import report_problems, source_argument
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isic_cli.services.dataset.audit import Audit
    from isic_cli.services.dataset.audit_pictures import MeasuredPicture
    from isic_cli.services.run.report import Report
    from isic_cli.services.run.workers import ExecutorSpec

_FINDINGS = Shape(
    key="isic_id", columns=("rank", "isic_id", "kind", "score", "reason", "related", "path")
)


@click.command("audit", cls=Command)
@source_argument()
@click.option(
    "--embeddings",
    type=LocalPath(),
    metavar="FILE",
    help="Vectors of your own model: Parquet, .npy, .npz or a table. Finds near-duplicates, "
    "off-topic pictures and likely label errors.",
)
@click.option(
    "--label",
    default="",
    metavar="SCHEME|COLUMN",
    shell_complete=complete_scheme,
    help="What label errors are about; by default the first usual column of labels.",
)
@click.option("--kinds", default="", metavar="A,B", help="Only these kinds of findings.")
@click.option(
    "--share",
    type=Number(0, 100),
    default=5.0,
    show_default=True,
    metavar="PERCENT",
    help="List at most so many of the pictures for each kind; contradictions all.",
)
@click.option(
    "--sheet",
    type=LocalPath(dir_okay=False),
    metavar="FILE",
    help="Draw the first findings on a contact sheet: .jpg, .png or .webp.",
)
@click.option(
    "--first", type=click.IntRange(1, 5000), default=60, show_default=True, help="Of the sheet."
)
@report_option("picture")
@executor_options()
@output_options()
@progress_option
def audit(
    source: Path,
    embeddings: Path | None,
    label: str,
    kinds: str,
    share: float,
    sheet: Path | None,
    first: int,
    report_file: Path | None,
    executor: "ExecutorSpec",
    output: Output,
    progress: str,
) -> ExitCode:
    """Rank what a person should look at before training; nothing is removed.

    Pictures that stand out of the set (blur, exposure, size, shape, border, no colours of skin),
    diagnoses, sites, sexes and ages that contradict each other within a lesion or patient, values
    that the archive's own rules forbid, and with --embeddings what distances show. The table goes
    into --exclude and --from as it is. Exit code 3: some pictures cannot be read.

    isic dataset audit out/ -o look.csv
    """
    from isic_cli.services.dataset.audit import Audit, AuditOptions

    names = tuple(name.strip() for name in kinds.split(",") if name.strip())
    job = Audit(source, AuditOptions(names, embeddings, label, share / 100))
    with reported(report_file) as report:
        paths = job.paths()
        _check_sheet(sheet, paths)
        measured = _measure(job, paths, executor, progress, report)
        rows = job.findings(paths, measured)
        if sheet is not None:  # first: whoever reads the rows may stop, as `head` does
            _draw(rows[:first], sheet, executor)
        output.write(rows, _FINDINGS)
        code = _conclude(job, rows)
        report.summarize(exit_code=int(code))
    return code


def _check_sheet(sheet: Path | None, paths: dict[str, str]) -> None:
    if sheet is not None:
        from isic_cli.pictures.draw import format_of

        format_of(sheet)
        if not paths:
            raise UsageError("--sheet needs a folder with pictures")


def _measure(
    job: "Audit", paths: dict[str, str], executor: "ExecutorSpec", mode: str, report: "Report"
) -> "Sequence[MeasuredPicture]":
    from isic_cli.services.run.workers import open_workers

    if not paths or not job.needs_pictures():
        return ()
    found = []
    with (
        Progress("measuring", "pictures", mode=mode, total=len(paths)) as ticker,
        open_workers(executor) as workers,
    ):
        for one in job.measured(paths.values(), workers):
            ticker.advance(failed=bool(one.problem))
            report.add(one.outcome)
            found.append(one)
    return found


class _SheetFinding:
    """A finding on a contact sheet."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._row = row

    @property
    def isic_id(self) -> str:
        return str(self._row["isic_id"])

    @property
    def path(self) -> Path:
        return Path(str(self._row["path"]))

    def field(self, name: str) -> Any:
        return f"{self._row['rank']}  {self.isic_id}" if name == "isic_id" else self._row[name]


def _draw(rows: "Sequence[dict[str, Any]]", path: Path, executor: "ExecutorSpec") -> None:
    from isic_cli.services.run.workers import open_workers
    from isic_cli.services.sheet.contact_sheet import Sheet, SheetOptions

    shown = [_SheetFinding(row) for row in rows if row["path"]]
    if not shown:
        click.echo(f"{path}: nothing to show.", err=True)
        return
    drawing: Sheet[_SheetFinding] = Sheet(
        lambda one: one.path, SheetOptions(path, caption=("isic_id", "kind", "reason"))
    )
    with open_workers(executor) as workers:
        width, height = drawing.draw(shown, workers, tick=lambda: None)
    click.echo(f"{path}: {len(shown):,} findings, {width}x{height} pixels.", err=True)


def _conclude(job: "Audit", rows: "Sequence[dict[str, Any]]") -> ExitCode:
    for note in job.notes:
        click.echo(f"Note: {note}.", err=True)
    counts = Counter(row["kind"] for row in rows)
    listed = ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common())
    of_label = f"; labels: {job.label}" if job.options.embeddings and job.label else ""
    click.echo(
        f"{job.images:,} images: {len(rows):,} findings ({listed or 'none'}){of_label}.", err=True
    )
    return report_problems(job.problems)
