"""What the superpixel commands share: options, and folding outcomes to words and an exit code."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import grouped
from isic_cli.cli.context import Run
from isic_cli.cli.outcome import report_option, reported
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.terminal import note
from isic_cli.errors import (
    AuthError,
    CheckError,
    ExitCode,
    IsicError,
    LocalError,
    NetworkError,
    NotFoundError,
    PartialError,
    UsageError,
)

if TYPE_CHECKING:
    from isic_cli.services.run.report import Report
    from isic_cli.services.superpixels.batch import Attempted
    from isic_cli.services.superpixels.locate import Locator
    from isic_cli.services.superpixels.sources import Missing, Source

#: Failures that are told one by one; the report has all of them.
_SHOWN = 10

_REASONS = (UsageError, CheckError, NotFoundError, LocalError, NetworkError, AuthError)


@dataclass(frozen=True, slots=True)
class BatchChoice:
    """How a command works on files, and where it tells of them."""

    jobs: int | None
    report_file: Path | None
    progress: str


#: Adds `--jobs`, `--report` and `--progress`; the command hands its `batch` to `Batch.open`.
batch_options = grouped(
    "batch",
    BatchChoice,
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, 256),
        help="Processes side by side; as many as there are processors by default.",
    ),
    report_option("file"),
    progress_option,
)


@dataclass
class Batch:
    """One run over some files.

    Attributes
    ----------
    locator : Locator
        Finds the files.
    jobs : int
        Processes side by side.
    checks : bool
        Damaged files are the answer (exit 7), not failed items.
    reads : bool
        Nothing is written for an item: the path in the report is that of the file it was read from.
    """

    locator: "Locator"
    jobs: int
    ticker: Progress
    report: "Report"
    checks: bool = False
    reads: bool = False
    failures: "list[Attempted[Any]]" = field(default_factory=list)
    good: int = 0

    @classmethod
    @contextmanager
    def open(
        cls,
        run: Run,
        label: str,
        chosen: BatchChoice,
        *,
        checks: bool = False,
        reads: bool = False,
    ) -> "Iterator[Batch]":
        """Open the files' locator, the report and the progress of a run."""
        from isic_cli.services.run.workers import processors
        from isic_cli.services.superpixels.locate import Locator

        with (
            reported(chosen.report_file) as items,
            Locator(run.open) as locator,
            Progress(label, "files", mode=chosen.progress) as ticker,
        ):
            batch = cls(locator, chosen.jobs or processors(), ticker, items, checks, reads)
            yield batch
            items.summarize(exit_code=int(batch.code()))

    def tasks(
        self, sources: "Iterable[Source | Missing]", task: "Callable[[Source], Any]"
    ) -> Iterator[Any]:
        """Yield a task per source; a source that is missing, or no task, is a failed item."""
        from isic_cli.services.superpixels.batch import Attempted
        from isic_cli.services.superpixels.sources import Missing

        for source in sources:
            if isinstance(source, Missing):
                yield Attempted(source.name, error=source.error)
                continue
            try:
                yield task(source)
            except IsicError as error:
                yield Attempted(source.name, error=error)

    def run(
        self, tasks: Iterable[Any], work: Callable[[Any], Any], *, few: int | None = None
    ) -> Iterator[Any]:
        """Yield the outcomes that came to an end, in order; failures are told and counted.

        Raises
        ------
        IsicError
            At the end, when nothing succeeded: whoever writes the outcomes to a file then leaves
            an older file as it was.
        """
        from isic_cli.services.superpixels.batch import FEW, run_batch

        for outcome in run_batch(tasks, work, jobs=self.jobs, few=few or FEW):
            self.ticker.advance(failed=outcome.error is not None)
            for warning in outcome.warnings:
                click.echo(f"Warning: {warning}", err=True)
            self._note(outcome)
            if outcome.error is None:
                self.good += 1
            else:
                self._report_outcome(outcome)
            if outcome.error is None or self._is_answer(outcome):
                yield outcome
        if self.failures and not self.good:
            self._raise()

    def _report_outcome(self, outcome: "Attempted[Any]") -> None:
        """Tell a failure; the first waits until it is known not to be the only item."""
        self.failures.append(outcome)
        if len(self.failures) == 2:
            click.echo(_failed(self.failures[0]), err=True)
        if 2 <= len(self.failures) <= _SHOWN:
            click.echo(_failed(outcome), err=True)

    def _is_answer(self, outcome: "Attempted[Any]") -> bool:
        return self.checks and isinstance(outcome.error, CheckError)

    def _raise(self) -> None:
        errors = [outcome.error for outcome in self.failures if outcome.error]
        if len(errors) == 1:
            raise errors[0]
        kind: type[IsicError] = PartialError
        if any(map(self._is_answer, self.failures)):
            kind = CheckError
        elif len(codes := {error.exit_code for error in errors}) == 1:
            # To run again would not help: nothing was done, and all for one reason.
            kind = next((kind for kind in _REASONS if kind.exit_code in codes), kind)
        hints = {error.hint for error in errors}
        hint = hints.pop() if len(hints) == 1 else None  # what helps one helps all
        raise kind(f"all {len(errors):,} files failed", hint=hint)

    def _note(self, outcome: "Attempted[Any]") -> None:
        from isic_cli.models.ids import first_id
        from isic_cli.models.outcomes import Outcome
        from isic_cli.services.superpixels.target import Written

        value = outcome.value
        written = value if isinstance(value, Written) else getattr(value, "written", None)
        done = Outcome(first_id(outcome.name), "done", seconds=round(outcome.seconds, 4))
        if outcome.error:
            done = done._replace(status="failed", reason=outcome.error.message)
        if self.reads and Path(outcome.name).is_file():  # not an id of the archive
            done = done._replace(path=outcome.name)
        if written is not None:
            done = done._replace(
                status="skipped" if written.skipped else done.status,
                reason=written.note,
                bytes=written.bytes,
                path=str(written.path),
                sha256=written.sha256,
            )
        self.report.add(done)

    def code(self) -> ExitCode:
        """Return the exit code: 7 when a check found damage, 3 when some of several failed."""
        if any(map(self._is_answer, self.failures)):
            return ExitCode.CHECK
        return ExitCode.PARTIAL if self.failures else ExitCode.OK

    def finish(self, *, said: str | None = None) -> ExitCode:
        """Tell the sum, where there were several files, and return the exit code."""
        if len(self.failures) == 1:
            click.echo(_failed(self.failures[0]), err=True)
        if len(self.failures) > _SHOWN:
            more = len(self.failures) - _SHOWN
            click.echo(f"… and {more} more; --report FILE has them all.", err=True)
        if said and self.good + len(self.failures) > 1:
            failed = f", {len(self.failures):,} FAILED" if self.failures else ""
            note(f"{self.good:,} {said}{failed}.")
        return self.code()


