"""`isic study agreement`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command, renamed
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import SHARE, Count, LocalPath
from isic_cli.cli.study_source import (
    conclude_answers,
    is_local,
    read_study,
    readable,
    source_argument,
    study_option,
)
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.services.study.data import StudyData
    from isic_cli.services.study.plain_tables import TableLayout


@click.command("agreement", cls=Command)
@source_argument("ID|NAME|FOLDER|TABLE")
@study_option
@renamed(
    "--by",
    "--per",
    "by",
    type=click.Choice(["question", "annotator", "image"]),
    default="question",
    show_default=True,
    help="Coefficients of each question, of each annotator against the others, or of each image.",
)
@click.option("--question", "questions", multiple=True, metavar="PROMPT", help="Only this one.")
@click.option(
    "--annotator", "annotators", multiple=True, metavar="ID", help="Only these annotators."
)
@click.option(
    "--ordinal",
    multiple=True,
    metavar="PROMPT[=LOW|…|HIGH]",
    help="The choices of this question have an order: that of the study, or the one given.",
)
@click.option(
    "--long",
    metavar="IMAGE,ANNOTATOR,ANSWER",
    help="Columns of a table with a row for each answer, where they have other names.",
)
@click.option(
    "--answers",
    type=click.Choice(["choices", "numbers"]),
    help="What the answers of a plain table are; by default choices, or numbers if one has a "
    "fraction or there are more than ten.",
)
@click.option("--ci", type=SHARE, metavar="LEVEL", help="Draw intervals, such as 0.95.")
@click.option("--rounds", type=Count(1), default=1000, show_default=True, help="Resamples of --ci.")
@click.option(
    "--seed", type=Count(0), default=0, show_default=True, help="Of all that is drawn by chance."
)
@click.option(
    "--plot",
    type=LocalPath(dir_okay=False),
    metavar="FILE",
    help="Draw it, by question or annotator: .png, .svg or .pdf.",
)
@output_options()
@pass_run
def agreement(
    run: Run,
    /,
    source: str,
    number: int | None,
    by: str,
    questions: tuple[str, ...],
    annotators: tuple[str, ...],
    ordinal: tuple[str, ...],
    long: str | None,
    answers: str | None,
    ci: float | None,
    rounds: int,
    seed: int,
    plot: Path | None,
    output: Output,
) -> ExitCode:
    """Measure how far the annotators of a study, or of any table of answers, agree.

    A table has the columns image, annotator and answer, or a column for each annotator. Choices:
    percent agreement, the κ of Cohen (two annotators), Conger and Fleiss, Krippendorff's α, Gwet's
    AC1; with --ordinal weighted κ, AC2 and ordinal α. Numbers: interval α and the six intraclass
    correlations of Shrout and Fleiss. A multi-select choice is a question of its own: picked or
    not. `error` is the standard error over images. What is undefined says why. Exit code 3: some
    answers cannot be read and are left out.

    isic study agreement 1
    isic study agreement 1 --ci 0.95 --rounds 100 --plot agreement.svg
    """
    from isic_cli.agreement.bootstrap import Bootstrap
    from isic_cli.services.plot import check_plot
    from isic_cli.services.study import measure

    if plot is not None:
        check_plot(plot)
        if by == "image":
            raise UsageError("--plot draws coefficients, and an image alone has none")
    bootstrap = None if ci is None else Bootstrap(level=ci, rounds=rounds, seed=seed)
    layout = _layout(source, long, answers)
    found = read_study(run, source, number=number, layout=layout).of_annotators(annotators)
    tables, ordered = measure.study_tables(found, questions=questions, ordinal=ordinal)
    if by == "question":
        rows = measure.by_question(tables, ordered=ordered, bootstrap=bootstrap)
    elif by == "annotator":
        rows = measure.by_annotator(tables, found.annotators, bootstrap=bootstrap)
    else:
        rows = measure.by_image(tables)
    if plot is not None:  # first: whoever reads the rows may stop, as `head` does
        from isic_cli.services.study.plot import agreement_title, draw_agreement

        kept = list(rows)
        draw_agreement(kept, plot, title=agreement_title(found.title, by, ci))
        rows = iter(kept)
    output.write(readable(rows, output), _agreement_shape(by, intervals=bootstrap is not None))
    _name_silent(found)
    return conclude_answers(found.unreadable)


def _layout(source: str, long: str | None, answers: str | None) -> "TableLayout":
    from isic_cli.services.study.plain_tables import TableLayout

    if (long or answers) and not (is_local(source) and not Path(source).is_dir()):
        raise UsageError("--long and --answers describe a table, and the source is not a file")
    columns = None if long is None else tuple(name.strip() for name in long.split(","))
    return TableLayout(columns, None if answers is None else answers == "numbers")


def _agreement_shape(by: str, *, intervals: bool) -> Shape:
    from isic_cli.services.study.measure import FIGURES, QUESTION

    leading = () if by == "question" else (by,)
    unused = set() if intervals and by != "image" else {"low", "high"}
    if by == "image":
        unused |= {"error", "items", "left_out"}
    columns = (*leading, *QUESTION, *(name for name in FIGURES if name not in unused))
    return Shape(key=columns[0], columns=columns)


def _name_silent(found: "StudyData") -> None:
    """Name the annotators who were asked and answered nothing."""
    answered = {item.annotator for item in found.responses}
    if silent := [annotator for annotator in found.annotators if annotator not in answered]:
        click.echo(f"Warning: no answers from {', '.join(silent)}", err=True)
