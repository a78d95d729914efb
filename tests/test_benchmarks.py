"""What benchmarks measure of a command is the command's own."""

import os
import sys

import pytest

from benchmarks.timing import measured

_HELD = "held = bytearray(b'x') * (64 << 20)"


def test_the_memory_of_a_command_is_not_that_of_the_process_that_runs_it() -> None:
    held = bytearray(b"x") * (256 << 20)
    small = measured([sys.executable, "-S", "-c", "pass"], os.environ)
    large = measured([sys.executable, "-S", "-c", _HELD], os.environ)
    assert len(held) == 256 << 20
    assert small.peak_mb < 64 < large.peak_mb < 128
    assert small.cpu > 0
    assert small.seconds > 0


def test_a_command_that_ends_otherwise_ends_the_benchmark() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('it broke')"]
    with pytest.raises(SystemExit, match=r"ended with 1:\nit broke"):
        measured(command, os.environ)
    measured(command, os.environ, code=1)
