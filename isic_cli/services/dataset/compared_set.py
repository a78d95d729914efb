"""A data set as it is compared with others: its images and the ids that tie them together."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from isic_cli.curation.groups import GROUP_FIELDS
from isic_cli.curation.tied_images import TiedImages
from isic_cli.errors import LocalError
from isic_cli.models.outcomes import Outcome
from isic_cli.services.build.lock import LOCK
from isic_cli.services.build.state import PICTURES, TABLE
from isic_cli.services.tabular import TableSource, open_table
from isic_cli.tables.codes import TextCodes

_LETTERS = re.compile(r"[^\W\d_]*")

#: Fields that tie images together, and what tables of challenges call them beside.
_TIES = {tie: (tie, tie.removesuffix("_id")) for tie in GROUP_FIELDS.values()}

#: What a folder is described by: one that is there has to be read.
_TABLES = ("metadata.csv", "isic.lock", ".isic/journal.jsonl")


@dataclass
class ComparedSet:
    """One data set.

    Attributes
    ----------
    name : str
        The path as it was given.
    rows : TiedImages
        The images and the ids that are known of each: one that two tables name differently has
        both.
    folder : Path or None
        Where its pictures are; None for a table.
    is_build : bool
        Whether `isic dataset build` made it: of its pictures those of its table count.
    pictures : list of str
        Their paths; empty for a table.
    problems : list of Outcome
        Lines of the table that hold no ISIC id.
    """

    name: str
    rows: TiedImages
    folder: Path | None = None
    is_build: bool = False
    pictures: list[str] = field(default_factory=list)
    problems: list[Outcome] = field(default_factory=list)

    def kinds(self, name: str) -> set[str]:
        """Return how the ids of a field begin: tables that name otherwise share no name."""
        return {_LETTERS.match(value)[0] for value in self.rows.values(name)}  # type: ignore[index]  # may be empty


def read_set(source: Path, names: dict[str, TextCodes]) -> ComparedSet:
    """Read the ids of a data set; a folder of bare pictures has none yet.

    Parameters
    ----------
    source : Path
        A table, a list of ids, or a folder.
    names : dict of str to TextCodes
        Field → the ids of all data sets; those of this one are put to them.

    Raises
    ------
    UsageError, NotFoundError, LocalError
        As `open_table`.
    """
    is_build = (source / LOCK).is_file()
    folder = source if source.is_dir() else None
    found = ComparedSet(str(source), TiedImages(names), folder, is_build)
    if is_build:
        found.folder = source / PICTURES
    try:
        table = open_table(source / TABLE if is_build else source)
    except LocalError:
        if not source.is_dir() or any((source / name).exists() for name in _TABLES):
            raise
        return found
    taken = 0
    for isic_id, ties in tied(table):
        taken += 1
        found.rows.add(isic_id, ties)
    table.account(taken)
    found.problems += table.problems
    return found


def ties_of(table: TableSource) -> dict[str, str]:
    """Return the fields that tie images together → the columns of a table."""
    there = {tie: [name for name in names if name in table.columns] for tie, names in _TIES.items()}
    return {tie: names[0] for tie, names in there.items() if names}


def tied(table: TableSource) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row's ISIC id and the ids that tie it to others, absent ones left out."""
    ties = ties_of(table)
    for row in table.narrow(tuple(ties.values())):
        yield row["isic_id"], {tie: str(row[name]) for tie, name in ties.items() if name in row}
