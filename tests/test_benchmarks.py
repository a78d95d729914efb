"""What benchmarks measure of a command is the command's own, and what they share is there."""

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

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


def test_what_a_benchmark_takes_from_another_is_there() -> None:
    trees = {
        path.stem: ast.parse(path.read_text("utf-8"))
        for path in Path(__file__).parents[1].joinpath("benchmarks").glob("*.py")
    }
    names = {stem: set(_names(tree)) for stem, tree in trees.items()}
    lacking = [
        f"{stem}: {one.module} has no {alias.name}"
        for stem, tree in trees.items()
        for one in ast.walk(tree)
        if isinstance(one, ast.ImportFrom)
        and (beside := (one.module or "").removeprefix("benchmarks.")) in names
        for alias in one.names
        if alias.name not in names[beside]
    ]
    assert len(trees) > 30
    assert lacking == []


def _names(tree: ast.Module) -> Iterator[str]:
    """Yield what a module defines or imports at its top."""
    for one in tree.body:
        match one:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((alias.asname or alias.name).partition(".")[0] for alias in names)
            case ast.Assign(targets=targets):
                yield from (name.id for name in targets if isinstance(name, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
