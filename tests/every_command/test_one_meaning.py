"""An option means the same wherever it occurs; a name that it had before is still understood."""

from collections import defaultdict

import click
import pytest

from isic_cli.cli.command import RenamedOption
from tests.every_command.conftest import Isic
from tests.every_command.tree import COMMANDS

#: What the wordings of an option have in common, where commands word it for themselves.
MEANINGS = {
    "--alpha": "opacity of the marks",
    "--by": "by the values of this field",
    "--ci": "draw intervals of this level",
    "--collection": "this collection",
    "--column": "where the new column goes",
    "--dry-run": "say what would be done, and do nothing",
    "--embeddings": "vectors of the user's own model",
    "--exit-code": "exit 7 when there is a difference",
    "--explain": "say why",
    "--feature": "only this feature",
    "--features": "a feature file, or a folder of them",
    "--files": "about single files",
    "--from": "these ISIC ids",
    "--image": "this photograph",
    "--jobs": "pieces of work side by side",
    "--label": "the labels of a challenge",
    "--locked": "exactly what the lock says, or exit 7",
    "--max-age": "refuse what is older",
    "--max-size": "a largest size",
    "--metadata": "a table of metadata",
    "--method": "how it is done",
    "--only": "nothing but this",
    "--outdir": "a folder for pictures, beside the rows of -o",
    "--output": "where the result goes",
    "--pairs": "known duplicates",
    "--plot": "draw it into this file",
    "--quiet": "nothing but the essential: ids of a listing, warnings and errors of work",
    "--ratio": "shares of train, val and test",
    "--report": "what became of each item, as JSON lines",
    "--search": "a query in the archive's language",
    "--seed": "of what is drawn by chance",
    "--serial": "page after page",
    "--sheet": "draw a contact sheet",
    "--threshold": "more than this share",
    "--timeout": "seconds without a byte",
    "--title": "the heading",
    "--to": "the format to write",
    "--wait": "seconds to wait for another run",
    "--with": "what goes along",
    "--write-exclude": "write the ids to leave out",
    "--yes": "do not ask",
}

#: What each renamed option was called, by the command.
RENAMED = {
    "cache refresh": {"--collections": "--memberships"},
    "challenge list": {"--check": "--ask-host"},
    "collection cite": {"--offline": "--no-doi-org"},
    "dataset cite": {"--license": "--fail-license"},
    "dataset split": {"--strict": "--fail-conflict", "--ids": "--write-ids"},
    "dataset sync": {"--check": "--integrity"},
    "dataset verify": {"--check": "--integrity"},
    "image download": {"--check": "--integrity"},
    "image gallery": {"--check": "--integrity"},
    "image similar": {"-n": "--limit"},
    "metadata labels": {"--to": "--translate"},
    "study agreement": {"--by": "--per"},
    "study overlay": {"--outdir": "--output", "-d": "--output"},
    "superpixel generate": {"--force": "--overwrite"},
}


def options(name: str) -> list[click.Option]:
    return [param for param in COMMANDS[name].params if isinstance(param, click.Option)]


def names(option: click.Option) -> list[str]:
    former = option.former if isinstance(option, RenamedOption) else ()
    return [name for name in option.opts if name not in former and name.startswith("--")]


def test_an_option_has_one_wording_or_one_meaning_that_all_wordings_share() -> None:
    wordings = defaultdict(set)
    kinds = defaultdict(set)
    for command in COMMANDS:
        for option in options(command):
            for name in names(option) if not option.hidden else ():
                wordings[name].add(option.help)
                kinds[name].add(option.is_flag)
    several = {name for name, helps in wordings.items() if len(helps) > 1}
    assert several - {*MEANINGS, "--limit"} == set()
    assert {name for name in several if len(kinds[name]) > 1} == set()


def test_a_renamed_option_is_understood_by_its_old_name_and_shown_by_the_new_one() -> None:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for command in COMMANDS:
        for option in options(command):
            if isinstance(option, RenamedOption):
                found[command] |= dict.fromkeys(option.former, names(option)[0])
                record = option.get_help_record(click.Context(COMMANDS[command]))
                assert record is not None
                assert not {*option.former} & {*record[0].replace(",", " ").split()}
    assert dict(found) == RENAMED


@pytest.mark.parametrize("option", ["--check", "--integrity"])
def test_an_old_spelling_does_what_the_new_one_does(option: str, isic: Isic) -> None:
    done = isic("image", "download", "ISIC_9000002", "new/", option, "decode")
    assert done.code == 0, done.err
    assert isic("dataset", "verify", "new/", option, "pixels").code == 2
