"""Help: every page is readable, and every example does what it says on the demo archive."""

import shlex
from pathlib import Path

import click
import pytest

from isic_cli.cli.command import Command
from tests.every_command.conftest import Isic
from tests.every_command.tree import COMMANDS, TREE

#: Examples end with 0 but for these: two folders share images, the demo wants a login and has no
#: cohorts, and its DOI no page.
CODES = {
    "dataset check-leak": 7,
    "image similar": 6,
    "collection create": 4,
    "collection add": 4,
    "collection remove": 4,
    "collection add-images": 4,
    "collection remove-images": 4,
    "collection files": 6,
    "user show": 4,
    "user token": 4,
    "cohort list": 6,
    "cohort show": 6,
    "contributor list": 6,
    "contributor show": 6,
    "accession upload": 6,
}

#: Made before the examples of a command that needs an index.
NEEDS_INDEX = {"cache sql"}


def page(name: str) -> str:
    command = TREE[name]
    return command.get_help(click.Context(command, info_name=f"isic {name}".strip()))


@pytest.mark.parametrize("name", TREE)
def test_a_help_page_is_shown_as_it_was_meant(name: str) -> None:
    command = TREE[name]
    assert isinstance(command, Command), "made with cls=Command"
    text = page(name)
    assert "\\b" not in text
    for example in command.examples:
        assert f"\n  {example}\n" in f"{text}\n"
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert command.help
    assert [p.name for p in options if not p.help and not p.hidden] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_a_command_run_on_the_demo(name: str, isic: Isic, work: Path) -> None:
    command = COMMANDS[name]
    assert isinstance(command, Command)
    assert command.examples
    if name in NEEDS_INDEX:
        assert isic("cache", "refresh").code == 0
    for example in command.examples:
        words = shlex.split(example.partition(" > ")[0])[1:]
        assert " ".join(words).startswith(name)
        done = isic(*words)
        assert done.code == CODES.get(name, 0), f"{example}: {done.text}"
