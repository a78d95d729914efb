"""`isic dataset build`: a data set from one file."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.dataset_recipe import faults_told
from isic_cli.cli.executor import executor_options
from isic_cli.cli.outcome import Fold, report_option, reported
from isic_cli.cli.params import LocalPath, Number
from isic_cli.cli.progress import Progress, progress_option
from isic_cli.cli.terminal import note
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.config import Settings
    from isic_cli.services.build.build import Build
    from isic_cli.services.build.events import BuildEvent
    from isic_cli.services.run.report import Report
    from isic_cli.services.run.workers import ExecutorSpec


@click.command("build", cls=Command)
@click.argument("recipe", type=LocalPath(dir_okay=False))
@click.argument("out", type=LocalPath(file_okay=False), required=False)
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be done and why.")
@click.option("--stage", default="", metavar="NAME", help="Stop after this stage.")
@click.option("--locked", is_flag=True, help="Build exactly what build.lock says, or exit 7.")
@click.option(
    "--lock",
    "lock_file",
    type=LocalPath(dir_okay=False),
    metavar="FILE",
    help="With --locked: this one.  [default: OUT/build.lock]",
)
@click.option("--update", is_flag=True, help="Ask the archive anew; changes.md says what changed.")
@click.option(
    "--wait",
    type=Number(0),
    default=0.0,
    metavar="SECONDS",
    help="Wait for another build of the folder, instead of exit 10 at once.",
)
@report_option("image")
@executor_options()
@progress_option
@pass_run
def build(
    run: Run,
    /,
    recipe: Path,
    out: Path | None,
    dry_run: bool,
    stage: str,
    locked: bool,
    lock_file: Path | None,
    update: bool,
    wait: float,
    report_file: Path | None,
    executor: "ExecutorSpec",
    progress: str,
) -> ExitCode:
    """Build the data set of a RECIPE in OUT, by default the folder of its name.

    Selects, excludes, finds duplicates, labels, splits and exports; only what changed is done
    again. OUT has dataset.csv, excluded.csv with a reason for each image, build.lock, pictures
    and the exports. An archive that has changed is told; --update moves on to it.

    isic dataset build nevi.toml --dry-run
    isic dataset build nevi.toml
    """
    from isic_cli.services.build.build import Build, held
    from isic_cli.services.build.check import checked_recipe
    from isic_cli.services.build.events import BuildOptions
    from isic_cli.services.build.lock import LOCK, BuildLock

    if lock_file is not None and not locked:
        raise UsageError("--lock needs --locked")
    if locked and update:
        raise UsageError("--locked and --update contradict each other")
    with reported(report_file) as report, faults_told(), ExitStack() as stack:
        file = checked_recipe(recipe)
        folder = out or Path(file.recipe.name)
        lock = BuildLock.open(lock_file or folder / LOCK) if locked else None
        options = BuildOptions(update, lock, stage, executor)
        if not dry_run:
            stack.enter_context(held(folder, wait))
        job = Build(file, folder, lambda name: _settings(run, name, executor.jobs), options)
        code = _show_plan(job) if dry_run else _build(job, report, progress)
        report.summarize(exit_code=int(code))
    return code


def _settings(run: Run, archive: str, jobs: int | None) -> "Settings":
    """Return the settings of an archive that a recipe names."""
    chosen = replace(run, archive=archive) if archive else run
    return chosen.settings(jobs=min(jobs, 64) if jobs else None)


def _show_plan(job: "Build") -> ExitCode:
    for name, why in job.plan():
        click.echo(f"{name:<24} {why or 'as it should be'}")
    note("Nothing was touched.")
    return ExitCode.OK


def _build(job: "Build", report: "Report", mode: str) -> ExitCode:
    """Run a build with its progress, and say what came of each stage."""
    from contextlib import closing

    with closing(_StageLines(report, mode)) as lines:
        for event in job.run():
            lines.take(event)
    if report.is_wanted and job.is_whole:
        for fate in job.fates():
            report.add(fate)
    return ExitCode.OK


class _StageLines:
    """Shows the stage that runs, and then a line of what came of it."""

    def __init__(self, report: "Report", mode: str) -> None:
        self._report = report
        self._mode = mode
        self._ticker: Progress | None = None
        self._fold: Fold | None = None
        self._kept: list[str] = []

    def take(self, event: "BuildEvent") -> None:
        """Show one event."""
        from isic_cli.models.outcomes import Outcome
        from isic_cli.services.build import events

        match event:
            case events.StageKept():
                self._kept.append(event.stage)
            case events.BuildWarned():
                click.echo(f"Warning: {event.text}", err=True)
            case events.StageBegun():
                self._begin(event.stage, event.unit, event.total)
            case events.StageEnded():
                self.close()
                note(f"{event.stage:<12} {event.summary}")
            case events.StageAdvanced():
                if self._ticker is not None:
                    self._ticker.done += event.count
            case Outcome():
                if self._fold is not None:
                    self._fold.add(event)
            case _:
                if self._fold is not None:
                    self._fold.take(event)

    def _begin(self, stage: str, unit: str, total: int | None) -> None:
        self._say_kept()
        self._ticker = Progress(stage, unit, mode=self._mode, total=total)
        self._ticker.__enter__()
        self._fold = Fold(self._report, self._ticker)

    def _say_kept(self) -> None:
        if self._kept:
            note(f"As before: {', '.join(self._kept)}.")
            self._kept.clear()

    def close(self) -> None:
        """End what is shown."""
        ticker, self._ticker = self._ticker, None
        if ticker is not None:
            ticker.__exit__(None, None, None)
        if self._fold is not None:
            self._fold.finish()
            self._fold = None
        self._say_kept()
