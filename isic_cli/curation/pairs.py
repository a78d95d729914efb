"""Pairs of duplicates from a file: the list of a challenge, or the groups that dedupe wrote."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise

from isic_cli.errors import UsageError
from isic_cli.models.ids import find_ids

#: What separates the cells of a line.
_CELL = re.compile(r"[,;\t]")


def parse_pairs(text: str, *, name: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of ISIC ids in a text.

    Parameters
    ----------
    text : str
        Lines with two ids (CSV, a line of column names first or not, as in the duplicates list of
        ISIC 2020), or JSON lines with a list `isic_ids`. Suffixes such as `.jpg` are let through.
    name : str
        Named in messages.

    Raises
    ------
    UsageError
        A line that is neither; with its number.
    """
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line.lstrip().startswith("{"):
            yield from pairwise(_group(line, f"{name}, line {number}"))
            continue
        ids = [found for cell in _CELL.split(line) for found in find_ids(cell)[:1]]
        if len(ids) == 2:
            yield ids[0], ids[1]
        elif ids or number > 1:
            raise UsageError(
                f"{name}, line {number}: {len(ids)} ISIC ids, where a pair has two",
                hint="such as ISIC_0079038,ISIC_8521950",
            )


def _group(line: str, where: str) -> list[str]:
    try:
        ids = json.loads(line).get("isic_ids")
    except json.JSONDecodeError as error:
        raise UsageError(f"{where}: {error.msg}") from error
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise UsageError(f"{where}: no list isic_ids")
    return ids
