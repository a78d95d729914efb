"""All commands, from the Click tree: a new one is in every table at once."""

from collections.abc import Iterator, Sequence
from typing import Any

import click
import pytest

from isic_cli.cli.main import cli


def _walk(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(words), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _walk(below, (*words, name))


#: `image list` -> the command; groups and the root (an empty name) included.
TREE = dict(_walk(cli, ()))

#: The commands that do something: what is no group.
COMMANDS = {name: one for name, one in TREE.items() if not isinstance(one, click.Group)}


def with_option(option: str) -> list[str]:
    """Return the names of the commands that have an option, such as `--report`."""
    return [name for name, one in COMMANDS.items() if any(option in p.opts for p in one.params)]


def sampled(cases: Sequence[Any], *, every: int = 8) -> list[Any]:
    """Return the cases for `parametrize`: one of `every` runs always, the others are slow."""
    return [
        case
        if number % every == 0
        else pytest.param(*(case if isinstance(case, tuple) else [case]), marks=pytest.mark.slow)
        for number, case in enumerate(cases)
    ]
