"""`isic challenge`: list and show; the other commands have modules of their own."""

from typing import Any

import click

from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.progress import human_bytes
from isic_cli.errors import ExitCode

FILES = Shape(
    key="file",
    columns=("file", "year", "task", "split", "kind", "bytes", "license", "pictures"),
    leading=(
        *("file", "year", "task", "split", "kind", "edition", "bytes", "license"),
        *("pictures", "url", "papers"),
    ),
)


@click.group(
    cls=LazyGroup,
    lazy={
        "download": (
            "isic_cli.cli.challenge_download:download",
            "Download files of the challenges, check and unpack them.",
        ),
        "truth": (
            "isic_cli.cli.challenge_truth:truth",
            "Bring the truth of a challenge into one tidy table, whatever its year's layout.",
        ),
        "validate": (
            "isic_cli.cli.challenge_validate:validate",
            "Find all faults of a submission, each with its line and column, before it is sent.",
        ),
        "score": (
            "isic_cli.cli.challenge_score:score",
            "Score predictions as the challenge does: overall, and of each class.",
        ),
    },
)
def challenge() -> None:
    """Find and fetch the data of the ISIC challenges, and check and score predictions.

    A challenge is a year, 2016 to 2020, 2024, or milk10k; YEAR:TASK is one of its tasks.
    """


@challenge.command("list")
@click.argument("names", nargs=-1, metavar="[YEAR[:TASK[:SPLIT]]]…")
@output_options()
def list_files(names: tuple[str, ...], output: Output) -> ExitCode:
    """List the files of the challenges: images, truths and metadata, with size and licence.

    The catalogue comes with this program; its sizes are those of the site, rounded. An edition is
    another form of the same data (DICOM, or before a correction), fetched only by its name.

    isic challenge list
    isic challenge list 2018:3:training
    """
    from isic_cli.challenge.catalogue import all_files, select_files, site_url

    files = [one for name in names for one in select_files(name)] if names else all_files()
    output.write((one.row(site_url()) for one in dict.fromkeys(files)), FILES)
    return ExitCode.OK


@challenge.command("show")
@click.argument("name", metavar="YEAR:TASK")
@output_options()
def show(name: str, output: Output) -> ExitCode:
    """Show what a task asks: classes, metric, layout of the truth, pictures, files and papers.

    isic challenge show 2018:3
    isic challenge show milk10k
    """
    facts = _facts(name)
    if output.resolved_format() == "table" and not output.fields:
        with output.opened() as stream:
            stream.writelines(f"{key:<9} {_in_words(value)}\n" for key, value in facts.items())
    else:
        output.write([facts], Shape(key="task", columns=tuple(facts)))
    return ExitCode.OK


def _in_words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {name}" for name, count in value.items())
    if isinstance(value, list):
        return (",\n" + " " * 10 if any("." in one for one in value) else ", ").join(value)
    return human_bytes(value) if isinstance(value, int) else str(value)


def _facts(name: str) -> dict[str, Any]:
    from isic_cli.challenge.catalogue import select_files
    from isic_cli.challenge.tasks import find_task

    task = find_task(name)
    files = [one for one in select_files(task.id) if not one.edition]
    papers = {paper.link: None for one in files for paper in one.papers()}
    return {
        "task": task.id,
        "title": task.title,
        "kind": task.kind,
        "asks": task.asks,
        "classes": list(task.classes),
        "metric": task.metric,
        "layout": task.layout,
        "pictures": dict(task.pictures),
        "license": next(one.license for one in files),
        "files": [one.name for one in files],
        "bytes": sum(one.size for one in files),
        "papers": list(papers),
    }
