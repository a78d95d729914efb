"""`isic metadata stats`: counts and cross-tables."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command
from isic_cli.cli.complete import complete_counted, complete_number
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.options import selecting
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.rows import conclude, fail_empty_option, warn_of_quirks
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.models.selection import Selection
    from isic_cli.services.stats.archive import Wanted

Row = Mapping[str, Any]

_DEFAULT_BY = "diagnosis_1"
_BAR, _SHORT_BAR = 30, 10
#: Characters that the numbers between a label and its bar take.
_NUMBERS = 23
_EIGHTHS = " ▏▎▍▌▋▊▉█"


@click.command("stats", cls=Command)
@selecting(by=False)
@click.option(
    "--by",
    metavar="A,B",
    shell_complete=complete_counted,
    help="Count by the values of these fields, together.",
)
@click.option(
    "--hist",
    metavar="FIELD",
    shell_complete=complete_number,
    help="Count a number in ranges: age_approx.",
)
@click.option("--missing", is_flag=True, help="How many images lack each field.")
@output_options()
@fail_empty_option
@progress_option
@pass_run
def stats(
    run: Run,
    selection: "Selection",
    by: str | None,
    hist: str | None,
    missing: bool,
    output: Output,
    fail_empty: bool,
    progress: str,
) -> ExitCode:
    """Count the images of a selection; without options by diagnosis_1.

    From the index with --offline; else from the archive's facets where they are complete, or
    from a listing.

    isic metadata stats --by diagnosis_1,sex
    """
    from isic_cli.services.select.live import opened
    from isic_cli.services.stats.archive import Wanted, check_wanted, field_list
    from isic_cli.services.stats.tallies import tally_of

    names = field_list(by) or (() if hist or missing else (_DEFAULT_BY,))
    wanted = Wanted(by=names, hist=hist, missing=missing)
    check_wanted(wanted)
    with (
        opened(run.settings(), selection) as images,
        Progress("counting", "images", mode=progress),
    ):
        warn_of_quirks(images)
        tally, source = tally_of(images, selection, wanted)
    _write(tally.rows(), output, wanted)
    click.echo(f"{tally.total:,} images, counted by the {source}.", err=True)
    return conclude(images, tally.total, fail_empty=fail_empty)


def _write(rows: Sequence[Row], output: Output, wanted: "Wanted") -> None:
    if output.resolved_format() == "table" and not output.fields:
        with output.opened() as stream:
            stream.writelines(f"{line}\n" for line in table_lines(rows, wanted.by))
        return
    columns = ["table", *wanted.by]
    columns += [name for name in ("field", "from", "to") if any(name in row for row in rows)]
    output.write(rows, Shape(key="count", columns=(*columns, "count", "share")))


def table_lines(rows: Sequence[Row], by: Sequence[str]) -> Iterator[str]:
    """Yield the tables as lines for reading: two fields crossed, everything else with bars."""
    room = shutil.get_terminal_size((200, 24)).columns
    for name in ("by", "hist", "missing"):
        chosen = [row for row in rows if row["table"] == name]
        if not chosen:
            continue
        crossed = list(_crossed(chosen, *by)) if name == "by" and len(by) == 2 else []  # two sides
        if crossed and max(map(len, crossed)) <= room:
            yield from crossed
        else:
            yield _heading(chosen[0], by)
            yield from _barred(chosen, by, room)
        yield ""


def _heading(row: Row, by: Sequence[str]) -> str:
    if row["table"] == "by":
        return " · ".join(by)
    return str(row["field"]) if row["table"] == "hist" else "images without a value"


def _barred(rows: Sequence[Row], by: Sequence[str], room: int) -> Iterator[str]:
    labels = [_label(row, by) for row in rows]
    # A short bar still shows what a cut label hides: which row it is.
    width = min(max(map(len, labels)), max(20, room - _NUMBERS - _SHORT_BAR))
    length = max(0, min(_BAR, room - _NUMBERS - width))
    most = max(row["share"] for row in rows)
    for label, row in zip(labels, rows, strict=True):
        share = row["share"]
        shown = label if len(label) <= width else label[: width - 1] + "…"
        bar = bar_of(share / most if most else 0.0, length)
        yield f"{shown:<{width}}  {row['count']:>10,}  {share:>7.1%}  {bar}".rstrip()


def _label(row: Row, by: Sequence[str]) -> str:
    if row["table"] == "by":
        return " · ".join(_shown(row[name]) for name in by)
    if row["table"] == "hist":
        return "(none)" if row["from"] is None else f"{row['from']:g} – {row['to']:g}"
    return str(row["field"])


def _shown(value: Any) -> str:
    return "(none)" if value is None else str(value)


def bar_of(share: float, length: int = _BAR) -> str:
    """Return a bar of blocks; of # where the console may not have them.

    Parameters
    ----------
    share : float
        From 0 to 1, the whole length.
    length : int
        In characters.
    """
    import sys

    if "utf" not in (sys.stdout.encoding or "").lower() or os.environ.get("TERM") == "dumb":
        return "#" * round(share * length)
    eighths = round(share * length * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _crossed(rows: Sequence[Row], down: str, across: str) -> Iterator[str]:
    counts = {(_shown(row[down]), _shown(row[across])): row["count"] for row in rows}
    names = _by_total(counts, 0)
    heads = _by_total(counts, 1)
    left = max(len(down), *map(len, names), len("total"))
    widths = [max(len(head), 9) for head in heads]
    total = max(9, len("total"))
    line = "  ".join(f"{head:>{size}}" for head, size in zip(heads, widths, strict=True))
    yield f"{down} by {across}"
    yield f"{'':<{left}}  {line}  {'total':>{total}}"
    for name in names:
        cells = [counts.get((name, head), 0) for head in heads]
        line = "  ".join(f"{n:>{size},}" for n, size in zip(cells, widths, strict=True))
        yield f"{name:<{left}}  {line}  {sum(cells):>{total},}"
    sums = [sum(counts.get((name, head), 0) for name in names) for head in heads]
    line = "  ".join(f"{n:>{size},}" for n, size in zip(sums, widths, strict=True))
    yield f"{'total':<{left}}  {line}  {sum(sums):>{total},}"


def _by_total(counts: Mapping[tuple[str, str], int], side: int) -> list[str]:
    totals: dict[str, int] = {}
    for key, count in counts.items():
        totals[key[side]] = totals.get(key[side], 0) + count
    return sorted(totals, key=lambda name: (name == "(none)", -totals[name], name))
