"""`isic study`: list, show and responses; the other commands have modules of their own."""

from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.complete import complete_study
from isic_cli.cli.context import Run, pass_run, web_option
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.rows import fail_empty_option, none_found
from isic_cli.cli.study_source import (
    conclude_answers,
    read_study,
    source_argument,
    study_option,
)
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from isic_cli.services.study.fetch import Shown
    from isic_cli.services.study.responses import Response


@click.group(
    cls=LazyGroup,
    lazy={
        "download": (
            "isic_cli.cli.study_download:download",
            "Download a study with its answers, annotations and images.",
        ),
        "agreement": (
            "isic_cli.cli.study_agreement:agreement",
            "Measure how far the annotators agree.",
        ),
        "consensus": (
            "isic_cli.cli.study_consensus:consensus",
            "Reduce answers, annotations or masks to one.",
        ),
        "overlay": (
            "isic_cli.cli.study_overlay:overlay",
            "Draw the annotations over the photographs.",
        ),
    },
)
def study() -> None:
    """Read what was answered and annotated in studies, and how far they agree."""


@study.command("list")
@click.argument("text", default="")
@output_options(limit=True)
@fail_empty_option
@pass_run
def list_studies(run: Run, text: str, output: Output, fail_empty: bool) -> ExitCode:
    """List the studies, or those with TEXT in their name.

    The archive lists studies for staff only; for everybody else it finds public ones by a word
    of their name. Exit code 3: it failed to describe some of them.

    isic study list demo
    """
    from isic_cli.api.studies import CHOICES_HINT
    from isic_cli.services.study.find import COLUMNS, Listing

    with run.open() as api:
        listing = Listing(api, text)
        count = output.write(listing.rows(), Shape(key="id", columns=COLUMNS))
    if listing.failed:
        numbers = ", ".join(map(str, listing.failed))
        click.echo(f"Error: the archive cannot describe these studies: {numbers}", err=True)
        click.echo(f"Hint: {CHOICES_HINT}", err=True)
        return ExitCode.PARTIAL
    if not count:
        none_found(
            "study",
            "ask for a word of its name; only staff sees the list of all",
            fail_empty=fail_empty,
        )
    return ExitCode.OK


@study.command("show")
@click.argument("name", metavar="ID|NAME", shell_complete=complete_study)
@output_options()
@web_option
@pass_run
def show_study(run: Run, name: str, output: Output, web: bool) -> ExitCode:
    """Show one study: what was asked, and how much was answered.

    Exit code 3: the archive failed to describe it, or some answers cannot be read; what else is
    known is shown.

    isic study show 1
    """
    from isic_cli.services.study.fetch import look_at
    from isic_cli.services.study.find import find_study

    with run.open() as api:
        number = find_study(api, name)
        if web:
            run.show_page(f"studies/{number}")
            return ExitCode.OK
        shown = look_at(api, number)
    if output.resolved_format() == "table" and not output.fields:
        with output.opened() as stream:
            stream.write(_card(shown))
    else:
        row = shown.row()
        output.write([row], Shape(key="id", columns=tuple(row)))
    code = conclude_answers(shown.data.unreadable)
    if shown.error is None:
        return code
    click.echo(f"Error: {shown.error.message}", err=True)
    click.echo(f"Hint: {shown.error.hint}", err=True)
    return ExitCode.PARTIAL


@study.command("responses")
@source_argument("ID|NAME|FOLDER|CSV")
@study_option
@click.option("--wide", is_flag=True, help="One row for each image and annotator.")
@output_options()
@pass_run
def responses(run: Run, source: str, number: int | None, wide: bool, output: Output) -> ExitCode:
    """Print the answers of a study: numbers and lists decoded, durations in seconds.

    A study of the archive must be public; a login page is never taken for a CSV (exit code 4).
    Exit code 3: some answers cannot be read and are left out.

    isic study responses 1 -o answers.csv
    """
    found = read_study(run, source, number=number)
    if wide:
        from isic_cli.services.study.tables import widen

        table = widen(found.responses)
        output.write(table.rows, Shape(key="image", columns=table.columns))
    else:
        from isic_cli.services.study.responses import COLUMNS

        output.write(_long(found.responses), Shape(key="image", columns=COLUMNS))
    if not found.responses:
        click.echo("Nobody has answered.", err=True)
    return conclude_answers(found.unreadable)


def _long(answers: "tuple[Response, ...]") -> "Iterator[dict[str, Any]]":
    for item in answers:
        yield {
            "image": item.image,
            "annotator": item.annotator,
            "annotation_duration": item.seconds,
            "question": item.question,
            "question_type": item.kind,
            "answer": item.answer,
        }


def _card(shown: "Shown") -> str:
    row = shown.row()
    facts = ("id", "name", "created", "creator", "images", "readers", "answers")
    lines = [f"{name:<12}  {row[name]}" for name in facts if row[name] not in {None, ""}]
    if row["description"]:
        lines += ["", row["description"]]
    for question in row["questions"]:
        lines += ["", f"{question['prompt']}  ({question['type']})"]
        lines += [f"    {choice['text']}" for choice in question.get("choices", ())]
    if row["features"]:
        lines += ["", "Features:"]
        lines += [f"    {' : '.join(feature['name'])}" for feature in row["features"]]
    return "\n".join(lines) + "\n"
