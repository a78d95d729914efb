"""`isic dataset init` and `isic dataset check`: write a recipe, and find its mistakes."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isic_cli.cli.command import Command, grouped
from isic_cli.cli.complete import complete_collection, complete_scheme
from isic_cli.cli.options import LICENSE_CHOICES
from isic_cli.cli.params import LOCAL_TEXT, LocalPath
from isic_cli.cli.terminal import can_ask, note
from isic_cli.errors import ExitCode, UsageError
from isic_cli.services.build.choice import RecipeChoice

if TYPE_CHECKING:
    from collections.abc import Iterator


_DEFAULT = Path("isic-dataset.toml")


_choices = grouped(
    "chosen",
    RecipeChoice,
    click.option("--name", help="Names the data set and its folder."),
    click.option("-s", "--search", metavar="QUERY", help="In the archive's search language."),
    click.option(
        "-c",
        "--collection",
        "collections",
        multiple=True,
        metavar="ID|NAME|DOI",
        shell_complete=complete_collection,
        help="In this collection; repeatable.",
    ),
    click.option(
        "--from", "from_file", type=LOCAL_TEXT, metavar="FILE", help="A file of ISIC ids."
    ),
    click.option(
        "--license",
        type=click.Choice(LICENSE_CHOICES, case_sensitive=False),
        help="At most this restrictive.",
    ),
    click.option("--dedupe", is_flag=True, help="Leave out duplicates."),
    click.option(
        "--label",
        type=LOCAL_TEXT,
        metavar="SCHEME",
        shell_complete=complete_scheme,
        help="isic2019 and so on.",
    ),
    click.option("--ratio", metavar="70:10:20", help="Split it."),
    click.option("--to", "kind", metavar="LAYOUT", help="Export it: imagefolder, hf and so on."),
)


@click.command("init", cls=Command)
@click.argument("file", type=LocalPath(dir_okay=False), default=_DEFAULT, metavar="[RECIPE]")
@_choices
@click.option("--explain", is_flag=True, help="Print a recipe that explains every key.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of recipes, for editors.")
@click.pass_context
def init(
    ctx: click.Context, /, file: Path, chosen: RecipeChoice, explain: bool, schema: bool
) -> ExitCode:
    """Write a RECIPE of a data set, from the options or from a few questions.

    isic dataset build makes the data set that it describes; isic dataset check finds mistakes.

    isic dataset init melanoma.toml -s 'diagnosis_1:Malignant' --label isic2019 --ratio 70:10:20
    isic dataset init --explain
    """
    import json

    from isic_cli.services.build.model import recipe_schema
    from isic_cli.services.build.write import explained_recipe, write_recipe

    if explain or schema:
        click.echo(explained_recipe() if explain else json.dumps(recipe_schema(), indent=2))
        return ExitCode.OK
    if file.exists():
        raise UsageError(f"{file} is there already", hint="Name another file, or remove it.")
    archive = ctx.find_root().params.get("archive")
    if chosen.is_silent:
        chosen = _asked(file, archive)
    with faults_told():
        write_recipe(file, _text(file, chosen, archive))
    note(f"{file} is written. isic dataset build {file} builds it.")
    return ExitCode.OK


def _asked(file: Path, archive: str | None) -> RecipeChoice:
    """Ask what the data set is to be.

    Raises
    ------
    UsageError
        Where nobody can be asked.
    """
    if not can_ask():
        raise UsageError(
            "nothing was chosen, and nobody can be asked",
            hint="For example isic dataset init -s diagnosis_3:Nevus --ratio 70:10:20.",
        )

    chosen = RecipeChoice()
    for key, question, default in _QUESTIONS:
        chosen = click.prompt(
            question,
            default=default or file.stem,
            value_proc=partial(_answered, file, archive, chosen, key),
            err=True,
        )
    return replace(chosen, dedupe=click.confirm("Leave out duplicates?", default=True, err=True))


#: What stands for no answer.
_NONE = "none"
#: Key, question and default; that of a name is the file's.
_QUESTIONS = (
    ("name", "Name of the data set", ""),
    ("search", "Search (none: all images)", _NONE),
    ("license", "Most restrictive licence: cc-0, cc-by or cc-by-nc (none: any)", "cc-by"),
    ("label", "Labels: isic2019, another scheme or a file of rules", _NONE),
    ("ratio", "Split by patient and lesion", "70:10:20"),
    ("kind", "Layout of the export: imagefolder, hf, csv and so on", _NONE),
)


def _answered(
    file: Path, archive: str | None, chosen: RecipeChoice, key: str, answer: str
) -> RecipeChoice:
    """Return the choices with one more answer; a mistake makes the question come again."""
    from isic_cli.services.build.check import check_recipe
    from isic_cli.services.build.recipe import RecipeError, parse_recipe

    given = answer.strip()
    changed: dict[str, Any] = {key: None if given == _NONE else given}
    found = replace(chosen, **changed)
    try:
        check_recipe(parse_recipe(_text(file, found, archive), file))
    except RecipeError as error:
        first = error.faults[0]
        hint = f" ({first.hint})" if first.hint else ""
        raise click.BadParameter(f"{first.key} {first.message}{hint}") from error
    return found


def _text(file: Path, chosen: RecipeChoice, archive: str | None) -> str:
    from isic_cli.services.build.write import choice_text

    return choice_text(chosen, file, archive)


@click.command("check", cls=Command)
@click.argument("file", type=LocalPath(dir_okay=False), metavar="RECIPE")
def check(file: Path) -> ExitCode:
    """Find every mistake of a RECIPE, each with its line and column: exit 2.

    The archive is not asked: what a source gives is known when it is built.

    isic dataset check nevi.toml
    """
    from isic_cli.services.build.check import checked_recipe

    with faults_told():
        checked_recipe(file)
    note(f"{file} is good.")
    return ExitCode.OK


@contextmanager
def faults_told() -> "Iterator[None]":
    """Print each mistake of a recipe on a line of its own, as compilers do, before it is told."""
    from isic_cli.services.build.recipe import RecipeError

    try:
        yield
    except RecipeError as error:
        for one in error.faults:
            subject = f"{one.key} " if one.key else ""
            hint = f" ({one.hint})" if one.hint else ""
            place = f"{error.path}:{one.line}:{one.column}"
            click.echo(f"{place}: {subject}{one.message}{hint}", err=True)
        raise
