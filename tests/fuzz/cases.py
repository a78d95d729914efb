"""What a trial does, drawn from its number: the same number is the same trial."""

import random
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from isic_cli.cli.command import Command
from tests.every_command.tree import COMMANDS
from tests.fuzz.damage import damage

Kind = Literal["options", "file", "write"]
KINDS: tuple[Kind, ...] = ("options", "file", "file", "write")

#: These wait for a person, a lock or a server on purpose.
_LEFT_OUT = {"--wait", "--wait-workers", "--executor", "--help"}
_WORDS = (
    *("", " ", "-1", "0", "1", "2", "0.5", "50%", "70:30", "1e309", "nan", "9" * 24, "0x10"),
    *("a,b", "x" * 300, "\udcff", "'", "%s", "ISIC_9000002", "isic_9000002", "diagnosis_1"),
    *("sex", "sex:male", "age_approx:[10 TO *]", "sex:", "(((", "isic2019", "melanoma", "1,2"),
    *("out", "out/", "ids.txt", "split.csv", "upload.csv", "mask.png", "labels", "new", "new.csv"),
    *("new.parquet", "new.jsonl", "no/such", "-", "study", "out/metadata.csv", "json", "csv"),
)
#: A write limit cuts within the first bytes, a row, a picture, or never.
_LIMITS = (0, 1, 100, 1000, 4096, 20_000, 60_000)


@dataclass(frozen=True)
class Case:
    """One trial.

    Attributes
    ----------
    arguments : tuple of str
        What follows `isic`.
    damaged : str
        The file that was damaged and how; empty for none.
    limit : int or None
        The greatest size of any file that the command may write, in bytes.
    fails : bool
        Whether the command cannot end well, so that exit 0 would be a lie.
    """

    number: int
    arguments: tuple[str, ...]
    damaged: str = ""
    limit: int | None = None
    fails: bool = False

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"ulimit {self.limit}; "
        line = shlex.join(word.encode("utf-8", "replace").decode() for word in self.arguments)
        return f"{self.number}: {self.damaged or ''} {limit}isic {line}"


def _readers() -> dict[str, list[list[str]]]:
    """Return, for each file or folder at the top, the examples that name it."""
    found: dict[str, list[list[str]]] = {}
    for command in COMMANDS.values():
        for example in command.examples if isinstance(command, Command) else ():
            words = shlex.split(example.partition(" > ")[0])[1:]
            for word in words:
                found.setdefault(word.split("=")[-1].strip("/").split("/")[0], []).append(words)
    return found


_READERS = _readers()


def _example(name: str, draw: random.Random) -> list[str]:
    command = COMMANDS[name]
    assert isinstance(command, Command)
    return shlex.split(draw.choice(command.examples).partition(" > ")[0])[1:]


def _options(name: str, draw: random.Random) -> list[str]:
    known = [
        param
        for param in COMMANDS[name].params
        if isinstance(param, click.Option) and not _LEFT_OUT & set(param.opts)
    ]
    words: list[str] = []
    for param in draw.sample(known, min(len(known), draw.randrange(1, 5))):
        words.append(draw.choice(param.opts))
        if param.is_flag or param.count:
            continue
        if isinstance(param.type, click.Choice) and draw.random() < 0.7:
            words.append(str(draw.choice(list(param.type.choices))))
        else:
            words.append(draw.choice(_WORDS))
    return words


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def draw_case(number: int, folder: Path, kinds: Sequence[Kind] = KINDS) -> Case:
    """Draw the trial of a number, of one of the kinds, and damage its file in the folder."""
    draw = random.Random(number)
    name = draw.choice(sorted(COMMANDS))
    kind = draw.choice(kinds)
    if kind == "options":
        return Case(number, (*_example(name, draw), *_options(name, draw)))
    if kind == "write":
        extra = _options(name, draw) if draw.random() < 0.3 else []
        return Case(number, (*_example(name, draw), *extra), limit=draw.choice(_LIMITS))
    files = _files(folder)
    state = [path for path in files if ".isic" in path.parts or path.suffix in {".csv", ".lock"}]
    path = draw.choice(state if draw.random() < 0.6 else files)
    top = path.relative_to(folder).parts[0]
    reader = draw.choice(_READERS.get(top, [["image", "list"]]))
    if (folder / top / "isic.lock").is_file() and draw.random() < 0.4:
        reader = ["--archive", top, *_example(name, draw)]
    how = damage(path, draw, files)
    return Case(number, tuple(reader), f"{path.relative_to(folder)} ({how});")
