"""The archive's rules across rows: one lesion has one patient, and so on.

`isic_metadata.MetadataBatch` wants every row at once. Here the few values that its rules look
at go to a temporary table on disk, so that memory stays flat; the table tells which rows break a
rule, and those alone are handed to `MetadataBatch`, whose words are the ones reported.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isic_cli.files.closing import Closing
from isic_cli.files.spool import cannot_spool
from isic_cli.models.dictionary import batch_row, check_batch, image_types

if TYPE_CHECKING:
    from isic_metadata.metadata import MetadataRow

#: Rows between two writes to the table.
_GROUP = 5_000

_COLUMNS = ("patient_id", "lesion_id", "rcm_case_id", "image_type")

_TABLE = """
CREATE TABLE item (row INTEGER, patient_id TEXT, lesion_id TEXT, rcm_case_id TEXT, image_type TEXT,
    filename TEXT)
"""

#: Different rows handed to `MetadataBatch`: it needs one pair for each example it names.
_MOST_CULPRITS = 200

_MACROSCOPIC = "image_type = 'RCM: macroscopic'"


@dataclass(frozen=True, slots=True)
class _BatchRule:
    """Rows of one key are at odds: those where `applies`, with several `distinct` values."""

    field: str
    key: str
    applies: str
    distinct: str

    @property
    def query(self) -> str:
        """The rows that break the rule, those of one key together."""
        # Every part is a constant of this module.
        return f"""
            SELECT row, {self.distinct}, patient_id, lesion_id, rcm_case_id, image_type
            FROM item WHERE {self.applies} AND {self.key} IN (
                SELECT {self.key} FROM item WHERE {self.key} != '' AND {self.applies}
                GROUP BY {self.key} HAVING count(DISTINCT {self.distinct}) > 1)
            ORDER BY {self.key}, row"""  # noqa: S608 - no value of the user is part of it


_RULES = (
    _BatchRule("lesion_id", "lesion_id", "patient_id != ''", "patient_id"),
    _BatchRule("image_type", "rcm_case_id", _MACROSCOPIC, "row"),
    _BatchRule("rcm_case_id", "rcm_case_id", "lesion_id != ''", "lesion_id"),
)


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that the rows break together.

    Attributes
    ----------
    field : str
        The column that the rule is about.
    message : str
        The rule in the words of `isic_metadata`.
    examples : tuple of str
        Up to five lesions or cases.
    rows : sequence of int
        Every row that takes part.
    """

    field: str
    message: str
    examples: tuple[str, ...]
    rows: Sequence[int]


class BatchRules(Closing):
    """Take note of rows, then tell which rules they break; a context manager."""

    def __init__(self) -> None:
        # An unnamed database is a temporary file, which goes away when it is closed.
        self._table = sqlite3.connect("")
        self._table.execute(_TABLE)
        self._waiting: list[tuple[int | str, ...]] = []

    def close(self) -> None:
        """Remove the temporary table."""
        self._table.close()

    def add(self, row: int, values: Mapping[str, str]) -> None:
        """Note a row.

        Raises
        ------
        LocalError
            When the disk for temporary files is full.
        """
        item = tuple(values.get(name, "").strip() for name in (*_COLUMNS, "filename"))
        if any(item[:3]) or item[-1]:
            self._waiting.append((row, *item))
        if len(self._waiting) >= _GROUP:
            self._flush()

    def broken(self) -> Iterator[BrokenRule]:
        """Yield every rule that the rows noted so far break."""
        self._flush()
        for rule in _RULES:
            rows: array[int] = array("L")
            culprits: dict[tuple[str, str], MetadataRow] = {}
            for row, distinct, *item in self._table.execute(rule.query):
                rows.append(row)
                pair = (item[_COLUMNS.index(rule.key)], str(distinct))
                if len(culprits) < _MOST_CULPRITS and pair not in culprits:
                    culprits[pair] = _batch_item(item)
            yield from _judged(rule.field, list(culprits.values()), sorted(rows))

    def repeated_names(self) -> Iterator[tuple[str, list[int]]]:
        """Yield every file name that several of the rows noted so far have, and those rows."""
        self._flush()
        query = """SELECT filename, group_concat(row) FROM item WHERE filename != ''
            GROUP BY filename HAVING count(*) > 1 ORDER BY min(row)"""
        for name, rows in self._table.execute(query):
            yield name, sorted(map(int, rows.split(",")))

    def _flush(self) -> None:
        try:
            self._table.executemany("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?)", self._waiting)
        except sqlite3.OperationalError as error:
            raise cannot_spool(error) from error
        self._waiting.clear()


def _batch_item(item: list[str]) -> MetadataRow:
    patient, lesion, case, image_type = item
    # Row by row these may be wrong in other ways, which is reported there and not here.
    return batch_row(
        {
            "patient_id": patient,
            "lesion_id": lesion,
            "rcm_case_id": case,
            "image_type": image_type if image_type in image_types() else None,
        }
    )


def _judged(field: str, items: list[MetadataRow], rows: Sequence[int]) -> Iterator[BrokenRule]:
    if not items:
        return
    for detail in check_batch(items):
        examples = detail.get("ctx", {}).get("examples", [])
        yield BrokenRule(field, detail["msg"], tuple(examples), rows)
