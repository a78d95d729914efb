"""`isic dataset cite`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.options import LICENSE_CHOICES
from isic_cli.cli.output import Output
from isic_cli.cli.sources import settle, source_argument
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from isic_cli.curation.cite import CitedSet, Source

_FORMS = ("bibtex", "apa", "cff", "text")


@click.command("cite")
@source_argument()
@click.option("--to", "form", type=click.Choice(_FORMS), default="bibtex", show_default=True)
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
    help="Name this collection, with its DOI; asks the archive. Repeatable.",
)
@click.option(
    "--license",
    "limit",
    type=click.Choice(LICENSE_CHOICES, case_sensitive=False),
    help="Exit 7 when an image is under a stricter licence.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
@pass_run
def cite(
    run: Run,
    /,
    source: Path,
    form: str,
    title: str,
    retrieved: datetime | None,
    collections: tuple[str, ...],
    limit: str | None,
    output: Path | None,
) -> ExitCode:
    """Cite exactly these images: whom to credit, the strictest licence, a hash of the ids.

    BibTeX, APA, a CITATION.cff, or the credits as plain text with their counts.
    """
    from isic_cli.services.cite import dataset as citing

    cited, table = citing.cite(
        source,
        archive=_archive(run),
        retrieved=retrieved.date() if retrieved else None,
        title=title,
        sources=_sources(run, collections) if collections else (),
        limit=limit,
    )
    with Output(path=output).opened() as stream:
        stream.write(_written(cited, form))
    _tell(cited)
    return settle(table.problems)


def _archive(run: Run) -> str:
    """Return the archive to name when the folder does not say: a folder itself is none."""
    from isic_cli.config import PROD_URL

    archive = run.settings().archive
    return archive.url if archive.kind == "remote" else PROD_URL


def _sources(run: Run, names: tuple[str, ...]) -> "list[Source]":
    from isic_cli.curation.cite import Source
    from isic_cli.services.select.live import resolve_collections

    with run.open() as api:
        return [Source(one.name, one.doi) for one in resolve_collections(api, names)]


def _written(cited: "CitedSet", form: str) -> str:
    from isic_cli.curation.cite import to_apa, to_bibtex, to_cff

    writers: dict[str, Any] = {"bibtex": to_bibtex, "apa": to_apa, "cff": to_cff, "text": _text}
    text: str = writers[form](cited)
    return text


def _text(cited: "CitedSet") -> str:
    lines = [f"{one.count:>8}  {one.license:<8}  {one.attribution}" for one in cited.credits]
    return "\n".join([cited.full_title, "", *lines, "", cited.note()]) + "\n"


def _tell(cited: "CitedSet") -> None:
    from isic_cli.curation.credit import set_license

    strictest = set_license(cited.credits)
    click.echo(
        f"{cited.images:,} images, {len(cited.authors):,} to credit, "
        f"strictest licence {strictest or 'unknown'}.",
        err=True,
    )
