"""`isic collection`: create, add, remove, delete, and the official spellings of two of them."""

from typing import TYPE_CHECKING

import click

from isic_cli.cli.command import Command
from isic_cli.cli.complete import complete_collection
from isic_cli.cli.context import Run, pass_run
from isic_cli.cli.options import selection_options
from isic_cli.cli.outcome import reported
from isic_cli.cli.params import LOCAL_TEXT
from isic_cli.cli.terminal import can_ask, confirm, note
from isic_cli.cli.writing import WriteChoice, change_members, send, write_options
from isic_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from isic_cli.models.collection import Collection
    from isic_cli.models.selection import Selection
    from isic_cli.services.collections.members import Verb


@click.command("add", cls=Command)
@click.argument("name", metavar="ID|NAME", shell_complete=complete_collection)
@selection_options
@write_options
@pass_run
def add(
    run: Run,
    name: str,
    selection: "Selection",
    writing: WriteChoice,
) -> ExitCode:
    """Add images to a collection.

    Ids go in groups of 500, in their order. A selection of only a search and collections is
    handed to the archive, which goes on after it has answered. Exit code 3: some ids were
    refused, the others are in. What was a member before is counted as such.

    isic collection add 3 --from ids.txt --report run.jsonl
    """
    return _change(run, name, selection, "add", writing)


@click.command("remove", cls=Command)
@click.argument("name", metavar="ID|NAME", shell_complete=complete_collection)
@selection_options
@write_options
@pass_run
def remove(
    run: Run,
    name: str,
    selection: "Selection",
    writing: WriteChoice,
) -> ExitCode:
    """Remove images from a collection; what is not a member is counted as such.

    isic collection remove 3 --from ids.txt
    """
    return _change(run, name, selection, "remove", writing)


def _change(
    run: Run,
    name: str,
    selection: "Selection",
    verb: "Verb",
    writing: WriteChoice,
) -> ExitCode:
    from isic_cli.services.collections.change import MembershipChange, find_to_write

    with reported(writing.report_file) as report, run.open() as api:
        change = MembershipChange(api, find_to_write(api, name), selection, verb)
        return change_members(change, report, writing)


def _official(verb: "Verb") -> click.Command:
    @click.command(
        f"{verb}-images",
        cls=Command,
        help=f"The official spelling of `isic collection {verb}`.\n\n"
        f"isic collection {verb}-images 3 --from-isic-ids ids.txt",
    )
    @click.argument("collection_id", metavar="ID|NAME", shell_complete=complete_collection)
    @click.option(
        "--from-isic-ids",
        "ids_file",
        type=LOCAL_TEXT,
        metavar="FILE",
        required=True,
        help="- for standard input.",
    )
    @write_options
    @pass_run
    def command(
        run: Run,
        collection_id: str,
        ids_file: str,
        writing: WriteChoice,
    ) -> ExitCode:
        from isic_cli.models.selection import Selection
        from isic_cli.tables.ids import read_ids

        selection = Selection(ids=read_ids(ids_file))
        return _change(run, collection_id, selection, verb, writing)

    return command


add_images = _official("add")
remove_images = _official("remove")


@click.command("create", cls=Command)
@click.argument("name")
@selection_options
@click.option("--description", default="", help="Shown on the collection's page.")
@write_options
@pass_run
def create(
    run: Run,
    name: str,
    selection: "Selection",
    description: str,
    writing: WriteChoice,
) -> ExitCode:
    """Make a private collection of a selection, and print its id.

    The archive cannot make an empty one: select at least one image.

    isic collection create 'Melanoma under 40' -s 'diagnosis_1:Malignant'
    """
    from isic_cli.models.collection import Collection
    from isic_cli.services.collections.change import MembershipChange, make_collection

    with reported(writing.report_file) as report, run.open() as api:
        if writing.dry_run:
            change = MembershipChange(api, Collection(id=0, name=name), selection, "add")
            return change_members(change, report, writing)
        change, isic_ids = make_collection(api, name, selection, description=description)
        click.echo(change.collection.id)
        return send(change, isic_ids, report, writing.progress)


@click.command("delete", cls=Command)
@click.argument("name", metavar="ID|NAME", shell_complete=complete_collection)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be deleted; delete nothing.")
@pass_run
def delete(run: Run, name: str, yes: bool, dry_run: bool) -> ExitCode:
    """Delete a collection; its images stay in the archive.

    One that is locked, has a study or a DOI cannot be deleted.

    isic collection delete 3 --dry-run
    """
    from isic_cli.services.collections.change import delete_collection, find_to_write

    with run.open() as api:
        found = find_to_write(api, name)
        delete_collection(api, found, dry_run=True)
        if dry_run:
            note(f"Would delete collection {found.id} ({found.name}).")
            return ExitCode.OK
        if not yes:
            _confirm(found)
        delete_collection(api, found)
    note(f"Deleted collection {found.id} ({found.name}).")
    return ExitCode.OK


def _confirm(found: "Collection") -> None:
    if not can_ask():
        raise UsageError(
            f"collection {found.id} ({found.name}) would be deleted",
            hint="Say so with --yes: there is no terminal to ask at.",
        )
    confirm(f"Delete collection {found.id} ({found.name})?")
