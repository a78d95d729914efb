"""Metadata from wherever the user has it: a table, a folder, its journal or a lock.

Every command of curation reads its rows through `open_table`, so that all of them accept the
same sources. Rows are read anew at each iteration and never kept: half a million of them with
forty columns would weigh a gigabyte.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from isic_cli.challenge.metadata import ChallengeMetadata, read_metadata
from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.files import STATE
from isic_cli.models.ids import find_ids, is_isic_id
from isic_cli.models.image import LEADING_COLUMNS
from isic_cli.models.outcomes import Outcome
from isic_cli.query.fields import field_names
from isic_cli.services.download.journal import DownloadJournal
from isic_cli.tables.names import bare_text, id_column, is_missing
from isic_cli.tables.read import RowReader

Row = dict[str, Any]

#: Where a narrow row has the name of its picture, when that is more than its ISIC id.
PICTURE = "picture"

#: A row and its id as the source writes it.
WrittenRow = tuple[str, Row]


@dataclass
class TableSource:
    """Rows of metadata, each with an `isic_id`; iterating reads them.

    Attributes
    ----------
    name : str
        The source, for messages.
    columns : tuple of str
        In the order of the source, `isic_id` among them.
    own_id : str
        What the source calls its column of ids.
    problems : list of Outcome
        Lines without an ISIC id, of the last iteration.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[["TableSource", tuple[str, ...]], Iterator[WrittenRow]]
    own_id: str = "isic_id"
    problems: list[Outcome] = field(default_factory=list)
    _rows: int = 0

    def __iter__(self) -> Iterator[Row]:
        return (row for _, row in self.written())

    def written(self, fields: tuple[str, ...] = ()) -> Iterator[WrittenRow]:
        """Yield each row behind its id as the source writes it; with some fields only, or all."""
        self.problems.clear()
        self._rows = 0
        for written in self.read(self, fields or self.columns):
            self._rows += 1
            yield written

    @property
    def own_columns(self) -> tuple[str, ...]:
        """The columns with the source's own column of ids, and ours beside it where it differs."""
        ours = (self.own_id,) if self.own_id == "isic_id" else (self.own_id, "isic_id")
        return tuple(
            name for column in self.columns for name in (ours if column == "isic_id" else (column,))
        )

    def whole(
        self, change: Callable[[Iterable[Row]], Iterable[Row]] = lambda rows: rows
    ) -> Iterator[Row]:
        """Yield every row, changed, with its id as the source writes it.

        Parameters
        ----------
        change : callable, optional
            Adds cells to rows: one row out for each row in.

        Raises
        ------
        LocalError
            Rows were lost or made on the way.
        """
        own: deque[str] = deque()

        def noted() -> Iterator[Row]:
            for written, row in self.written():
                own.append(written)
                yield row

        count, source = 0, noted()
        for row in change(source):
            theirs = own.popleft()
            count += 1
            if self.own_id == "isic_id":
                row["isic_id"] = theirs
                yield row
            else:
                yield {self.own_id: theirs, **row}
        for _ in source:  # what was not asked for is counted too
            pass
        self.account(count)

    def account(self, done: int, *, left_out: int = 0) -> None:
        """Compare what became of the rows of the last, whole iteration with how many they were.

        Raises
        ------
        LocalError
            Rows were lost or made on the way.
        """
        if done + left_out != self._rows:
            named = f" and {left_out:,} left out" if left_out else ""
            raise LocalError(f"{self.name}: {done:,} of {self._rows:,} rows were used{named}")

    def narrow(self, fields: tuple[str, ...]) -> Iterator[Row]:
        """Yield the rows with `isic_id`, some fields and `picture`, the id as it is written.

        A field without a value is absent. Blanks around a value are not part of it: `IP_1 ` is
        the patient `IP_1`.
        """
        for written, row in self.written(("isic_id", *fields)):
            short = {name: _bare(row[name]) for name in fields if not is_missing(row.get(name))}
            short["isic_id"] = row["isic_id"]
            if written != row["isic_id"]:
                short[PICTURE] = picture_name(written)
            yield short

    def valued(self, field: str) -> Iterator[tuple[str, str]]:
        """Yield the ISIC id of each row and its value of a field, blank for none.

        Raises
        ------
        UsageError
            Without such a column, or at the end for a row without an ISIC id: whose value it
            gives cannot be told.
        """
        self.require(field)
        for _, row in self.written(("isic_id", field)):
            yield row["isic_id"], bare_text(row.get(field))
        if self.problems:
            raise UsageError(str(self.problems[0].reason))

    def require(self, *fields: str) -> None:
        """Refuse a table without some column.

        Raises
        ------
        UsageError
            With the columns that it has.
        """
        for name in fields:
            if name not in self.columns:
                shown = ", ".join(self.columns[:12]) + (" …" if len(self.columns) > 12 else "")
                raise UsageError(f"{self.name} has no column {name}", hint=f"it has {shown}")

    def note(self, line: int, text: str) -> None:
        """Note a line without an ISIC id."""
        self.problems.append(
            Outcome("", "no_id", f"{self.name}, line {line}: no ISIC id in {text[:80]!r}")
        )


