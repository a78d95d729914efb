"""`isic collection`: list, show, diff and cite."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import renamed
from isic_cli.cli.complete import complete_collection
from isic_cli.cli.context import Run, pass_run, web_option
from isic_cli.cli.lazy import LazyGroup
from isic_cli.cli.output import Output, Shape, output_options
from isic_cli.cli.params import style_option
from isic_cli.cli.rows import COLLECTIONS, fail_empty_option, none_found
from isic_cli.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from isic_cli.api.archive import ArchiveApi
    from isic_cli.curation.reference import Style
    from isic_cli.models.collection import Collection
    from isic_cli.services.collections.change import Where

_DIFFERENCES = Shape(key="isic_id", columns=("isic_id", "in"))
_COUNTED = Shape(key="id", columns=("id", "name", "images", *COLLECTIONS.columns[2:]))


@click.group(
    cls=LazyGroup,
    lazy={
        "create": ("isic_cli.cli.curating:create", "Make a collection of a selection."),
        "add": ("isic_cli.cli.curating:add", "Add images to a collection."),
        "remove": ("isic_cli.cli.curating:remove", "Remove images from a collection."),
        "delete": ("isic_cli.cli.curating:delete", "Delete a collection."),
        "files": (
            "isic_cli.cli.collection_files:files",
            "The frozen files of a collection with a DOI.",
        ),
        "add-images": ("isic_cli.cli.curating:add_images", "The official spelling of add."),
        "remove-images": ("isic_cli.cli.curating:remove_images", "That of remove."),
    },
)
def collection() -> None:
    """List, show, make, change, compare and cite collections."""


@collection.command("list")
@click.option("--pinned", is_flag=True, help="Only those that the archive features.")
@click.option("--doi", "with_doi", is_flag=True, help="Only those with a DOI.")
@click.option("--mine", is_flag=True, help="Only those that you made: one request more each.")
@click.option("--counts", is_flag=True, help="How many images each has: one request more each.")
@output_options(limit=True)
@fail_empty_option
@pass_run
def list_collections(
    run: Run,
    pinned: bool,
    with_doi: bool,
    mine: bool,
    counts: bool,
    output: Output,
    fail_empty: bool,
) -> ExitCode:
    """List the collections that you may see, the newest first.

    isic collection list --pinned --counts
    """
    from isic_cli.services.collections.change import made_by_me

    with run.open() as api:
        found = api.collections(pinned=True if pinned else None)
        chosen = (item for item in found if item.doi or not with_doi)
        rows = _rows(api, made_by_me(api, chosen) if mine else chosen, counts=counts)
        count = output.write(rows, _COUNTED if counts else COLLECTIONS)
    if not count:
        none_found(
            "collection", "isic collection list shows all that you may see", fail_empty=fail_empty
        )
    return ExitCode.OK


def _rows(
    api: "ArchiveApi", collections: "Iterable[Collection]", *, counts: bool
) -> "Iterator[dict[str, Any]]":
    for item in collections:
        row = item.model_dump(mode="json")
        if counts:
            row["images"] = api.search(collections=[item.id]).count()
        yield row


@collection.command("show")
@click.argument("name", metavar="ID|NAME|DOI", shell_complete=complete_collection)
@output_options()
@web_option
@pass_run
def show_collection(run: Run, name: str, output: Output, web: bool) -> ExitCode:
    """Show one collection: its facts, how many images, under which licences, whom to credit.

    isic collection show 1
    """
    from isic_cli.services.select.live import resolve_collections

    with run.open() as api:
        (found,) = resolve_collections(api, [name])
        if web:
            run.show_page(f"collections/{found.id}")
            return ExitCode.OK
        credit = api.collection_attribution(found.id)
        images = api.search(collections=[found.id]).count()
    licenses: dict[str, int] = {}
    for entry in credit:
        licenses[entry.license] = licenses.get(entry.license, 0) + entry.count
    row = found.model_dump(mode="json") | {
        "images": images,
        "licenses": licenses,
        "attribution": [entry.model_dump(mode="json") for entry in credit],
    }
    if output.resolved_format() == "table" and not output.fields:
        with output.opened() as stream:
            stream.write(_card(row))
    else:
        output.write([row], Shape(key="id", columns=tuple(row)))
    return ExitCode.OK


def _card(row: dict[str, Any]) -> str:
    names = [name for name in row if name not in {"licenses", "attribution"}]
    lines = [f"{name:<12}  {row[name]}" for name in names if row[name] not in {None, ""}]
    lines.append("")
    lines += [f"{count:>8}  {name}" for name, count in sorted(row["licenses"].items())]
    lines.append("")
    lines += [
        f"{entry['count']:>8}  {entry['license']:<8}  {entry['attribution']}"
        for entry in sorted(row["attribution"], key=lambda entry: -entry["count"])
    ]
    return "\n".join(lines) + "\n"


@collection.command("diff")
@click.argument("a", metavar="ID|NAME", shell_complete=complete_collection)
@click.argument("b", metavar="ID|NAME", shell_complete=complete_collection)
@click.option("--only", type=click.Choice(["a", "b", "both"]), help="Only the ids of one kind.")
@click.option("--exit-code", is_flag=True, help="Exit 7 when the two differ.")
@output_options()
@pass_run
def compare(
    run: Run, a: str, b: str, only: "Where | None", exit_code: bool, output: Output
) -> ExitCode:
    """Compare the images of two collections: only in A, only in B, in both.

    isic collection diff 1 2 --only a -q
    """
    from isic_cli.services.collections.change import compare_collections, find_collection

    counts: Counter[str] = Counter()
    with run.open() as api:
        pairs = compare_collections(api, find_collection(api, a), find_collection(api, b))
        output.write(_differences(pairs, only, counts), _DIFFERENCES)
    click.echo(
        f"Only in A: {counts['a']:,}. Only in B: {counts['b']:,}. In both: {counts['both']:,}.",
        err=True,
    )
    differ = counts["a"] + counts["b"] > 0
    return ExitCode.CHECK if differ and exit_code else ExitCode.OK


def _differences(
    pairs: "Iterator[tuple[str, Where]]", only: "Where | None", counts: Counter[str]
) -> "Iterator[dict[str, Any]]":
    for isic_id, where in pairs:
        counts[where] += 1
        if only is None or where == only:
            yield {"isic_id": isic_id, "in": where}


@collection.command("cite")
@click.argument("name", metavar="ID|NAME|DOI", shell_complete=complete_collection)
@style_option("apa")
@renamed("--offline", "--no-doi-org", "offline", is_flag=True, help="Do not ask doi.org.")
@pass_run
def cite(run: Run, name: str, style: "Style", offline: bool) -> ExitCode:
    """Print a citation of a collection.

    A DOI is cited as doi.org cites it. Without one, or without doi.org, the citation is made of
    the collection's name and the attributions of its images.

    isic collection cite 1 --style bibtex
    """
    from isic_cli.services.cite.collection import cite as written
    from isic_cli.services.collections.change import find_collection

    with run.open() as api:
        click.echo(written(api, find_collection(api, name), style, offline=offline), nl=False)
    return ExitCode.OK
