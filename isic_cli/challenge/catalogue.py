"""The catalogue: every file that the challenges publish, and which of them a name means."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from isic_cli.challenge.tasks import SPLITS, YEARS, ChallengeTask, Split, find_task, tasks_of
from isic_cli.curation.reference import Reference, obliged
from isic_cli.errors import NotFoundError, UsageError
from isic_cli.files.load import parse_json

Kind = Literal["images", "truth", "metadata"]

_POWERS = {"KB": 1, "MB": 2, "GB": 3}
#: Characters that tell nearly every picture from the files of the challenges.
_BEGIN = 9
_SUFFIX = re.compile(r"\.(zip|csv)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ChallengeFile:
    """One file as the challenge site publishes it.

    Attributes
    ----------
    tasks : tuple of str
        Names of the year's tasks that the file serves.
    edition : str
        Another form of the same data, fetched only by its name; empty for the usual one.
    size : int
        Bytes as the site shows them, rounded.
    sizes : tuple of int
        Between which the bytes lie that the site may round so, by powers of ten or of two.
    pictures : int or None
        How many pictures it holds, where that is published.
    """

    year: str
    tasks: tuple[str, ...]
    split: Split
    kind: Kind
    edition: str
    name: str
    size: int
    sizes: tuple[int, int]
    license: str
    pictures: int | None

    @property
    def is_zip(self) -> bool:
        """Whether it holds members."""
        return self.name.endswith(".zip")

    @property
    def stem(self) -> str:
        """The name without its suffix: the folder that a ZIP is unpacked to."""
        return _SUFFIX.sub("", self.name)

    def url(self, base_url: str) -> str:
        """Return the file's address under a host that lays them out as the site does."""
        return f"{base_url.rstrip('/')}/{quote(self.year)}/{quote(self.name)}"

    def papers(self) -> list[Reference]:
        """Return what using the file obliges one to cite."""
        first = find_task(f"{self.year}:{self.tasks[0]}")
        return obliged([f"{first.source} {self.split}"])

    def row(self, base_url: str) -> dict[str, Any]:
        """Return the file as a row of `isic challenge list`."""
        return {
            "file": self.name,
            "year": self.year,
            "task": ", ".join(self.tasks),
            "split": self.split,
            "kind": self.kind,
            "edition": self.edition or None,
            "bytes": self.size,
            "license": self.license,
            "pictures": self.pictures,
            "url": self.url(base_url),
            "papers": ", ".join(paper.doi or paper.title for paper in self.papers()),
        }


@cache
def _table() -> dict[str, Any]:
    text = resources.files("isic_cli.challenge").joinpath("files.json").read_text("utf-8")
    table: dict[str, Any] = parse_json(text)
    return table


def site_url() -> str:
    """Return where the challenge site keeps its files."""
    return str(_table()["base_url"])


@cache
def all_files() -> tuple[ChallengeFile, ...]:
    """Return every file of the catalogue, by year, as the site lists them."""
    return tuple(
        ChallengeFile(year, tuple(tasks), split, kind, edition, name, *_bytes(size), terms, count)
        for year, tasks, split, kind, edition, name, size, terms, count in _table()["files"]
    )


def _bytes(shown: str) -> tuple[int, tuple[int, int]]:
    """Return a size that the site shows, such as `9.1GB`, and between what it may lie."""
    number, power = float(shown[:-2]), _POWERS[shown[-2:]]
    step = 0.1 if "." in shown else 1.0
    least, most = (number - step / 2) * 1000**power, (number + step / 2) * 1024**power
    return round(number * 1000**power), (int(least), int(most))


