"""Read the index: records by a condition, counts, tables, SQL."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from isic_cli.errors import LocalError
from isic_cli.files.closing import Closing
from isic_cli.index.columns import METADATA, SHOWN_LIST, to_record
from isic_cli.index.condition import EVERYTHING, Condition
from isic_cli.index.engine import (
    checked_select,
    connect,
    plain,
    quoted,
    seal,
    translated,
    translated_sql,
    unique,
)
from isic_cli.index.state import REBUILD, TERMS, TITLES, IndexState, read_state
from isic_cli.index.views import check_mark, create_views, whole
from isic_cli.models.image import ImageRecord

if TYPE_CHECKING:
    import duckdb

#: Rows taken from DuckDB at a time, the first time: what is shown first should be there at once.
_FIRST_BATCH = 20
#: At most.
_BATCH = 2000
#: Records of an index that one thread searches sooner than several that share the work out.
_SMALL = 100_000


class Index(Closing):
    """An open index; a context manager. Open it with `Index.open`.

    Parameters
    ----------
    folder : Path
        Where it is.
    state : IndexState
        What its state file says.
    database : duckdb.DuckDBPyConnection
        With the views `images`, `collections` and `memberships`, sealed.
    """

    def __init__(
        self, folder: Path, state: IndexState, database: "duckdb.DuckDBPyConnection"
    ) -> None:
        self.folder = folder
        self.state = state
        self._db = database

    @classmethod
    def open(cls, folder: Path, *, archive: str | None = None, writes: Sequence[Path] = ()) -> Self:
        """Open the index in a folder.

        Parameters
        ----------
        folder : Path
            The folder of one archive and one user.
        archive : str, optional
            The archive that it must be of.
        writes : sequence of Path
            Files that `export` may write.

        Raises
        ------
        NotFoundError
            When there is none.
        LocalError
            For an index that is damaged, of a newer version, or of another archive.
        """
        state = read_state(folder)
        if archive is not None and state.archive != archive:
            raise LocalError(
                f"the index in {folder} is of {state.archive}, not of {archive}", hint=REBUILD
            )
        paths = {
            kind: whole(folder / file.name, file)
            for kind, file in state.files.items()
            if kind not in {TERMS, TITLES}
        }
        threads = 1 if state.records <= _SMALL else None
        database = connect(folder / "spill", threads=threads)
        try:
            with translated(str(folder), hint=REBUILD):
                seal(database, [*paths.values(), *writes])
                for kind, path in paths.items():
                    check_mark(database, path, state.files[kind].rows)
                create_views(database, paths)
        except BaseException:
            database.close()
            raise
        return cls(folder, state, database)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def check(self, condition: Condition, *, text: str) -> None:
        """Raise UsageError when DuckDB does not understand a user's expression `text`."""
        with translated_sql(text):
            self._db.execute(
                f"SELECT 1 FROM images WHERE {condition.sql} LIMIT 0", condition.parameters
            )

    def count(self, condition: Condition = EVERYTHING) -> int:
        """Return how many images fulfil a condition."""
        return int(self._one(f"count(*) FROM images WHERE {condition.sql}", condition)[0])

    def size(self, condition: Condition = EVERYTHING) -> int | None:
        """Return the bytes of the full images; None where the index does not know them all."""
        total, unknown = self._one(
            f"sum(size), count(*) - count(size) FROM images WHERE {condition.sql}", condition
        )
        return None if unknown else int(total or 0)

    def ids(
        self, condition: Condition = EVERYTHING, *, archive_order: bool = False
    ) -> Iterator[str]:
        """Return the ids, sorted, or in the archive's order as far as that is known."""
        rows = self._stream("isic_id", "images", condition, self._order(archive_order))
        return (row[0] for row in rows)

    def records(
        self, condition: Condition = EVERYTHING, *, archive_order: bool = False, limit: int = 0,
        offset: int = 0,
    ) -> Iterator[ImageRecord]:  # fmt: skip
        """Yield the records, sorted by id, or in the archive's order as far as that is known.

        Parameters
        ----------
        condition : Condition
            Which.
        archive_order : bool
            In the archive's order.
        limit : int
            At most so many; 0 for all.
        offset : int
            After so many of them; with a limit.
        """
        order = self._window(archive_order, limit, offset)
        yield from map(to_record, self._rows_of(SHOWN_LIST, "images", condition, order))

    def _window(self, archive_order: bool, limit: int, offset: int) -> str:  # noqa: FBT001  # its callers name it
        order = self._order(archive_order)
        return f"{order} LIMIT {limit} OFFSET {offset}" if limit else order

    def _rows_of(
        self, columns: str, view: str, condition: Condition, order: str
    ) -> Iterator[Sequence[Any]]:
        """Yield rows, the first one at once: before all columns are read of all."""
        if " LIMIT " in order:
            yield from self._stream(columns, view, condition, order)
            return
        first = self._one(f"isic_id FROM {view} WHERE {condition.sql}{order} LIMIT 1", condition)
        if first:
            for id_test in ("isic_id = ?", "isic_id <> ?"):
                both = Condition(id_test, first) & condition
                yield from self._stream(columns, view, both, order)

    def table(self, sql: str, condition: Condition = EVERYTHING) -> Iterator[dict[str, Any]]:
        """Yield the rows of a query of our own, with the parameters of a condition."""
        cursor = self._db.cursor()
        with translated(str(self.folder), hint=REBUILD):
            cursor.execute(sql, condition.parameters)
        names = [column[0] for column in cursor.description or ()]
        yield from self._fetched(cursor, names, None)

    def sql(self, query: str) -> tuple[tuple[str, ...], Iterator[dict[str, Any]]]:
        """Run a query that a user wrote.

        Parameters
        ----------
        query : str
            One statement that reads.

        Returns
        -------
        tuple
            The names of the columns, and the rows.

        Raises
        ------
        UsageError
            For a syntax error, a statement that writes, or one that reaches for a file.
        """
        cursor = self._db.cursor()
        checked_select(cursor, query)
        with translated_sql(query):
            cursor.execute(query)
        names = tuple(unique([column[0] for column in cursor.description or ()]))
        return names, self._fetched(cursor, names, query)

    def export(self, select: str, condition: Condition, target: Path, options: str) -> int:
        """Write a table to a file without passing its rows through Python.

        Parameters
        ----------
        select : str
            A select list over `images`.
        condition : Condition
            Which rows; sorted by id.
        target : Path
            One of the files that `open` allowed.
        options : str
            Of DuckDB's COPY: `FORMAT csv` and so on.

        Returns
        -------
        int
            Rows written.
        """
        query = f"SELECT {select} FROM images WHERE {condition.sql}"
        with translated(str(target)):
            row = self._db.execute(
                f"COPY ({query}) TO {quoted(target)} ({options}, USE_TMP_FILE false)",
                condition.parameters,
            ).fetchone()
        return int(row[0]) if row else 0

    def arrow(self, select: str, condition: Condition) -> Any:
        """Return columns of some images as a table of Arrow, sorted by id."""
        query = f"SELECT {select} FROM images WHERE {condition.sql}"
        with translated(str(self.folder), hint=REBUILD):
            # A result of `execute` is copied once more.
            return self._db.cursor().sql(query, params=condition.parameters).to_arrow_table()

    def grouped(self, names: Sequence[str], condition: Condition) -> list[tuple[Any, ...]]:
        """Return every combination of the values of some columns, and how many images have it."""
        columns = ", ".join(f'"{name}"' for name in names)
        rows: list[tuple[Any, ...]] = self._select(
            f"{columns}, count(*) FROM images WHERE {condition.sql} GROUP BY ALL", condition
        ).fetchall()
        return rows

    def present(self, condition: Condition) -> dict[str, int]:
        """Return how many images have a value, for each metadata field and for `other`."""
        names = [*METADATA, "other"]
        counts = ", ".join(f'count("{name}")' for name in names)
        row = self._one(f"{counts} FROM images WHERE {condition.sql}", condition)
        return dict(zip(names, row, strict=True))

    def is_exact(self, condition: Condition) -> bool:
        """Whether the columns alone show some images as the archive sent them."""
        return not self.count(condition & Condition("other IS NOT NULL"))

    def _one(self, rest: str, condition: Condition) -> tuple[Any, ...]:
        """Return the only row of a query."""
        with translated(str(self.folder), hint=REBUILD):  # a cursor of its own: threads ask at once
            row = self._db.cursor().execute(f"SELECT {rest}", condition.parameters).fetchone()
        return row or ()

    def _select(self, rest: str, condition: Condition) -> "duckdb.DuckDBPyConnection":
        with translated(str(self.folder), hint=REBUILD):
            return self._db.cursor().execute(f"SELECT {rest}", condition.parameters)

    def _order(self, archive_order: bool) -> str:  # noqa: FBT001  # its callers name it
        # The file is sorted by id, and a scan keeps its order: nothing to sort.
        return " ORDER BY position" if archive_order and self.state.ordered else ""

    def _stream(
        self, columns: str, source: str, condition: Condition, order: str
    ) -> Iterator[Sequence[Any]]:
        cursor = self._select(f"{columns} FROM {source} WHERE {condition.sql}{order}", condition)
        batch = _FIRST_BATCH
        with translated(str(self.folder), hint=REBUILD):
            while rows := cursor.fetchmany(batch):
                yield from rows
                batch = min(10 * batch, _BATCH)

    def _fetched(
        self, cursor: "duckdb.DuckDBPyConnection", names: Sequence[str], query: str | None
    ) -> Iterator[dict[str, Any]]:
        guard = (
            translated(str(self.folder), hint=REBUILD) if query is None else translated_sql(query)
        )
        with guard:
            while rows := cursor.fetchmany(_BATCH):
                for row in rows:
                    yield dict(zip(names, map(plain, row), strict=True))
