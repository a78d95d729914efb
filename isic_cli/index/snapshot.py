"""The archive's own snapshot: a Parquet file of the metadata of every public image."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.errors import LocalError
from isic_cli.index.columns import METADATA, TYPES
from isic_cli.index.engine import quoted, translated
from isic_cli.models.ids import ID_PATTERN

if TYPE_CHECKING:
    import duckdb

#: Where a snapshot's metadata tells its time.
_TIMESTAMP = "snapshot_timestamp"

#: Columns of a snapshot that are not metadata fields, with what stands for one that is absent.
_FACTS = {
    "isic_id": None,
    "public": "TRUE",
    "copyright_license": "''",
    "attribution": "''",
}


def snapshot_source(database: "duckdb.DuckDBPyConnection", path: Path) -> tuple[str, bool]:
    """Return the rows of a snapshot as a FROM clause with the columns of an index.

    Parameters
    ----------
    database : duckdb.DuckDBPyConnection
        Open, and not sealed.
    path : Path
        The snapshot.

    Returns
    -------
    tuple of (str, bool)
        The clause, and whether its rows are sorted by ISIC id.

    Raises
    ------
    LocalError
        For a file that is torn, no Parquet, or no snapshot of the archive.
    """
    file = f"read_parquet({quoted(path)})"
    with translated(str(path), hint="Fetch it again: it may be cut."):
        described = database.execute(f"DESCRIBE SELECT * FROM {file}").fetchall()
        types = {row[0]: row[1] for row in described}
        missing = {"isic_id", "copyright_license", "attribution"} - types.keys()
        if missing:
            raise LocalError(
                f"{path} is not a snapshot of the archive: it has no column {min(missing)}"
            )
        is_sorted = _check_ids(database, path, file)
    columns = [f"{_column(name, types)} AS {identifier(name)}" for name in TYPES]
    return f"(SELECT {', '.join(columns)} FROM {file})", is_sorted


def snapshot_time(database: "duckdb.DuckDBPyConnection", path: Path) -> datetime:
    """Return the time that a snapshot describes: its own word, else the time of the file."""
    with translated(str(path)):
        row = database.execute(
            f"SELECT value FROM parquet_kv_metadata({quoted(path)}) WHERE key = '{_TIMESTAMP}'"
        ).fetchone()
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0)
    if row is None:
        return modified
    try:
        told = datetime.fromisoformat(bytes(row[0]).decode("ascii", "replace").strip())
    except ValueError:
        return modified
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _check_ids(database: "duckdb.DuckDBPyConnection", path: Path, file: str) -> bool:
    """Return whether the ids are sorted; raise when one is no ISIC id or occurs twice."""
    row = database.execute(
        "SELECT count(*) FILTER (WHERE isic_id IS NULL OR NOT regexp_full_match("
        f"isic_id, '{ID_PATTERN}')), count(*) FILTER (WHERE isic_id <= before), count(*)"
        f" FROM (SELECT isic_id, lag(isic_id) OVER () AS before FROM {file})"
    ).fetchone()
    bad, unsorted, count = row or (0, 0, 0)
    if bad:
        raise LocalError(f"{path} is not a snapshot of the archive: {bad:,} rows have no ISIC id")
    if not count:
        raise LocalError(f"{path} is not a snapshot of the archive: it has no rows")
    if unsorted:
        twice = database.execute(
            f"SELECT count(*) - count(DISTINCT isic_id) FROM {file}"
        ).fetchone()
        if twice and twice[0]:
            raise LocalError(f"{path} names {twice[0]:,} images twice")
    return not unsorted


def _column(name: str, types: dict[str, str]) -> str:
    if name == "other":
        return _others(types)
    if name in _FACTS:
        absent = _FACTS[name]
        kind = TYPES[name]
        if name not in types:
            return f"{absent}"
        cast = f"TRY_CAST({identifier(name)} AS {kind})"
        return cast if absent is None else f"coalesce({cast}, {absent})"
    if name in METADATA and name in types:
        return f"TRY_CAST({identifier(name)} AS {TYPES[name]})"
    return f"NULL::{TYPES[name]}"


def _others(types: dict[str, str]) -> str:
    """Keep what has no column of its own, and what its column would not take."""
    kept: dict[str, list[str]] = {"acquisition": [], "clinical": []}
    for name, kind in types.items():
        if name in _FACTS:
            continue
        column = METADATA.get(name)
        if column is None:
            kept["clinical"].append(f"{identifier(name)} := {identifier(name)}")
        elif kind not in {column.type, "BIGINT", "FLOAT"} and not kind.startswith("DECIMAL"):
            cell = identifier(name)
            lost = f"CASE WHEN TRY_CAST({cell} AS {column.type}) IS NULL THEN {cell} END"
            kept[column.group].append(f"{cell} := {lost}")
    groups = [f"{group} := {json_object(parts)}" for group, parts in kept.items() if parts]
    return f"{json_object(groups)}::JSON" if groups else "NULL::JSON"


def json_object(parts: list[str]) -> str:
    """Return an expression for a JSON object without the parts that are NULL; NULL for none."""
    packed = f"to_json(struct_pack({', '.join(parts)}))"
    return f"nullif(json_merge_patch('{{}}', {packed}), '{{}}')"


def identifier(name: str) -> str:
    """Return a name as SQL takes one."""
    return '"' + name.replace('"', '""') + '"'