def select_files(text: str) -> list[ChallengeFile]:
    """Return the files that `YEAR[:TASK[:SPLIT]]` or a file's name means, editions included.

    Raises
    ------
    NotFoundError
        With the nearest year, task, split or file.
    """
    if re.search(r"[_.-]", text):
        return [_named(text)]
    year, *rest = text.split(":")
    tasks = [task.name for task in tasks_of(year)]
    if rest and rest[0]:
        tasks = [find_task(":".join([year, rest[0]])).name]
    files = [one for one in all_files() if one.year == year.lower() and {*one.tasks} & {*tasks}]
    if len(rest) < 2 or not rest[1]:
        return files
    split = _split(rest[1])
    found = [one for one in files if one.split == split]
    if not found or rest[2:]:
        raise NotFoundError(f"no files {text!r}", hint=f"{year} has {_splits(files)}.")
    return found


def _splits(files: Iterable[ChallengeFile]) -> str:
    return ", ".join(dict.fromkeys(one.split for one in files))


def _split(text: str) -> Split:
    for split in SPLITS:
        if text and split.startswith(text.lower()):
            return split
    near = get_close_matches(text.lower(), SPLITS, n=1)
    raise NotFoundError(
        f"no split {text!r}",
        hint=f"Did you mean {near[0]}?" if near else f"One of {', '.join(SPLITS)}.",
    )


def _named(text: str) -> ChallengeFile:
    wanted = _SUFFIX.sub("", text).lower()
    stems = {_SUFFIX.sub("", one.name).lower(): one for one in all_files()}
    if wanted in stems:
        return stems[wanted]
    near = get_close_matches(wanted, stems, n=1)
    raise NotFoundError(
        f"no challenge file {text!r}",
        hint=f"Did you mean {stems[near[0]].name}?"
        if near
        else f"isic challenge list names them; the challenges are {', '.join(YEARS)}.",
    )


@cache
def _by_stem() -> tuple[tuple[str, ChallengeFile], ...]:
    """Return the files by name without suffix, in small letters, the longest first."""
    stems = ((_SUFFIX.sub("", one.name).lower(), one) for one in all_files())
    return tuple(sorted(stems, key=lambda pair: -len(pair[0])))


@cache
def _beginnings() -> frozenset[str]:
    return frozenset(stem[:_BEGIN] for stem, _ in _by_stem())


def file_of(name: str) -> ChallengeFile | None:
    """Return the published file that a file or folder came from, by its name; None for another.

    A table in a ZIP is called as the ZIP, with more behind it or not.
    """
    plain = name.lower()
    if plain[:_BEGIN] not in _beginnings():  # a folder may hold 400,000 pictures
        return None
    return next((one for stem, one in _by_stem() if plain.startswith(stem)), None)


def may_be_truth(path: Path, task: ChallengeTask) -> bool:
    """Whether a file in a folder of challenges may tell the truth of a task.

    Not where its name, or that of the folder around it, is that of another task's file, or of
    pictures.

    Parameters
    ----------
    path : Path
        Relative to the folder.
    """
    source = next((one for part in reversed(path.parts) if (one := file_of(part))), None)
    if source is None:
        return True
    is_task = source.year == task.year and task.name in source.tasks
    return is_task and source.kind != "images"


def choose_files(names: Iterable[str], only: Collection[str] = ()) -> list[ChallengeFile]:
    """Return the files that words name, without the editions that are fetched by name alone.

    Parameters
    ----------
    only : collection of str
        Kinds: `images`, `truth`, `metadata`; all unless given.

    Raises
    ------
    NotFoundError
        A word names nothing.
    UsageError
        Nothing is left.
    """
    words = list(names)
    found: dict[ChallengeFile, None] = {}
    for name in words:
        files = select_files(name)
        usual = [one for one in files if not one.edition] if len(files) > 1 else files
        found |= dict.fromkeys(one for one in usual if not only or one.kind in only)
    if not found:
        of_kind = f" of {' or '.join(only)}" if only else ""
        raise UsageError(f"{' '.join(words) or 'nothing'} has no files{of_kind}")
    return list(found)


def is_challenge_file(text: str) -> bool:
    """Whether a word names a file or a selection of the catalogue, rather than a folder."""
    try:
        return bool(select_files(text))
    except NotFoundError:
        return False
