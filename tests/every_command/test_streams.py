"""Closed and full standard streams, and pipes whose reader has gone: never exit 1."""

import shlex
from pathlib import Path

import pytest

from isic_cli.cli.command import Command
from tests.every_command.test_help import CODES, NEEDS_INDEX
from tests.every_command.tree import COMMANDS
from tests.support.forks import Forks

#: A descriptor, what it is, and the exit codes to which that may lead besides the command's own.
STREAMS = [
    (1, "closed", {8}),
    (1, "/dev/full", {8}),
    (1, "gone", {0}),
    (2, "closed", set()),
    (2, "/dev/full", set()),
    (0, "closed", set()),
]


@pytest.mark.slow  # tests/cli/test_streams.py tries some commands always
@pytest.mark.parametrize("name", COMMANDS)
def test_a_stream_that_is_closed_full_or_gone_is_no_bug(
    name: str, work: Path, forks: Forks
) -> None:
    command = COMMANDS[name]
    assert isinstance(command, Command)
    example = command.examples[-1].partition(" > ")[0].removeprefix("isic ")
    if name in NEEDS_INDEX:
        assert forks.run("cache", "refresh").code == 0
    for number, stream, codes in STREAMS:
        done = forks.run(*shlex.split(example), streams={number: stream})
        assert done.code in {*codes, CODES.get(name, 0)}, (number, stream, done.stderr)
        assert "Traceback" not in done.stderr
