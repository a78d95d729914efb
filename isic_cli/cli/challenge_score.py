"""`isic challenge score`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LOCAL_PATH, LOCAL_TEXT, SHARE, Count, LocalPath
from isic_cli.cli.study_source import readable
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.agreement.bootstrap import Bootstrap
    from isic_cli.challenge.score import ScoreOptions
    from isic_cli.challenge.truth import Truth

_FIGURES = (
    *("balanced_accuracy", "accuracy", "sensitivity", "specificity", "dice", "ppv", "npv"),
    *("auc", "auc_sens_80", "pauc", "ap", "brier", "ece"),
)


@dataclass(frozen=True, slots=True)
class _Named:
    """What the arguments name."""

    task: str
    truth: Path
    predictions: tuple[Path, ...]

    @property
    def kind(self) -> str:
        """What the task asks for."""
        from isic_cli.challenge.tasks import find_task

        return find_task(self.task).kind if self.task else "classification"


@click.command("score", cls=Command)
@click.argument(
    "arguments",
    nargs=-1,
    type=LOCAL_TEXT,
    metavar="[YEAR:TASK] TRUTH PREDICTION…",
    required=True,
)
@click.option(
    "--truth-column",
    metavar="COLUMN",
    help="Score by a column of any table of your own, without a challenge.",
)
@click.option("--metadata", type=LOCAL_PATH, metavar="TABLE", help="Patients, lesions, facts.")
@click.option("--metric", type=click.Choice(_FIGURES), help="Instead of the challenge's own.")
@click.option("--by", metavar="FIELD", help="Also score each value of a field apart: sex, site.")
@click.option(
    "--ci",
    type=SHARE,
    is_flag=False,
    flag_value=0.95,
    metavar="[LEVEL]",
    help="Draw intervals; of 0.95 unless a level follows.",
)
@click.option(
    "--unit",
    type=click.Choice(["patient", "lesion", "image"]),
    help="What is drawn for them; by default the first that is known.",
)
@click.option("--rounds", type=Count(1), default=1000, show_default=True, help="Resamples of --ci.")
@click.option(
    "--seed", type=Count(0), default=0, show_default=True, help="Of all that is drawn by chance."
)
@click.option(
    "--plot",
    type=LocalPath(dir_okay=False),
    metavar="FILE",
    help="Draw ROC, precision, calibration, confusion: .png, .svg or .pdf.",
)
@output_options()
def score(
    arguments: tuple[str, ...],
    truth_column: str | None,
    metadata: Path | None,
    metric: str | None,
    by: str | None,
    ci: float | None,
    unit: str | None,
    rounds: int,
    seed: int,
    plot: Path | None,
    output: Output,
) -> ExitCode:
    """Score predictions as the challenge does: overall, and of each class.

    The figures equal those of the site's own scorer. `score` is what the challenge ranks by, or
    the part of a class in it; other figures over all are means of the classes. `brier` and `ece`
    tell how far predictions are probabilities. Of several predictions each is compared with the
    first, on the same draws. Masks are in folders or ZIPs, those of the truth too. A file that the
    site would refuse is refused, with exit code 7.

    isic challenge score melanomas.csv chances.csv --truth-column melanoma
    isic challenge score 2018:3 truth.csv predictions.csv baseline.csv --ci --rounds 100
    """
    from isic_cli.agreement.bootstrap import Bootstrap
    from isic_cli.challenge.score import ScoreOptions, scored
    from isic_cli.services.challenge.plot import plot_scores
    from isic_cli.services.challenge.scoring import read_any_predictions, read_any_truth
    from isic_cli.services.plot import check_plot
    from isic_cli.services.run.workers import open_threads, processors

    named = _named(arguments, truth_column)
    bootstrap = None if ci is None else Bootstrap(level=ci, rounds=rounds, seed=seed)
    if named.kind in {"segmentation", "attributes"}:
        return _score_masks(named, bootstrap, output, alone=(metadata, metric, by, unit, plot))
    if plot is not None:
        check_plot(plot)
    truth = read_any_truth(named.task, named.truth, column=truth_column, metadata=metadata)
    predictions = read_any_predictions(truth, named.predictions)
    options = ScoreOptions(metric or "", by or "", bootstrap, unit)
    if plot is not None:  # first: whoever reads the rows may stop, as `head` does
        plot_scores(truth, predictions, plot)
    with open_threads(processors()) as threads:
        rows = scored(truth, predictions, options, threads.stream)
        output.write(readable(rows, output), _shape(options, len(predictions)))
    _say(truth, options)
    return ExitCode.OK


def _named(arguments: tuple[str, ...], truth_column: str | None) -> _Named:
    task, rest = ("", arguments) if truth_column else (arguments[0], arguments[1:])
    if len(rest) < 2:
        before = "" if truth_column else "YEAR:TASK, "
        raise UsageError(f"give {before}the truth, and at least one file of predictions")
    return _Named(task, Path(rest[0]), tuple(map(Path, rest[1:])))


def _score_masks(
    named: _Named, bootstrap: "Bootstrap | None", output: Output, *, alone: tuple[object, ...]
) -> ExitCode:
    """Score folders or ZIPs of masks; `alone` holds what is for tables only."""
    from isic_cli.challenge.masks import MASK_FIGURES
    from isic_cli.challenge.tasks import find_task
    from isic_cli.services.challenge.masks import score_masks

    if any(value is not None for value in alone):
        raise UsageError(
            "--metadata, --metric, --by, --unit and --plot are for tables, not for masks"
        )
    task = find_task(named.task)
    rows = score_masks(task, named.truth, named.predictions, bootstrap)
    figures = ("jaccard", "dice") if task.kind == "attributes" else MASK_FIGURES
    columns = [name for name in rows[0] if name not in figures]
    output.write(readable(iter(rows), output), Shape("prediction", (*columns, *figures)))
    click.echo(f"The score is {task.metric}, of {rows[0]['items']:,} masks.", err=True)
    return ExitCode.OK


def _shape(options: "ScoreOptions", predictions: int) -> Shape:
    interval = ("low", "high") if options.bootstrap else ()
    ends = ("difference_low", "difference_high") if options.bootstrap else ()
    difference = ("difference", *ends) if predictions > 1 else ()
    by = (options.by,) if options.by else ()
    first = ("prediction", *by, "class", "items", "positives", "score", *interval, *difference)
    return Shape(key="prediction", columns=(*first, "validation", *_FIGURES[1:]))


def _say(truth: "Truth", options: "ScoreOptions") -> None:
    from isic_cli.challenge.score import figure_of

    drawn = ""
    if options.bootstrap is not None:
        unit, groups = truth.groups(options.unit)
        drawn = f", {options.bootstrap.rounds:,} draws of {int(groups.max()) + 1:,} {unit}s"
    name = figure_of(truth, options.metric)
    click.echo(f"The score is {name}, of {len(truth.ids):,} rows{drawn}.", err=True)
