"""Empty, huge, negative and unreadable values of every option of every command: never exit 1."""

import random
import shlex
from pathlib import Path

import click
import pytest

from isic_cli.cli.command import Command
from isic_cli.errors import ExitCode
from tests.every_command.conftest import Isic
from tests.every_command.test_help import NEEDS_INDEX
from tests.every_command.tree import COMMANDS, sampled

VALUES = [
    *("", " ", "-1", "0", "999999999999999999999999", "nan", "-inf", "1e309", "0x10", "٣"),
    *("x" * 5000, "\udcff\udcfe", "a,b,,c", "../..", "{", "'", "\n", "%s", "ISIC_9000002"),
]

#: Waiting for standard input or for a lock is no answer to a value.
ENDLESS = {"--wait"}


def trials(name: str) -> list[tuple[str, str]]:
    """Return every option of a command that takes a value, with every value, shuffled by name."""
    found = [
        (param.opts[-1], value)
        for param in COMMANDS[name].params
        if isinstance(param, click.Option) and not param.is_flag and not param.count
        if param.opts[-1] not in ENDLESS
        for value in VALUES
    ]
    random.Random(name).shuffle(found)
    return found


def example(name: str) -> list[str]:
    command = COMMANDS[name]
    assert isinstance(command, Command)
    return shlex.split(command.examples[-1].partition(" > ")[0])[1:]


def assert_none_is_a_bug(isic: Isic, name: str, count: int) -> None:
    if name in NEEDS_INDEX:
        assert isic("cache", "refresh").code == 0
    for option, value in trials(name)[:count]:
        done = isic(*example(name), option, value)
        assert done.code in set(ExitCode) - {ExitCode.ERROR}, (option, value[:20], done.text[-500:])
        assert "Traceback" not in done.err


@pytest.mark.slow
@pytest.mark.parametrize("name", sampled(list(COMMANDS), every=3))
def test_two_values_drawn_at_random_are_no_bug(name: str, isic: Isic) -> None:
    assert_none_is_a_bug(isic, name, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_many_values_drawn_at_random_are_no_bug(name: str, isic: Isic) -> None:
    assert_none_is_a_bug(isic, name, 20)


@pytest.mark.slow
@pytest.mark.parametrize("name", sampled(list(COMMANDS), every=4))
def test_arguments_that_cannot_be_are_no_bug(name: str, isic: Isic, work: Path) -> None:
    arguments = sum(isinstance(param, click.Argument) for param in COMMANDS[name].params)
    for value in ("", "\udcff\udcfe", "x" * 300, "nan") if arguments else ():
        done = isic(*name.split(), *[value] * arguments)
        assert done.code in set(ExitCode) - {ExitCode.ERROR}, (value[:20], done.text[-500:])


def test_every_whole_number_has_a_largest_value() -> None:
    """A larger one than the libraries take would fail wherever it is used."""
    endless = {
        f"{name} {param.opts[-1]}"
        for name, command in COMMANDS.items()
        for param in command.params
        if isinstance(param.type, click.types.IntParamType)
        and not getattr(param, "count", False)
        and not getattr(param.type, "max", None)
    }
    assert endless == set()


def test_a_number_that_is_too_large_is_told_so(isic: Isic) -> None:
    done = isic("image", "download", "ISIC_9000002", "new/", "--limit", "9" * 24)
    assert done.code == 2
    assert f"{'9' * 24} is too large: at most 2,147,483,647" in done.err