def _failed(outcome: "Attempted[Any]") -> str:
    """Return the sentence about a failure among several, which always names its item."""
    from isic_cli.models.ids import first_id

    message = outcome.error.message if outcome.error else ""
    is_named = outcome.name in message or first_id(outcome.name) in message
    return f"Failed: {message if is_named else f'{outcome.name}: {message}'}"


def is_many(arguments: Iterable[str]) -> bool:
    """Whether there may be several items: several arguments, or a folder."""
    found = list(arguments)
    return len(found) > 1 or any(Path(argument).is_dir() for argument in found)


def each_its_own(arguments: Iterable[str], place: str | Path | None, files: str) -> None:
    """Refuse what belongs to one image where there may be several.

    Maps of one size would all take it without a word.

    Parameters
    ----------
    arguments : iterable of str
        What names the items.
    place : str, Path or None
        Where their partners are: a folder serves any number of items.
    files : str
        What the files of such a folder are called, for the hint.

    Raises
    ------
    UsageError
        A file, or the name of one in the archive. What is not there is not found, later.
    """
    from isic_cli.models.ids import find_ids

    if place is None or Path(place).is_dir() or not is_many(arguments):
        return
    if Path(place).exists() or find_ids(str(place)):
        raise UsageError(
            f"{place} belongs to one image, and there may be several",
            hint=f"name a folder of files {files}",
        )


def primed(rows: Iterable[Any]) -> Iterator[Any]:
    """Return the same rows, the first one worked out now: if it fails, nothing is written."""
    source = iter(rows)
    return chain(list(islice(source, 1)), source)


labels_option = click.option(
    "--labels", metavar="1,5-9", help="These superpixels: numbers and ranges."
)


def parsed_labels(text: str | None) -> Any:
    """Return the choice of labels that was made, None when none was."""
    from isic_cli.superpixel.choice import LabelChoice

    return None if text is None else LabelChoice.parse(text)
