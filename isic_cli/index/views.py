"""The files of an index, checked, and what a query sees of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.errors import LocalError
from isic_cli.index.build import LAYOUT, MARK
from isic_cli.index.columns import VIEW
from isic_cli.index.engine import quoted
from isic_cli.index.state import (
    COLLECTIONS,
    FILES,
    MEMBERSHIPS,
    REBUILD,
    RECORDS,
    ROWS,
    DataFile,
)

if TYPE_CHECKING:
    import duckdb


def whole(path: Path, file: DataFile) -> Path:
    """Return the path of a file that is there in its full size; else raise LocalError."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror}", hint=REBUILD) from error
    if size != file.bytes:
        raise LocalError(
            f"{path} is damaged: {size:,} bytes instead of {file.bytes:,}", hint=REBUILD
        )
    return path


def check_mark(database: "duckdb.DuckDBPyConnection", path: Path, rows: int) -> None:
    """Raise LocalError for a Parquet file that no refresh wrote, or of other rows."""
    name = quoted(path)
    mark = database.execute(
        f"SELECT value FROM parquet_kv_metadata({name}) WHERE key = '{MARK}'"
    ).fetchone()
    counted = database.execute(f"SELECT num_rows FROM parquet_file_metadata({name})").fetchone()
    if mark is None or bytes(mark[0]).decode() != LAYOUT or counted is None or counted[0] != rows:
        raise LocalError(f"{path} is not part of this index", hint=REBUILD)


def create_views(database: "duckdb.DuckDBPyConnection", paths: Mapping[str, Path]) -> None:
    """Create the views `images`, `collections` and `memberships`; of a folder, its files too."""
    records = f"read_parquet({quoted(paths[RECORDS])})"
    database.execute(f"CREATE VIEW images AS SELECT {VIEW} FROM {records}")
    if FILES in paths:
        database.execute(
            f"CREATE VIEW pictures AS SELECT {VIEW}, path, changed, measured FROM {records}"
        )
        for kind in (FILES, ROWS):
            source = f"read_parquet({quoted(paths[kind])})"
            database.execute(f"CREATE VIEW {kind} AS SELECT * FROM {source}")
    empty = {
        COLLECTIONS: "(SELECT NULL::BIGINT AS id, NULL::VARCHAR AS name WHERE FALSE)",
        MEMBERSHIPS: "(SELECT NULL::BIGINT AS collection_id, NULL::VARCHAR AS isic_id WHERE FALSE)",
    }
    for kind, nothing in empty.items():
        source = f"read_parquet({quoted(paths[kind])})" if kind in paths else nothing
        database.execute(f"CREATE VIEW {kind} AS SELECT * FROM {source}")
