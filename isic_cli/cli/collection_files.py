"""`isic collection files`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command
from isic_cli.cli.complete import complete_collection
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.outcome import Fold, report_option, reported
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import LocalPath
from isic_cli.cli.progress import Progress, human_bytes, progress_option
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.api.archive import ArchiveApi
    from isic_cli.api.doi_page import PublishedFile
    from isic_cli.services.run.report import Report

FILES = Shape(key="name", columns=("name", "size", "type", "description", "url"))


@click.command("files", cls=Command)
@click.argument("name", metavar="ID|NAME|DOI", shell_complete=complete_collection)
@click.option(
    "--download",
    "folder",
    type=LocalPath(file_okay=False),
    metavar="DIR",
    help="Fetch the files into this folder; a file that was cut goes on where it was.",
)
@report_option("file")
@output_options()
@progress_option
@pass_run
def files(
    run: Run,
    name: str,
    folder: Path | None,
    report_file: Path | None,
    output: Output,
    progress: str,
) -> ExitCode:
    """List, or fetch, the frozen files of a collection that has a DOI.

    The bundle of images and metadata, the metadata, and supplements, as they were published.

    isic collection files 1
    """
    from isic_cli.services.collections.change import find_collection
    from isic_cli.services.download.published import published_files

    with reported(report_file) as report, run.open() as api:
        listed = published_files(api, find_collection(api, name))
        if folder is None:
            output.write((_row(one) for one in listed), FILES)
            return ExitCode.OK
        code = _fetch(api, listed, folder, report, progress)
        report.summarize(exit_code=int(code))
    return code


def _row(one: "PublishedFile") -> dict[str, Any]:
    return {key: getattr(one, key) for key in FILES.columns}


def _fetch(
    api: "ArchiveApi", listed: "list[PublishedFile]", folder: Path, report: "Report", mode: str
) -> ExitCode:
    from isic_cli.services.download.published import fetch_published

    with Progress("fetching", "files", mode=mode, total=len(listed)) as ticker:

        def arrived(count: int) -> None:
            ticker.bytes += count

        fold = Fold(report, ticker)
        for one in fetch_published(
            api, listed, folder, retries=api.settings.retries, advance=arrived
        ):
            fold.add(one)
            if not one.is_bad:
                click.echo(f"{one.path}: {one.status}, {human_bytes(one.bytes or 0)}", err=True)
    fold.finish()
    return fold.code
