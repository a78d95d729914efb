"""Write a new generation of an index: records, collections, memberships and terms."""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.errors import LocalError, NotFoundError
from isic_cli.files.atomic import move, write_text
from isic_cli.files.closing import Closing
from isic_cli.index.columns import METADATA, NAMES, TYPES
from isic_cli.index.engine import connect, quoted, translated
from isic_cli.index.state import (
    COLLECTIONS,
    MEMBERSHIPS,
    RECORDS,
    TERMS,
    TITLES,
    DataFile,
    IndexState,
    read_state,
    remove_leftovers,
    write_state,
)

if TYPE_CHECKING:
    import duckdb

#: Marks a Parquet file as a part of an index, and tells its layout.
MARK = "isic_index"
LAYOUT = "1"

#: Rows between two entries of a Parquet file's own index: small enough to skip most of the file
#: when ids are looked up, and to sort and write in little memory.
_ROW_GROUP = 50_000
#: Values of a row group up to which a dictionary is tried: to find out that ids are all different
#: takes longer than to write them.
_DICTIONARY = 1000

#: Fields with too many values to count each.
_UNCOUNTED = frozenset({"lesion_id", "patient_id", "rcm_case_id"})
#: Values counted of one field, the most frequent first.
MOST_VALUES = 1000

_NAME_LIST = ", ".join(f'"{name}"' for name in NAMES)


def read_rows(files: Sequence[Path]) -> str:
    """Return the FROM clause of lines that `columns.to_line` made; empty files are fine."""
    if not files:
        empty = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in TYPES.items())
        return f"(SELECT {empty} WHERE FALSE)"
    names = ", ".join(quoted(path) for path in files)
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in TYPES.items())
    return (
        f"read_json([{names}], format = 'newline_delimited', columns = {{{columns}}},"
        " maximum_object_size = 4194304)"
    )


def kept_rows(records: Path, condition: str, added: str) -> str:
    """Return the FROM clause of the records of an index that stay, and those that come.

    Parameters
    ----------
    records : Path
        The old file.
    condition : str
        Which of its rows stay.
    added : str
        A FROM clause.
    """
    return (
        f"(SELECT {_NAME_LIST} FROM read_parquet({quoted(records)}) WHERE {condition}"
        f" UNION ALL SELECT {_NAME_LIST} FROM {added})"
    )


