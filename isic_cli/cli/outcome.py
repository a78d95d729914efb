"""What becomes of each image: into the report, the counters, and a few lines for the reader."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from isic_cli.cli.params import LocalPath
from isic_cli.cli.progress import Progress, human_bytes
from isic_cli.cli.terminal import note
from isic_cli.errors import ExitCode, IsicError, TerminatedError
from isic_cli.files.faults import fault_of_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from isic_cli.models.outcomes import Outcome
    from isic_cli.services.cite.credits import Credits
    from isic_cli.services.download.events import DownloadEvent
    from isic_cli.services.run.report import Report

F = TypeVar("F", bound="Callable[..., Any]")

#: Warnings about single images shown on the terminal; the report has all of them.
_SHOWN = 10


class Fold:
    """Folds outcomes, and the events of transfers, into the report, the counters and a few lines.

    Attributes
    ----------
    bad : int
        Items that are not as they should be.
    """

    def __init__(self, report: "Report", ticker: Progress, *, shown: int = _SHOWN) -> None:
        self._report = report
        self._ticker = ticker
        self._shown = shown
        self._flying: dict[str, int] = {}
        self._said = 0
        self._cached = 0
        self.bad = 0

    def take_all(self, events: "Iterator[DownloadEvent]") -> None:
        """Fold every event of a run."""
        from contextlib import closing

        with closing(events) as run:  # type: ignore[type-var]  # it is a generator
            for event in run:
                self.take(event)

    def add(self, outcome: "Outcome", *, bytes: int = 0, counted: bool = True) -> None:  # noqa: A002 - the unit
        """Fold one outcome: its line in the report, and one for the reader when it is bad.

        Parameters
        ----------
        bytes : int
            How many of its bytes the counter does not have yet.
        counted : bool
            False for an item that was counted before, as what it was then.
        """
        is_bad = outcome.is_bad
        self._report.add(outcome)
        if counted:
            self._ticker.advance(bytes=bytes, failed=is_bad)
        if is_bad:
            from isic_cli.models.outcomes import in_words

            self.bad += 1
            self._say(f"{in_words(outcome.status).capitalize()}: {outcome.sentence}")

    def take(self, event: "DownloadEvent") -> None:
        """Fold one event of a transfer."""
        from isic_cli.services.download import events

        if isinstance(event, events.Advanced):
            self._flying[event.isic_id] = self._flying.get(event.isic_id, 0) + event.bytes
            self._ticker.bytes += event.bytes
            return
        # What was counted while it arrived is not counted twice.
        arrived = self._flying.pop(event.isic_id, 0)
        fresh = 0
        if isinstance(event, events.Finished):
            fresh = event.bytes
            for text in event.warnings:
                self._say(f"Warning: {event.isic_id}: {text}")
        elif isinstance(event, events.Skipped):
            self._cached += event.reason == events.CACHED
        self.add(events.outcome_of(event), bytes=fresh - arrived)

    def finish(self) -> None:
        """Say how many lines were left out."""
        if self._said > self._shown:
            click.echo(
                f"… and {self._said - self._shown:,} more; --report FILE has them all.", err=True
            )

    @property
    def code(self) -> ExitCode:
        """The exit code of a run whose bad items may be tried again."""
        return ExitCode.PARTIAL if self.bad else ExitCode.OK

    def _say(self, line: str) -> None:
        self._said += 1
        if self._said <= self._shown:
            click.echo(line, err=True)

    def summarize(self) -> None:
        """Say in one line what became of all."""
        counts = self._report.counts
        parts = [
            f"{counts.get('downloaded', 0):,} downloaded ({human_bytes(self._ticker.bytes)})",
            *([f"{self._cached:,} from the cache"] if self._cached else []),
            f"{counts.get('skipped', 0) - self._cached:,} already there",
        ]
        if counts.get("failed"):
            parts.append(f"{counts['failed']:,} FAILED")
        total = sum(counts.get(status, 0) for status in ("downloaded", "skipped", "failed"))
        note(f"{total:,} images: {', '.join(parts)}.")


def report_credits(credit: "Credits") -> None:
    """Say where the attributions are from, and for how many images the own one is unknown."""
    if credit.default:
        note(
            f"Attribution: the image's own for {credit.own:,}; for {credit.default:,} only the "
            "archive's default is known."
        )
    elif credit.own:
        note(f"Attribution: the image's own for {credit.own:,}.")


def report_option(thing: str) -> "Callable[[F], F]":
    """Add `--report`, which the command gets as `report_file`."""
    return click.option(
        "--report",
        "report_file",
        type=LocalPath(dir_okay=False),
        metavar="FILE",
        help=f"What became of each {thing}, as JSON lines.",
    )


#: Adds `-n`, for work that changes nothing but what the user named.
dry_run_option = click.option(
    "-n", "--dry-run", is_flag=True, help="Say what would be done; touch nothing."
)


@contextmanager
def reported(path: Path | None) -> "Iterator[Report]":
    """Write a report; whatever ends the block, its last line says how."""
    from isic_cli.services.run.report import Report

    with Report(path) as report:
        try:
            yield report
        except BaseException as error:
            code, words = _ending(error)
            report.summarize(exit_code=int(code), error=words)
            raise
        report.summarize(exit_code=int(ExitCode.OK))


def _ending(error: BaseException) -> tuple[ExitCode, str]:
    """Return the exit code that an error leads to, and what to say."""
    if isinstance(error, OSError):
        error = fault_of_machine(error) or error
    match error:
        case IsicError():
            return error.exit_code, error.message
        case KeyboardInterrupt() | click.Abort():
            return ExitCode.INTERRUPTED, "interrupted"
        case click.exceptions.Exit():  # somebody said no
            return ExitCode(error.exit_code), "nothing was done"
        case TerminatedError():
            return ExitCode.TERMINATED, "terminated"
        case _:
            return ExitCode.ERROR, f"unexpected {type(error).__name__}"
