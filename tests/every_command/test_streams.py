"""Closed and full standard streams, and pipes whose reader has gone: never exit 1."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from isic_cli.cli.command import Command
from tests.every_command.test_help import CODES, NEEDS_INDEX
from tests.every_command.tree import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
ISIC = f"{shlex.quote(sys.executable)} -m isic_cli"

#: A redirection of the shell, and the exit codes that it may lead to besides the command's own.
STREAMS = [
    (">&-", {8}),
    (">/dev/full", {8}),
    ("2>&-", set()),
    ("2>/dev/full", set()),
    ("<&-", set()),
    ("| true", {0}),
]


def shell(line: str, work: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.slow  # tests/cli/test_streams.py tries some commands always
@pytest.mark.parametrize("name", COMMANDS)
def test_a_stream_that_is_closed_full_or_gone_is_no_bug(name: str, work: Path) -> None:
    command = COMMANDS[name]
    assert isinstance(command, Command)
    example = command.examples[-1].partition(" > ")[0].removeprefix("isic ")
    if name in NEEDS_INDEX:
        assert shell(f"{ISIC} cache refresh", work).returncode == 0
    for redirection, codes in STREAMS:
        done = shell(f"{ISIC} {example} {redirection}", work)
        assert done.returncode in {*codes, CODES.get(name, 0)}, (redirection, done.stderr)
        assert "Traceback" not in done.stderr