class Builder(Closing):
    """A new generation of the index in a folder; use it once, as a context manager.

    Nothing is visible to a reader before `commit`, and what was not committed is removed.

    Parameters
    ----------
    folder : Path
        Of the index; made when it is not there.

    Raises
    ------
    LocalError
        When the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._generation = secrets.token_hex(4)
        self._new: dict[str, DataFile] = {}
        with translated(str(folder)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One thread: two sort no faster within the same memory.
        self._db = connect(folder / "spill", threads=1)

    def close(self) -> None:
        """Close the database and remove files that were not finished."""
        self._db.close()
        for path in self._folder.glob(f"*-{self._generation}.*.part"):
            path.unlink(missing_ok=True)

    @property
    def database(self) -> "duckdb.DuckDBPyConnection":
        """The open database, for queries over the sources."""
        return self._db

    @property
    def made(self) -> Mapping[str, DataFile]:
        """The files that were written so far, by what they hold."""
        return self._new

    def records(self, source: str, *, sort: bool = True, beside: Sequence[str] = ()) -> int:
        """Write the records.

        Parameters
        ----------
        source : str
            A FROM clause with the columns of the index.
        sort : bool
            Sort by ISIC id; False for a source that is sorted.
        beside : sequence of str
            More columns of the source that are to be kept.

        Returns
        -------
        int
            How many there are.

        Raises
        ------
        LocalError
            For a source that is damaged, or a full disk.
        """
        order = " ORDER BY isic_id" if sort else ""
        names = ", ".join((_NAME_LIST, *beside))
        rows = self.part(RECORDS, f"SELECT {names} FROM {source}{order}")
        self._write_terms()
        return rows

    def compare(self, old: Path | None) -> dict[str, int]:
        """Compare the new records with the old ones.

        Parameters
        ----------
        old : Path or None
            The old file; None when there is none.

        Returns
        -------
        dict of str to int
            How many were `added`, `changed` and `removed`.
        """
        compared = ", ".join(f'"{name}"' for name in NAMES if name != "position")
        rows = f"SELECT isic_id, hash(row({compared})) AS digest FROM"
        new = f"({rows} read_parquet({quoted(self.path(RECORDS))}))"
        before = f"({rows} read_parquet({quoted(old)}))" if old else f"({rows} {read_rows([])})"
        with translated(str(old or self._folder)):
            self._db.execute(
                "CREATE OR REPLACE TABLE differences AS SELECT coalesce(n.isic_id, o.isic_id)"
                " AS isic_id, CASE WHEN o.isic_id IS NULL THEN 'added' WHEN n.isic_id IS NULL"
                f" THEN 'removed' ELSE 'changed' END AS status FROM {new} n FULL JOIN {before} o"
                " ON n.isic_id = o.isic_id WHERE n.digest IS DISTINCT FROM o.digest"
            )
        counts = self._db.execute(
            "SELECT status, count(*) FROM differences GROUP BY status"
        ).fetchall()
        return {"added": 0, "changed": 0, "removed": 0} | {name: int(n) for name, n in counts}

    def differences(self) -> Iterator[tuple[str, str]]:
        """Yield each id that `compare` found different, and what became of it."""
        cursor = self._db.cursor()
        cursor.execute("SELECT isic_id, status FROM differences ORDER BY isic_id")
        while rows := cursor.fetchmany(2000):
            yield from rows

    def collections(self, rows: Sequence[Mapping[str, Any]], members: Sequence[Path]) -> None:
        """Write the collections and which images are in them.

        Parameters
        ----------
        rows : sequence of mapping
            Collections as the archive describes them.
        members : sequence of Path
            Files with lines of `collection_id` and `isic_id`, a comma between.
        """
        self._db.execute(
            "CREATE OR REPLACE TEMP TABLE found (id BIGINT, name VARCHAR, description VARCHAR,"
            " public BOOLEAN, pinned BOOLEAN, locked BOOLEAN, doi VARCHAR, doi_url VARCHAR)"
        )
        keys = ("id", "name", "description", "public", "pinned", "locked", "doi", "doi_url")
        if rows:
            self._db.executemany(
                "INSERT INTO found VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [[row.get(key) for key in keys] for row in rows],
            )
        self.part(COLLECTIONS, "SELECT DISTINCT * FROM found ORDER BY id")
        self._write_json(TITLES, [[row["id"], row["name"]] for row in rows], len(rows))
        columns = "{collection_id: 'BIGINT', isic_id: 'VARCHAR'}"
        names = ", ".join(quoted(path) for path in members)
        source = (
            f"read_csv([{names}], auto_detect = false, header = false, columns = {columns})"
            if members
            else "(SELECT NULL::BIGINT AS collection_id, NULL::VARCHAR AS isic_id WHERE FALSE)"
        )
        self.part(MEMBERSHIPS, f"SELECT DISTINCT * FROM {source} ORDER BY collection_id, isic_id")

    def commit(self, state: IndexState) -> IndexState:
        """Make the new generation the index: one rename.

        Parameters
        ----------
        state : IndexState
            What to say about it; its files are those of the old index that stay.

        Returns
        -------
        IndexState
            As written.
        """
        state = state.with_files(**self._new)
        keep = {file.name for file in state.files.values()}
        with suppress(NotFoundError, LocalError):  # then no reader holds anything before it
            keep |= {file.name for file in read_state(self._folder).files.values()}
        with translated(str(self._folder)):
            write_state(self._folder, state)
            remove_leftovers(self._folder, keep=keep)
        return state

    def path(self, kind: str, suffix: str = "parquet") -> Path:
        """Return where a file of the new generation is."""
        return self._folder / f"{kind}-{self._generation}.{suffix}"

    def part(self, kind: str, query: str) -> int:
        """Write one file of the index; return its rows."""
        target, part = self.path(kind), self.path(kind, "parquet.part")
        with translated(str(target)):
            counted = self._db.execute(
                f"COPY ({query}) TO {quoted(part)} (FORMAT parquet, COMPRESSION zstd,"
                f" ROW_GROUP_SIZE {_ROW_GROUP}, DICTIONARY_SIZE_LIMIT {_DICTIONARY},"
                f" KV_METADATA {{{MARK}: '{LAYOUT}'}})"
            ).fetchone()
            move(part, target)
            rows = int(counted[0]) if counted else 0
            self._new[kind] = DataFile.of(target, rows)
        return rows

    def _write_terms(self) -> None:
        """Count the values of every field once, so that completion needs no database."""
        records = f"read_parquet({quoted(self.path(RECORDS))})"
        counted = dict(self._counted())
        columns = ", ".join(f'count("{name}")' for name in counted)
        totals = self._db.execute(f"SELECT {columns} FROM {records}").fetchone()
        fields: dict[str, Any] = {}
        for name, count in zip(counted, totals or (), strict=True):
            fields[name] = {"set": count}
            if counted[name] in {"VARCHAR", "BOOLEAN"} and name not in _UNCOUNTED:
                fields[name]["values"] = self._values(name, records) if count else {}
        self._write_json(TERMS, fields, len(fields))

    def _write_json(self, kind: str, value: Any, rows: int) -> None:
        target = self.path(kind, "json")
        write_text(target, json.dumps(value))
        with translated(str(target)):
            self._new[kind] = DataFile.of(target, rows)

    @staticmethod
    def _counted() -> Iterable[tuple[str, str]]:
        yield from (("public", "BOOLEAN"), ("copyright_license", "VARCHAR"))
        yield from ((column.name, column.type) for column in METADATA.values())

    def _values(self, name: str, records: str) -> dict[str, int]:
        found = self._db.execute(
            f'SELECT CAST("{name}" AS VARCHAR), count(*) FROM {records} WHERE "{name}" IS NOT NULL'
            f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_VALUES}"
        ).fetchall()
        return {str(value): int(count) for value, count in found}