def picture_name(written: str) -> str:
    """Return what names a picture in an id as a table writes it: no folder and no suffix."""
    return PurePosixPath(written.strip().replace("\\", "/")).stem


def open_table(source: Path) -> TableSource:
    """Open a source of metadata.

    Parameters
    ----------
    source : Path
        A CSV or TSV table, JSON lines (a lock of `isic` too), or a folder that was downloaded:
        of that its `metadata.csv`, else its journal, else its `isic.lock`, else the tables of a
        challenge.

    Raises
    ------
    NotFoundError, LocalError
        It is not there, cannot be read, or is a folder without metadata.
    UsageError
        It is no text, has no column of ids, or a line of it is broken.
    """
    if not source.exists():
        raise NotFoundError(f"no such table or folder: {source}")
    if not source.is_dir():
        return _open_file(source)
    table, lock = source / "metadata.csv", source / "isic.lock"
    if table.is_file():
        return _open_file(table)
    if (source / STATE / "journal.jsonl").is_file():
        return _open_journal(source)
    if lock.is_file():
        return _open_file(lock)
    if (challenge := read_metadata(source)).rows:
        return _of_challenge(source, challenge)
    raise LocalError(
        f"{source} has no metadata.csv, no journal and no isic.lock",
        hint="Any folder that isic or the official tool downloaded has one.",
    )


def _of_challenge(folder: Path, found: ChallengeMetadata) -> TableSource:
    def rows() -> Iterator[WrittenRow]:
        for isic_id, row in found.rows.items():
            yield isic_id, dict(zip(found.columns, row, strict=True))

    return TableSource(str(folder), tuple(found.columns), lambda _table, _fields: rows())


def _open_journal(folder: Path) -> TableSource:
    def records() -> Iterator[WrittenRow]:
        with DownloadJournal(folder, writable=False) as journal:
            last = ""
            for entry in journal.entries():
                if entry.isic_id != last:  # a thumbnail beside the full image
                    last = entry.isic_id
                    yield entry.isic_id, {**entry.record, "isic_id": entry.isic_id}

    names: set[str] = {name for _, row in records() for name in row}
    columns = (*LEADING_COLUMNS, *sorted(names.difference(LEADING_COLUMNS)))
    return TableSource(str(folder), columns, lambda _table, _fields: records())


def _open_file(path: Path) -> TableSource:
    rows = RowReader(path)
    key = rows.columns[id_column(rows.columns, name=str(path))]
    ours = field_names(rows.columns, key)
    theirs = dict(zip(ours, rows.columns, strict=True))
    is_renamed = ours != rows.columns

    def read(table: TableSource, fields: tuple[str, ...]) -> Iterator[WrittenRow]:
        wanted = (
            None if fields == ours else tuple(theirs[name] for name in fields if name in theirs)
        )
        for number, row in rows.select(None if fields == ours else wanted):
            if is_renamed:
                row = {name: row[their] for name, their in theirs.items() if their in row}  # noqa: PLW2901 - the same row
            written = row.get("isic_id")
            if _set_id(row):
                yield str(written), row
            else:
                table.note(number, ",".join(str(cell) for cell in row.values() if cell))

    own = "isic_id" if key.strip().lower() == "isic_id" else key
    return TableSource(str(path), ours, read, own)


def _set_id(row: Row) -> bool:
    """Put the id of a row into its column as the archive writes it; whether there is one."""
    plain = row.get("isic_id")
    if type(plain) is str and is_isic_id(plain):
        return True
    found = find_ids(str(plain or ""))
    if found:
        row["isic_id"] = found[0]
    return bool(found)


def _bare(value: object) -> object:
    return value.strip() if isinstance(value, str) else value
