"""Pairs of duplicates from a file: the list of a challenge, or the groups that dedupe wrote."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from isic_cli.errors import EmptyTableError, UsageError
from isic_cli.files.load import parse_json
from isic_cli.models.ids import find_ids
from isic_cli.tables.read import RowReader

_GROUP = "isic_ids"


def read_pairs(path: str | Path) -> Iterator[tuple[str, str]]:
    """Yield the pairs of ISIC ids in a file.

    Parameters
    ----------
    path : str or Path
        A table of any kind, with a header or without: with two ids in each row, as the
        duplicates list of ISIC 2020 has, or with a column `isic_ids` of lists, as
        `isic dataset dedupe` writes in any format. Suffixes such as `.jpg` are let through.

    Raises
    ------
    NotFoundError, LocalError
        It is absent or cannot be read.
    UsageError
        A row that is neither; with its number.
    """
    try:
        rows = RowReader(path, comments="all")
    except EmptyTableError:
        return  # dedupe writes no line where no two pictures are copies
    for number, row in rows:
        if _GROUP in row:
            yield from pairwise(_group(row[_GROUP], f"{rows.name}, line {number}"))
            continue
        ids = [found for cell in row.values() for found in find_ids(str(cell))[:1]]
        if len(ids) != 2:
            raise UsageError(
                f"{rows.name}, line {number}: {len(ids)} ISIC ids, where a pair has two",
                hint="such as ISIC_0079038,ISIC_8521950",
            )
        yield ids[0], ids[1]


def _group(cell: Any, where: str) -> list[str]:
    """Return the ids of a list, which is text in CSV and Parquet."""
    try:
        ids = parse_json(cell) if isinstance(cell, str) else cell
    except ValueError:
        ids = None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise UsageError(f"{where}: no list {_GROUP}")
    return ids
