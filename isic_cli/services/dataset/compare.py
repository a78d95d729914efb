"""Two states of a data set side by side: folders, locks or tables."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isic_cli.curation.diff import Difference, diff
from isic_cli.models.outcomes import Outcome
from isic_cli.services.dataset.image import metadata_digest
from isic_cli.services.dataset.lock import existing_lock
from isic_cli.services.tabular import Row, TableSource, WrittenRow, open_table, picture_name

#: A path says where a file lies, not what an image is.
_IGNORED = ("path",)
_HASH = "sha256"
#: What the lines of a lock have, and no table.
_DIGEST = "metadata_sha256"


@dataclass(frozen=True, slots=True)
class DatasetState:
    """The images of one state.

    Attributes
    ----------
    name : str
        For messages.
    rows : sequence of dict
        One for each image.
    is_lock : bool
        Whether that is all there is: a lock knows most metadata only by their digest.
    problems : sequence of Outcome
        Lines without an ISIC id.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    is_lock: bool = False
    problems: Sequence[Outcome] = ()

    def columns(self) -> set[str]:
        """Return every field that some image has."""
        return {name for row in self.rows for name in row}

    def digested(self) -> "DatasetState":
        """Return a table with the digests that a lock has."""
        metadata = (
            {name: value for name, value in row.items() if name != _HASH} for row in self.rows
        )
        rows = [
            {**row, "metadata_sha256": metadata_digest(fields)}
            for row, fields in zip(self.rows, metadata, strict=True)
        ]
        return DatasetState(self.name, rows, problems=self.problems)


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


def _rows_apart(table: TableSource) -> list[Row]:
    """Return the rows, each picture of an image that has several under its own name."""
    written = list(table.written())
    counts = Counter(row["isic_id"] for _, row in written)
    return [
        row if counts[row["isic_id"]] == 1 else {**row, "isic_id": picture_name(own)}
        for own, row in written
    ]


def read_state(path: Path) -> DatasetState:
    """Read a folder, a lock, or a table of any kind with a column of ids.

    Raises
    ------
    NotFoundError, LocalError, UsageError
        As `open_table`.
    """
    table = open_table(path)
    rows = _rows_apart(table)
    state = DatasetState(str(path), rows, _DIGEST in table.columns, tuple(table.problems))
    if not path.is_dir() or state.is_lock:
        return state
    with existing_lock(path) as lock:
        if lock is None:
            return state
        # The table has the metadata, the lock the pictures.
        with_pictures = [
            {**row, _HASH: image.sha256} if (image := lock.get(str(row["isic_id"]))) else row
            for row in rows
        ]
        return DatasetState(state.name, with_pictures, problems=state.problems)
