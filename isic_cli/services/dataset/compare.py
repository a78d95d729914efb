"""Two states of a data set side by side: folders, locks or tables."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from isic_cli.curation.diff import Difference, diff, metadata_digest
from isic_cli.models.outcomes import Outcome
from isic_cli.services.dataset.lock import existing_lock
from isic_cli.services.tabular import Row, TableSource, WrittenRow, open_table, picture_name

#: A path says where a file lies, not what an image is.
_IGNORED = ("path",)
_HASH = "sha256"
#: What the lines of a lock have, and no table.
_DIGEST = "metadata_sha256"
#: Fields that no two images have alike.
_UNLIKE = frozenset({"isic_id", _HASH, _DIGEST})


class PackedRows(Sequence[Mapping[str, Any]]):
    """Rows in a fifth of the memory that they take as dicts: made again when they are asked for.

    Names and values that come again, as most of metadata does, are held once.

    Parameters
    ----------
    rows : iterable of mapping
        Read once.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        known: dict[Any, Any] = {}
        self.shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._rows: list[tuple[tuple[str, ...], tuple[Any, ...]]] = []
        for row in rows:
            names = tuple(row)
            cells = tuple(
                known.setdefault(cell, cell) if type(cell) is str and name not in _UNLIKE else cell
                for name, cell in row.items()
            )
            self._rows.append((self.shapes.setdefault(names, names), cells))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[Mapping[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> Mapping[str, Any] | list[Mapping[str, Any]]:
        """Return a row, or some."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        return dict(zip(*self._rows[place], strict=True))

    def drained(self) -> Iterator[Mapping[str, Any]]:
        """Yield the rows, each let go of as it is taken; none is left."""
        self._rows.reverse()
        while self._rows:
            yield dict(zip(*self._rows.pop(), strict=True))


@dataclass(frozen=True, slots=True)
class DatasetState:
    """The images of one state.

    Attributes
    ----------
    name : str
        For messages.
    rows : PackedRows
        One for each image.
    is_lock : bool
        Whether that is all there is: a lock knows most metadata only by their digest.
    problems : sequence of Outcome
        Lines without an ISIC id.
    """

    name: str
    rows: PackedRows
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
        return DatasetState(self.name, PackedRows(rows), problems=self.problems)


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


def _rows_apart(table: TableSource) -> PackedRows:
    """Return the rows, each picture of an image that has several under its own name."""
    names: list[str] = []

    def rows() -> Iterator[Row]:
        for own, row in table.written():
            # Most names are the id that the row has already: one text for both.
            names.append(row["isic_id"] if own == row["isic_id"] else own)
            yield row

    packed = PackedRows(rows())
    table.account(len(packed))
    counts = Counter(row["isic_id"] for row in packed)
    if len(counts) == len(packed):
        return packed
    return PackedRows(
        row if counts[row["isic_id"]] == 1 else {**row, "isic_id": picture_name(own)}
        for own, row in zip(names, packed.drained(), strict=True)
    )


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
        with_pictures = (
            {**row, _HASH: image.sha256} if (image := lock.get(str(row["isic_id"]))) else row
            for row in rows.drained()
        )
        return DatasetState(state.name, PackedRows(with_pictures), problems=state.problems)
