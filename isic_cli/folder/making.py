"""Make the index of a folder, or what changed of it."""

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from isic_cli.errors import LocalError, NotFoundError
from isic_cli.files.walk import walk
from isic_cli.folder.collection_file import read_collections
from isic_cli.folder.folderindex import BESIDE, FolderIndex, packed_path, unpacked_path
from isic_cli.folder.freshness import (
    COLLECTIONS_FILE,
    LOCK,
    SOURCES,
    STAMPS,
    TABLE,
    Stamps,
    read_stamps,
    stamp_of,
    write_stamps,
)
from isic_cli.folder.joining import (
    Sources,
    joined_in_parts,
    needs_order,
    places_of,
    unique,
    written,
)
from isic_cli.folder.rows import define_macros, lock_source, rewritten, table_source
from isic_cli.folder.scan import STUDIES, kind_of
from isic_cli.index.build import Builder
from isic_cli.index.columns import VIEW
from isic_cli.index.condition import Condition, among
from isic_cli.index.engine import is_of_database, quoted, translated
from isic_cli.index.state import FILES, RECORDS, ROWS, IndexState, utc_now
from isic_cli.pictures.load import known_dimensions
from isic_cli.query import parse

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger(__name__)


class IndexMaking:
    """One making of an index; use it once."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._folder = folder
        self._home = home
        self._now = Stamps.begin(folder, SOURCES)
        self._before = read_stamps(home / STAMPS)

    def run(self) -> Stamps:
        """Make the index, or what changed of it; return the stamps of what it was made from."""
        with Builder(self._home) as builder, TemporaryDirectory(dir=self._home) as scratch:
            old = self._old_state()
            if old is None or not self._has_same_records():
                old = self._records(builder, old, Path(scratch))
            else:
                self._now.folders = self._before.folders if self._before else {}
            self._collections(builder, old, Path(scratch))
            state = builder.commit(
                replace(old, collections_as_of=old.as_of, refreshed=utc_now().isoformat())
            )
        self._now.records = state.files[RECORDS].name
        write_stamps(self._home / STAMPS, self._now)
        return self._now

    def _old_state(self) -> IndexState | None:
        with suppress(NotFoundError, LocalError), FolderIndex.open(self._home) as index:
            if self._before and index.state.files[RECORDS].name == self._before.records:
                return index.state
        return None

    def _has_same_records(self) -> bool:
        before = self._before
        return before is not None and (
            all(before.has_same(self._folder, name) for name in (TABLE, LOCK))
            and before.has_same_folders(self._folder)
        )

    def _records(self, builder: Builder, old: IndexState | None, scratch: Path) -> IndexState:
        database = builder.database
        define_macros(database)
        with translated(str(self._folder)):
            rows = self._rows(builder, old, scratch)
            lock = written(database, scratch / "lock.parquet", lock_source(self._folder / LOCK))
            sources = Sources(rows, lock, self._scanned(database, scratch)).aligned(database)
            if not sources.is_aligned:
                sources = self._distinct(database, sources, scratch)
            measured = self._measured(database, old, sources, scratch)
            builder.part(FILES, f"SELECT * FROM {measured} ORDER BY kind, name")
            sources = replace(sources, files=f"read_parquet({quoted(builder.path(FILES))})")
            is_ordered = needs_order(database, sources)
            places = places_of(database, sources, scratch) if is_ordered else ""
            joined = joined_in_parts(database, sources, places, scratch)
            builder.records(joined, sort=False, beside=BESIDE)
            self._tell(database, sources)
        now = utc_now().isoformat()
        return IndexState(
            archive=str(self._folder.resolve()), user="anonymous", as_of=now, refreshed=now,
            source="folder", ordered=is_ordered,
            files={ROWS: old.files[ROWS]} if old and ROWS not in builder.made else {},
        )  # fmt: skip

    def _rows(self, builder: Builder, old: IndexState | None, scratch: Path) -> str:
        """Return the rows of the table that name an image as a FROM clause."""
        if old is not None and self._before and self._before.has_same(self._folder, TABLE):
            written = self._home / old.files[ROWS].name
        else:
            table = self._folder / TABLE
            try:
                with table_source(table, scratch) as source:
                    builder.part(ROWS, f"SELECT * FROM {source}")
            except LocalError as error:
                if not is_of_database(error):
                    raise
                rewritten(table, scratch)  # DuckDB is stricter in places; it says in whose words
                with table_source(table, scratch) as source:
                    builder.part(ROWS, f"SELECT * FROM {source}")
            written = builder.path(ROWS)
        return f"(SELECT * FROM read_parquet({quoted(written)}) WHERE isic_id IS NOT NULL)"

    def _scanned(self, database: "duckdb.DuckDBPyConnection", scratch: Path) -> str:
        """Return the files of the folder by kind and name as a FROM clause."""
        listed = scratch / "files.csv"
        with listed.open("w", encoding="ascii", newline="") as stream:
            stream.writelines(self._lines())
        source = f"(SELECT * FROM {_listed(listed)} ORDER BY kind, name)"
        return written(database, scratch / "scanned.parquet", source)

    def _distinct(
        self, database: "duckdb.DuckDBPyConnection", sources: Sources, scratch: Path
    ) -> Sources:
        """Return the sources with each image once; with the files that only the lock names."""
        rows = unique(database, sources.rows, "isic_id", "the first counts",
                      str(self._folder / TABLE))  # fmt: skip
        lock = unique(database, sources.lock, "isic_id", "the last counts",
                      str(self._folder / LOCK))  # fmt: skip
        more = database.execute(
            f"SELECT isic_id, path FROM {lock} WHERE path <> '' AND isic_id NOT IN"
            f" (SELECT name FROM {sources.of_kind('picture')})"
        ).fetchall()
        hidden = scratch / "hidden.csv"
        with hidden.open("w", encoding="ascii", newline="") as stream:
            for isic_id, path in more:
                if (self._folder / path).is_file():
                    stream.write(_line("picture", isic_id, path, (self._folder / path).stat()))
        files = sources.files
        if hidden.stat().st_size:
            both = f"(SELECT * FROM {files} UNION ALL SELECT * FROM {_listed(hidden)})"
            files = written(database, scratch / "all.parquet", both)
        files = unique(database, files, "kind, name", "the first is served", str(self._folder),
                       order="replace(path, '/', chr(1))")  # fmt: skip
        return Sources(rows, lock, files)

    def _lines(self) -> Iterator[str]:
        root = os.fspath(self._folder)
        skip = len(root.rstrip("/\\")) + 1

        def entering(folder: str) -> None:
            self._now.folders[folder[skip:]] = stamp_of(folder)

        for entry in walk(root, without=(STUDIES,), in_order=False, entering=entering):
            kind, name = kind_of(entry.name)
            if kind:
                try:
                    state = entry.stat()
                except OSError:
                    state = None  # a link to nowhere
                yield _line(kind, name, entry.path[skip:], state)

    def _measured(
        self, database: "duckdb.DuckDBPyConnection", old: IndexState | None, sources: Sources,
        scratch: Path,
    ) -> str:  # fmt: skip
        """Return the files with the dimensions of pictures, as far as they need not be opened.

        Those that neither table nor lock has are measured now.
        """
        none = ", ".join(f"NULL AS {name}" for name in ("size", "changed", "width", "height"))
        known = f"(SELECT NULL::VARCHAR AS path, {none} WHERE FALSE)"
        if old is not None and FILES in old.files:
            known = f"read_parquet({quoted(self._home / old.files[FILES].name)})"
        wanted = database.execute(
            f"SELECT f.path, k.width, k.height FROM {sources.beside()} LEFT JOIN {known} k ON"
            " f.path = k.path AND f.size = k.size AND f.changed = k.changed WHERE"
            " coalesce(r.pixels_x, l.width) IS NULL OR coalesce(r.pixels_y, l.height) IS NULL"
        )
        sizes = scratch / "measured.csv"
        with sizes.open("w", encoding="ascii", newline="") as stream:
            while group := wanted.fetchmany(2000):
                for path, *size in group:
                    if size[0] is None:
                        size[:] = known_dimensions(self._folder / unpacked_path(path)) or size
                    if size[0] is not None:
                        stream.write(f"{path},{size[0]},{size[1]}\n")
        columns = "{path: 'VARCHAR', width: 'INTEGER', height: 'INTEGER'}"
        source = (
            f"read_csv({quoted(sizes)}, auto_detect = false, header = false, columns = {columns})"
        )
        # The lock knows the dimensions of a file that has still the size that it had.
        return (
            "(SELECT f.*, coalesce(m.width, l.width) AS width, coalesce(m.height, l.height)"
            f" AS height FROM {sources.files} f LEFT JOIN {source} m USING (path)"
            f" LEFT JOIN {sources.lock} l"
            " ON f.kind = 'picture' AND f.name = l.isic_id AND f.path = l.path AND f.size = l.size)"
        )

    def _collections(self, builder: Builder, state: IndexState, scratch: Path) -> None:
        found = read_collections(self._folder / COLLECTIONS_FILE)
        made = builder.made.get(RECORDS) or state.files[RECORDS]
        database = builder.database
        members = scratch / "members.csv"
        with translated(str(self._folder)), members.open("w", encoding="ascii") as stream:
            database.execute(
                f"CREATE OR REPLACE TEMP VIEW images AS SELECT {VIEW} FROM"
                f" read_parquet({quoted(self._home / made.name)})"
            )
            for number, collection in found.items():
                condition = among(collection.isic_ids)
                if collection.query is not None:
                    condition |= Condition.of(parse(collection.query))
                listed = database.execute(
                    f"SELECT isic_id FROM images WHERE {condition.sql}", condition.parameters
                )
                while group := listed.fetchmany(2000):
                    stream.writelines(f"{number},{isic_id}\n" for (isic_id,) in group)
        shown = [one.shown() for one in found.values()]
        builder.collections(shown, [members] if members.stat().st_size else [])

    def _tell(self, database: "duckdb.DuckDBPyConnection", sources: Sources) -> None:
        """Log what was left out of the table, as `FolderStore` does."""
        table = self._folder / TABLE
        bad = database.execute(
            f"SELECT field, any_value(isic_id) FROM (SELECT isic_id, unnest(string_split(faults,"
            f" ',')) AS field FROM {sources.rows} WHERE faults IS NOT NULL)"
            " GROUP BY field ORDER BY field"
        ).fetchall()
        for name, isic_id in bad:
            logger.warning("%s: %s of %s has no such value: left out", table.name, name, isic_id)
        if sources.is_aligned:
            return
        missing = database.execute(
            f"SELECT count(*) FROM {sources.rows} WHERE isic_id NOT IN"
            f" (SELECT name FROM {sources.of_kind('picture')})"
        ).fetchone()
        if missing and missing[0]:
            logger.warning("%s: %d rows of metadata.csv have no picture here",
                           self._folder, missing[0])  # fmt: skip


def _listed(path: Path) -> str:
    """Return the files that `_line` wrote down as a FROM clause."""
    columns = (
        "{kind: 'VARCHAR', name: 'VARCHAR', path: 'VARCHAR', size: 'BIGINT', changed: 'BIGINT'}"
    )
    return f"read_csv({quoted(path)}, auto_detect = false, header = false, columns = {columns})"


def _line(kind: str, name: str, path: str, state: os.stat_result | None) -> str:
    size, changed = (state.st_size, state.st_mtime_ns) if state else ("", 0)
    return f"{kind},{name},{packed_path(path)},{size},{changed}\n"
