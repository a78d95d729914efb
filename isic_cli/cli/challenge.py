"""`isic challenge`: list and show; the other commands have modules of their own."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.challenge_download import base_url_option
from isic_cli.cli.command import renamed
from isic_cli.cli.complete import complete_task
from isic_cli.cli.context import Run, pass_run, show_address, web_option
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LOCAL_PATH
from isic_cli.cli.progress import human_bytes
from isic_cli.errors import ExitCode
from isic_cli.models.names import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from isic_cli.challenge.catalogue import ChallengeFile
    from isic_cli.config import Settings

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
@click.argument("names", nargs=-1, metavar="[YEAR[:TASK[:SPLIT]]]…", shell_complete=complete_task)
@renamed(
    "--check",
    "--ask-host",
    "check",
    is_flag=True,
    help="Ask the host for each file: is it there, how large?",
)
@base_url_option
@output_options(limit=True)
@pass_run
def list_files(
    run: Run, names: tuple[str, ...], check: bool, base_url: str | None, output: Output
) -> ExitCode:
    """List the files of the challenges: images, truths and metadata, with size and licence.

    The catalogue comes with this program; its sizes are those of the site, rounded. An edition is
    another form of the same data (DICOM, or before a correction), fetched only by its name. Exit
    code 7 of --check: files are gone or have another size.

    isic challenge list
    isic challenge list 2018:3:training
    """
    from isic_cli.challenge.catalogue import all_files, select_files, site_url

    files = dict.fromkeys(one for name in names for one in select_files(name)) or all_files()
    settings = run.settings()
    if check:
        return _check(settings, base_url, list(files), output)
    url = base_url or settings.challenge_url or site_url()
    output.write((one.row(url) for one in files), FILES)
    return ExitCode.OK


def _check(
    settings: "Settings", base_url: str | None, files: "list[ChallengeFile]", output: Output
) -> ExitCode:
    from isic_cli.services.challenge.host import checked_rows, open_host

    states: Counter[str] = Counter()

    def rows(found: "Iterator[dict[str, Any]]") -> "Iterator[dict[str, Any]]":
        for row in found:
            states[row["state"]] += 1
            yield row

    shape = Shape("file", ("file", "state", "bytes", "url"), (*FILES.leading, "state"))
    with open_host(settings, base_url) as (host, url):
        output.write(rows(checked_rows(host, url, files)), shape)
    wrong = states["gone"] + states["other size"]
    unknown = sum(states.values()) - wrong - states["ok"]
    parts = f"{states['ok']} as listed, {wrong} gone or of another size, {unknown} without answer"
    click.echo(f"{counted(len(files), 'file')}: {parts}.", err=True)
    return ExitCode.CHECK if wrong else ExitCode.NETWORK if unknown else ExitCode.OK


@challenge.command("show")
@click.argument("name", metavar="YEAR:TASK", shell_complete=complete_task)
@output_options()
@web_option
def show(name: str, output: Output, web: bool) -> ExitCode:
    """Show what a task asks: classes, metric, layout of the truth, pictures, files and papers.

    isic challenge show 2018:3
    isic challenge show milk10k
    """
    facts = _facts(name)
    if web:
        year = facts["task"].partition(":")[0]
        show_address(f"https://challenge.isic-archive.com/data/#{year}")
        return ExitCode.OK
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


@challenge.command("truth")
@click.argument("name", metavar="YEAR:TASK", shell_complete=complete_task)
@click.argument("sources", nargs=-1, required=True, type=LOCAL_PATH, metavar="SOURCE…")
@output_options(default="csv")
def truth(name: str, sources: tuple[Path, ...], output: Output) -> ExitCode:
    """Bring the truth of a challenge into one tidy table, whatever its year's layout.

    Sources are tables of the truth, a folder that holds them, or folders or ZIPs of masks; tables
    of lesions and of metadata beside them add their columns. A row has the id as it stands, the
    ISIC id, the label by its name, a column of 0 and 1 for each class, the weights of the score,
    and the split that the name of the file tells.

    isic challenge truth 2018:3 truth.csv -o labels.csv
    """
    from isic_cli.challenge.tasks import find_task
    from isic_cli.services.challenge.truth import tidy_truth

    table = tidy_truth(find_task(name), sources)
    count = output.write(table.rows, Shape(key=table.columns[0], columns=table.columns))
    click.echo(f"{count:,} rows of {', '.join(table.files)}.", err=True)
    return ExitCode.OK
