"""Which study a command works on: a number or a name of the archive, a folder, or a file."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.complete import complete_study
from isic_cli.cli.context import Run
from isic_cli.cli.params import LOCAL_TEXT, Count, LocalPath
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from isic_cli.cli.output import Output
    from isic_cli.services.study.data import StudyData
    from isic_cli.services.study.plain_tables import TableLayout
    from isic_cli.services.study.responses import UnreadableAnswer

#: What tells a file that is not there from the name of a study.
_SUFFIXES = (".csv", ".tsv", ".xlsx", ".parquet", ".json", ".jsonl", ".gz")

#: Failures of single images shown on standard error.
SHOWN = 10

study_option = click.option(
    "--study",
    "number",
    type=Count(1),
    metavar="ID",
    help="Which study, where a folder holds several.",
)
images_option = click.option(
    "--images",
    "folders",
    type=LocalPath(),
    multiple=True,
    metavar="FOLDER",
    help="Look for photographs and superpixel maps here too; repeatable.",
)


def source_argument(metavar: str) -> Callable[[Any], Any]:
    """Add the argument that names the study."""
    return click.argument("source", type=LOCAL_TEXT, metavar=metavar, shell_complete=complete_study)


def is_local(source: str) -> bool:
    """Whether a source is a file or a folder; a bare number is always a study of the archive."""
    if source.isdecimal():
        return False
    path = Path(source)
    named = path.name != source or path.suffix.lower() in _SUFFIXES
    return named or path.exists()


def read_study(
    run: Run,
    source: str,
    *,
    number: int | None = None,
    folders: tuple[Path, ...] = (),
    layout: "TableLayout | None" = None,
) -> "StudyData":
    """Read the study that the user names."""
    if is_local(source):
        from isic_cli.services.study.sources import AS_FOUND, open_study

        return open_study(Path(source), number=number, images=folders, layout=layout or AS_FOUND)
    from isic_cli.services.study.fetch import fetch_study
    from isic_cli.services.study.find import find_study

    with run.open() as api:
        return fetch_study(api, find_study(api, source))


def conclude_answers(unreadable: "Sequence[UnreadableAnswer]") -> ExitCode:
    """Name the answers that could not be read, and return what that means for the exit code."""
    for answer in unreadable[:SHOWN]:
        click.echo(f"Failed: {answer.reason}", err=True)
    if len(unreadable) > SHOWN:
        click.echo(f"… and {len(unreadable) - SHOWN} more.", err=True)
    return ExitCode.PARTIAL if unreadable else ExitCode.OK


def readable(rows: "Iterable[dict[str, Any]]", output: "Output") -> "Iterator[dict[str, Any]]":
    """Yield rows with three digits after the point where a person reads them, else as they are."""
    if output.resolved_format() != "table":
        yield from rows
        return
    for row in rows:
        yield {
            name: f"{value:.3f}" if isinstance(value, float) else value
            for name, value in row.items()
        }
