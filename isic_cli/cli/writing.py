"""What every command that changes a collection has: its options, and what it says afterwards."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import grouped
from isic_cli.cli.outcome import Fold, report_option
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.rows import conclude
from isic_cli.cli.terminal import note
from isic_cli.errors import ExitCode
from isic_cli.models.names import counted

if TYPE_CHECKING:
    from isic_cli.services.collections.change import MembershipChange
    from isic_cli.services.run.report import Report


@dataclass(frozen=True, slots=True)
class WriteChoice:
    """Whether a command writes, and where it tells of it."""

    dry_run: bool
    report_file: Path | None
    progress: str


#: Adds `--dry-run`, `--report` and `--progress`, as `writing`.
write_options = grouped(
    "writing",
    WriteChoice,
    click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; change nothing."),
    report_option("id"),
    progress_option,
)


def change_members(change: "MembershipChange", report: "Report", writing: WriteChoice) -> ExitCode:
    """Do a change, or say what it would be; return the exit code."""
    if writing.dry_run:
        return _report_plan(change)
    if change.is_server_side:
        change.hand_over()
        report.summarize(server_side=True)
        note(f"The archive has the search and goes on by itself; collection {_name(change)}.")
        return ExitCode.OK
    return send(change, change.isic_ids(), report, writing.progress)


def send(
    change: "MembershipChange",
    isic_ids: Iterable[str],
    report: "Report",
    mode: str,
) -> ExitCode:
    """Send ids, report each, and say how many became what.

    Raises
    ------
    IsicError
        What stopped it before its end; the report says which ids were not sent.
    """
    write = change.write()
    reasons: Counter[str] = Counter()
    label = "adding" if change.verb == "add" else "removing"
    with Progress(label, "images", mode=mode) as ticker:
        fold = Fold(report, ticker)
        for outcome in write.run(isic_ids):
            reasons[str(outcome.reason)] += outcome.is_bad
            fold.add(outcome)
    fold.finish()
    _report_counts(report.counts, +reasons, _name(change))
    selected = sum(report.counts.values())
    code = max(fold.code, conclude(change.images, selected, report=report))
    if write.error is not None:
        raise write.error
    report.summarize(collection=change.collection.id, exit_code=int(code))
    return code


def _report_counts(counts: dict[str, int], reasons: Counter[str], name: str) -> None:
    from isic_cli.models.outcomes import in_words

    words = [f"{in_words(status)} {count:,}" for status, count in counts.items()]
    if words:
        note(f"Collection {name}: {', '.join(words)}.")
    for reason, count in reasons.most_common():
        click.echo(f"  {count:,} failed: {reason}", err=True)


def _report_plan(change: "MembershipChange") -> ExitCode:
    from isic_cli.api.curation import IDS_AT_ONCE

    change.check()
    name = _name(change)
    if change.is_server_side:
        count = change.images.count()
        note(f"Would have the archive add {count:,} images to {name} by itself.")
        return ExitCode.OK
    count = sum(1 for _ in change.isic_ids())
    requests = -(-count // IDS_AT_ONCE)
    preposition = "to" if change.verb == "add" else "from"
    note(
        f"Would {change.verb} {counted(count, 'image')} {preposition} {name} "
        f"in {counted(requests, 'request')}."
    )
    return conclude(change.images, count)


def _name(change: "MembershipChange") -> str:
    found = change.collection
    return f"{found.id} ({found.name})" if found.id else f"new ({found.name})"
