"""What lies in a folder beside its archive, for a gallery: labels, splits, notes, duplicates."""

import fnmatch
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from isic_cli.errors import IsicError
from isic_cli.files.load import parse_json
from isic_cli.services.tabular import open_table
from isic_cli.tables.content import Content

logger = logging.getLogger(__name__)

#: What a file is called, and the columns that may hold what is looked for.
_LABELS = ("labels*.csv", ("label", "labels", "diagnosis", "class"))
_SPLITS = ("split*.csv", ("split", "fold", "set"))
NOTES = "notes.csv"
NOTE_COLUMNS = ("who", "when", "isic_id", "note")
#: Pairs of near-duplicates that are shown.
_MOST_PAIRS = 5000


class FolderTables:
    """The tables that lie loose in a folder, each read when it is first asked for.

    A file that cannot be read is logged and passed over: the pictures can be looked at without.

    Parameters
    ----------
    folder : Path
        The folder.
    names : sequence of str
        Its tables.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._names = names

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The label of each image, of the first table that has some."""
        return self._column(*_LABELS)

    @cached_property
    def splits(self) -> Mapping[str, str]:
        """The part of a split that each image is in."""
        return self._column(*_SPLITS)

    @cached_property
    def notes(self) -> Mapping[str, list[dict[str, str]]]:
        """The notes about each image, in the order in which they were written."""
        found: dict[str, list[dict[str, str]]] = {}
        for row in self._rows(NOTES) if NOTES in self._names else ():
            note = {name: str(row.get(name) or "") for name in NOTE_COLUMNS}
            found.setdefault(note["isic_id"], []).append(note)
        return found

    @cached_property
    def duplicates(self) -> list[dict[str, Any]]:
        """Pairs of near-duplicates, as `isic dataset dedupe -o FILE.jsonl` wrote them."""
        return [
            pair
            for name in self._names
            if name.endswith(".jsonl")
            for pair in _tolerant(self._folder / name, lambda path: list(_pairs_in(path)))
        ][:_MOST_PAIRS]

    def _column(self, pattern: str, names: tuple[str, ...]) -> dict[str, str]:
        for name in fnmatch.filter(self._names, pattern):
            rows = self._rows(name)
            column = next((name for name in names if rows and name in rows[0]), None)
            if column is not None:
                return {row["isic_id"]: str(row[column]) for row in rows if row.get(column)}
        return {}

    def _rows(self, name: str) -> list[dict[str, Any]]:
        return _tolerant(self._folder / name, lambda path: list(open_table(path)))


def _tolerant(path: Path, read: Callable[[Path], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    try:
        return read(path)
    except (IsicError, ValueError) as error:
        logger.warning("%s is not shown: %s", path.name, error)
        return []


class _DuplicateLink(BaseModel):
    left: str
    right: str
    method: str | None = None
    distance: float | None = None


class _DuplicateGroup(BaseModel):
    isic_ids: list[str]
    keep: str
    links: list[_DuplicateLink]
    method: str | None = None


def _pairs_in(path: Path) -> Iterator[dict[str, Any]]:
    for line in Content(path).lines():
        group = parse_json(line)
        if not isinstance(group, dict) or not {"isic_ids", "keep", "links"} <= group.keys():
            return
        yield from _pairs(_DuplicateGroup.model_validate(group))


def _pairs(group: _DuplicateGroup) -> Iterator[dict[str, Any]]:
    """Yield the pairs of a group, the sure ones by their links; ids of one picture are none."""
    from isic_cli.models.ids import first_id

    keep = first_id(group.keep)
    linked = {}
    for link in group.links:
        ends = first_id(link.left), first_id(link.right)
        linked[min(ends), max(ends)] = link
    ids = set(group.isic_ids)
    pairs = {pair for pair in linked if ids.issuperset(pair) and pair[0] != pair[1]}
    if keep in ids:
        pairs |= {(min(keep, one), max(keep, one)) for one in ids if one != keep}
    for left, right in sorted(pairs):
        found = linked.get((left, right))
        yield {
            "left": left,
            "right": right,
            "keep": keep,
            "method": (found.method if found else None) or group.method,
            "distance": found.distance if found else None,
        }
