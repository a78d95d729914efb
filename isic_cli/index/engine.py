"""DuckDB, opened so that a query can read the index and nothing else.

This is where its errors become ours. DuckDB is imported when an index is opened, never before.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.errors import LocalError, UsageError

if TYPE_CHECKING:
    import duckdb

#: Bytes that DuckDB may take before it spills; the process has its own besides. A sort of a
#: million records needs 200 MB on one thread, and more on two.
_MEMORY = "200MB"

_FULL = "Free some space."

_OFFLINE = {
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
}


def connect(spill: Path, *, threads: int | None = None) -> "duckdb.DuckDBPyConnection":
    """Open an empty database in memory that may read and write files.

    Parameters
    ----------
    spill : Path
        A folder for what does not fit into memory; made when it is needed.
    threads : int, optional
        At most so many; all processors by default.
    """
    import duckdb

    database = duckdb.connect(
        ":memory:",
        config={
            **_OFFLINE,
            "memory_limit": _MEMORY,
            "temp_directory": str(spill),
            **({"threads": threads} if threads else {}),
        },
    )
    database.execute("SET parquet_metadata_cache = true")
    return database


def seal(connection: "duckdb.DuckDBPyConnection", allowed: Sequence[Path]) -> None:
    """Leave a connection these files and no other, no network, and no way back.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Open.
    allowed : sequence of Path
        Files that stay within reach.
    """
    names = ", ".join(quoted(path) for path in allowed)
    connection.execute(f"SET allowed_paths = [{names}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def quoted(text: object) -> str:
    """Return a text as a literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


@contextmanager
def translated(what: str, *, hint: str | None = None) -> Iterator[None]:
    """Turn DuckDB's errors within the block into ours.

    Parameters
    ----------
    what : str
        The file that is read or written, for the message.
    hint : str, optional
        What helps when it is damaged.

    Raises
    ------
    LocalError
        For a file that is damaged, absent or foreign, and a disk that is full.
    """
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise LocalError(f"{what}: not enough memory or disk: {first_line(error)}") from error
    except duckdb.Error as error:
        # A full disk comes wrapped in what the writing thread was about.
        full = os.strerror(errno.ENOSPC)
        if full in str(error):
            raise LocalError(f"{what}: {full}", hint=_FULL) from error
        raise LocalError(f"{what}: {first_line(error)}", hint=hint) from error
    except OSError as error:
        better = _FULL if error.errno == errno.ENOSPC else hint
        raise LocalError(f"{what}: {error.strerror or error}", hint=better) from error


def is_of_database(error: LocalError) -> bool:
    """Whether it was DuckDB that refused."""
    import duckdb

    return isinstance(error.__cause__, duckdb.Error)


@contextmanager
def translated_sql(sql: str) -> Iterator[None]:
    """Turn DuckDB's errors about a query that the user wrote into usage errors.

    Raises
    ------
    UsageError
        With what DuckDB says, its column marked where it marks one.
    """
    import duckdb

    try:
        yield
    except duckdb.PermissionException as error:
        raise UsageError(
            f"SQL: {first_line(error)}", hint="A query reads the index: no file and no network."
        ) from error
    except duckdb.Error as error:
        raise UsageError(f"SQL: {str(error).strip()}", hint=_sql_hint(sql)) from error


def _sql_hint(sql: str) -> str | None:
    if "=" in sql and '"' in sql and "'" not in sql:
        return "In SQL a text stands in single quotes: sex = 'male'."
    return "DESCRIBE images shows the columns."


def first_line(error: Exception) -> str:
    """Return the first line of an error's text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def checked_select(connection: "duckdb.DuckDBPyConnection", sql: str) -> str:
    """Return a query when it is one statement that only reads.

    Raises
    ------
    UsageError
        For a syntax error, several statements, or one that writes.
    """
    import duckdb

    with translated_sql(sql):
        statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise UsageError(
            f"SQL: one statement is needed, not {len(statements)}",
            hint='For example "SELECT sex, count(*) FROM images GROUP BY sex".',
        )
    kind = statements[0].type
    # EXPLAIN is refused too: EXPLAIN ANALYZE runs what it explains, a COPY as well.
    if kind != duckdb.StatementType.SELECT:
        raise UsageError(
            f"SQL: {kind.name} is refused: the index can only be read",
            hint="SELECT, DESCRIBE and SUMMARIZE are at hand.",
        )
    return sql


def checked_condition(text: str) -> str:
    """Return the condition of `--where` when it is one expression.

    Raises
    ------
    UsageError
        For a syntax error or anything after the expression.
    """
    import duckdb

    with translated_sql(text):
        duckdb.SQLExpression(text)
    return text


def plain(value: Any) -> Any:
    """Return a value of SQL as JSON and tables can show it: dates and the like as text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def unique(names: Sequence[str]) -> Iterator[str]:
    """Yield column names; one that occurs again gets a number."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}_{seen[name]}"
