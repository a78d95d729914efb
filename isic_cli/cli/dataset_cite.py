"""`isic dataset cite`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command, renamed
from isic_cli.cli.complete import complete_collection
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.options import LICENSE_CHOICES
from isic_cli.cli.output import Output
from isic_cli.cli.params import LocalPath, style_option
from isic_cli.cli.sources import report_problems, source_argument, warn
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.curation.reference import Reference, Style
    from isic_cli.services.cite.dataset import CitedCollection


# `--to` is what this option was called before `collection cite` and it had one name.
@click.command(
    "cite",
    cls=Command,
    context_settings={"token_normalize_func": lambda name: "style" if name == "to" else name},
)
@source_argument()
@style_option("bibtex")
@click.option("--title", default="", help="By default made of the number of images.")
@click.option(
    "--retrieved",
    type=click.DateTime(["%Y-%m-%d"]),
    help="When the archive was asked; by default what the lock or the files say.",
)
@click.option(
    "-c",
    "--collection",
    "collections",
    multiple=True,
    metavar="ID|NAME|DOI",
    shell_complete=complete_collection,
    help="Name this collection, with its DOI; asks the archive. Repeatable.",
)
@renamed(
    "--license",
    "--fail-license",
    "limit",
    type=click.Choice(LICENSE_CHOICES, case_sensitive=False),
    help="Exit 7 when an image is under a stricter licence.",
)
@click.option("-o", "--output", type=LocalPath(), help="Write to a file.")
@pass_run
def cite(
    run: Run,
    /,
    source: Path,
    style: "Style",
    title: str,
    retrieved: datetime | None,
    collections: tuple[str, ...],
    limit: str | None,
    output: Path | None,
) -> ExitCode:
    """Cite exactly these images: whom to credit, the strictest licence, a hash of the ids.

    BibTeX, APA, CSL-JSON, RIS, a CITATION.cff, or the credits as plain text with their counts.
    The papers that a known data set obliges one to cite come along. The archive is the one that
    the lock names, else the one of --archive.

    isic dataset cite out/ --style bibtex
    """
    from isic_cli.curation.cite import written
    from isic_cli.services.cite.archive import archive_for
    from isic_cli.services.cite.dataset import cite as compose

    cited, table = compose(
        source,
        archive=archive_for(source, run.settings),
        retrieved=retrieved.date() if retrieved else None,
        title=title,
        sources=_sources(run, collections) if collections else (),
        limit=limit,
    )
    with Output(path=output).opened() as stream:
        stream.write(written(cited, style))
    _report(cited)
    return report_problems(table.problems)


def _sources(run: Run, names: tuple[str, ...]) -> "list[CitedCollection]":
    from isic_cli.services.cite.dataset import CitedCollection
    from isic_cli.services.select.live import resolve_collections

    with run.open() as api:
        return [CitedCollection(one.name, one.doi) for one in resolve_collections(api, names)]


def _report(cited: "Reference") -> None:
    from isic_cli.curation.credit import license_sentence
    from isic_cli.services.cite.archive import unnamed

    images = sum(one.count for one in cited.credits)
    sentence = license_sentence(cited.credits)
    click.echo(f"{images:,} images, {len(cited.creators):,} to credit. {sentence}", err=True)
    warn(unnamed(cited.publisher, "--archive prod"))
