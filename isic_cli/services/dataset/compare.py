"""Two states of a data set side by side: folders, locks or tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isic_cli.curation.diff import Difference, diff
from isic_cli.curation.digest import metadata_digest
from isic_cli.models.ids import IdSet
from isic_cli.models.outcomes import Outcome
from isic_cli.services.dataset.lock import existing_lock
from isic_cli.services.tabular import Row, TableSource, WrittenRow, open_table, picture_name
from isic_cli.tables.spooled import SpooledRows

#: A path says where a file lies, not what an image is.
_IGNORED = ("path",)
_HASH = "sha256"
#: Where a row has its id as the source writes it, until the rows are told apart.
_OWN = " own"
#: What the lines of a lock have, and no table.
_DIGEST = "metadata_sha256"


@dataclass(frozen=True, slots=True)
class DatasetState:
    """The images of one state.

    Attributes
    ----------
    name : str
        For messages.
    rows : SpooledRows
        One for each image.
    is_lock : bool
        Whether that is all there is: a lock knows most metadata only by their digest.
    problems : sequence of Outcome
        Lines without an ISIC id.
    """

    name: str
    rows: SpooledRows
    is_lock: bool = False
    problems: Sequence[Outcome] = ()

    def columns(self) -> set[str]:
        """Return every field that some image has."""
        return {name for names in self.rows.shapes for name in names}

    def digested(self) -> "DatasetState":
        """Return a table with the digests that a lock has."""

        def digest_of(row: Mapping[str, Any]) -> str:
            return metadata_digest({name: cell for name, cell in row.items() if name != _HASH})

        rows = ({**row, _DIGEST: digest_of(row)} for row in self.rows)
        return DatasetState(self.name, SpooledRows(rows), problems=self.problems)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs, and which lines of either side could not be compared."""

    difference: Difference
    problems: Sequence[Outcome] = field(default_factory=tuple)


def compare(
    old: Path, new: Path, *, only: Sequence[str] | None = None, ignore: Sequence[str] = ()
) -> Comparison:
    """Compare two folders, locks or tables.

    Where one of them cannot say a field at all, the field is not compared: a lock knows credit,
    lesion and patient of an image, and its other metadata only by their digest.

    Parameters
    ----------
    old, new : Path
        The states.
    only : sequence of str, optional
        Compare these fields only.
    ignore : sequence of str
        Do not compare these.

    Raises
    ------
    NotFoundError, LocalError, UsageError
        When one of them is not there, cannot be read or is neither; a field that neither has.
    """
    before, after = read_state(old), read_state(new)
    problems = (*before.problems, *after.problems)
    if before.is_lock == after.is_lock:
        fields = before.columns() | after.columns()
    else:
        before, after = (state if state.is_lock else state.digested() for state in (before, after))
        fields = before.columns() & after.columns()
    if not (_HASH in before.columns() and _HASH in after.columns()):
        fields.discard(_HASH)
    if only is not None:
        if not set(only) & fields:
            TableSource(before.name, tuple(sorted(fields)), _no_rows).require(*only)
        fields &= set(only)
    found = diff(before.rows, after.rows, fields=fields, ignore=(*_IGNORED, *ignore))
    return Comparison(found, problems)


def _no_rows(_table: TableSource, _fields: tuple[str, ...]) -> Iterator[WrittenRow]:
    return iter(())


def _rows_apart(
    table: TableSource, beside: Callable[[str], Mapping[str, Any]] = lambda _: {}
) -> SpooledRows:
    """Return the rows, each picture of an image that has several under its own name.

    Parameters
    ----------
    beside : callable, optional
        Returns cells to add to the row of an ISIC id that is there once.
    """
    seen, several = IdSet(), IdSet()

    def rows() -> Iterator[Row]:
        for own, row in table.written():
            isic_id = row["isic_id"]
            if not seen.add(isic_id):
                several.add(isic_id)
            yield {**row, **beside(isic_id), **({} if own == isic_id else {_OWN: own})}

    found = SpooledRows(rows())
    table.account(len(found))
    if several or any(_OWN in names for names in found.shapes):
        return SpooledRows(_named_apart(row, several) for row in found)
    return found


def _named_apart(row: dict[str, Any], several: IdSet) -> dict[str, Any]:
    own = row.pop(_OWN, row["isic_id"])
    if row["isic_id"] in several:
        row.pop(_HASH, None)
        row["isic_id"] = picture_name(own)
    return row


def read_state(path: Path) -> DatasetState:
    """Read a folder, a lock, or a table of any kind with a column of ids.

    Raises
    ------
    NotFoundError, LocalError, UsageError
        As `open_table`.
    """
    table = open_table(path)
    is_lock = _DIGEST in table.columns
    if not path.is_dir() or is_lock:
        rows = _rows_apart(table)
    else:
        with existing_lock(path) as lock:  # the table has the metadata, the lock the pictures

            def picture(isic_id: str) -> Mapping[str, Any]:
                image = None if lock is None else lock.get(isic_id)
                return {} if image is None else {_HASH: image.sha256}

            rows = _rows_apart(table, picture)
    return DatasetState(str(path), rows, is_lock, tuple(table.problems))
