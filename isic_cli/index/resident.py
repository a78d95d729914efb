"""A small index held in memory, for a program that asks it again and again.

A question to the Parquet file costs two milliseconds before the first row is looked at. In a
table in memory, its texts of few values as numbers, the same answer takes a sixth of that. What
is asked in the archive's own language is looked up by value, without DuckDB, in a fifth of that
again.
"""

from typing import TYPE_CHECKING, Any

from isic_cli.index.columnar import Columns
from isic_cli.index.columns import SHOWN_LIST
from isic_cli.index.condition import Condition

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt

#: Records that are held at most: about 30 MB.
MOST_RECORDS = 100_000
_SCHEMA = "held"
_TABLE = f"{_SCHEMA}.resident"
#: What a FROM clause says; conditions may name the view that it stands for.
SOURCE = f"{_TABLE} AS images"


def is_small(records: int) -> bool:
    """Return whether an index of so many records may be held in memory."""
    return records <= MOST_RECORDS


def prepare(database: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyConnection":
    """Make room for the records; return a connection that asks without a plan.

    For a small table it takes longer to optimize a question than it saves.

    Parameters
    ----------
    database : duckdb.DuckDBPyConnection
        Open, and not sealed yet.
    """
    # Compressed, texts of few values become numbers, and what is asked of a text is worked out
    # once for each value.
    database.execute(f"ATTACH ':memory:' AS {_SCHEMA} (COMPRESS)")
    connection = database.cursor()
    connection.execute("PRAGMA disable_optimizer")
    return connection


class Resident:
    """The records of an index in memory.

    Parameters
    ----------
    database : duckdb.DuckDBPyConnection
        With the table that `SOURCE` names.
    quick : duckdb.DuckDBPyConnection
        A connection to it that `prepare` made.
    ids : ndarray of shape (N,), object
        Their ISIC ids, by row of the table.
    """

    def __init__(
        self,
        database: "duckdb.DuckDBPyConnection",
        quick: "duckdb.DuckDBPyConnection",
        ids: "npt.NDArray[np.object_]",
    ) -> None:
        self._db = database
        self._quick = quick
        self._ids = ids
        self._columns = Columns(self._read, ids.size)

    @classmethod
    def load(
        cls,
        database: "duckdb.DuckDBPyConnection",
        quick: "duckdb.DuckDBPyConnection",
    ) -> "Resident | None":
        """Copy the view `images` into a table of the same columns.

        Parameters
        ----------
        database : duckdb.DuckDBPyConnection
            Open; gets the table that `SOURCE` names.
        quick : duckdb.DuckDBPyConnection
            A connection to it that `prepare` made.

        Returns
        -------
        Resident or None
            None where DuckDB cannot, for want of memory; the file still answers.
        """
        import duckdb
        import numpy as np

        try:
            database.execute(f"CREATE TABLE {_TABLE} AS SELECT {SHOWN_LIST} FROM images")
            database.execute(f"CHECKPOINT {_SCHEMA}")
            found = database.execute(f"SELECT isic_id FROM {_TABLE}").fetchnumpy()["isic_id"]
        except duckdb.Error:
            return None
        return cls(database, quick, np.asarray(found, object))

    def count(self, condition: Condition) -> int:
        """Return how many records fulfil a condition."""
        mask = self._mask(condition)
        if mask is not None:
            return int(mask.sum())
        row = self._found("count(*)", condition, "").fetchone()
        return int(row[0]) if row else 0

    def ids(self, condition: Condition, order: str) -> list[str]:
        """Return the ids of the records that fulfil a condition.

        Parameters
        ----------
        condition : Condition
            Which records.
        order : str
            A clause ORDER BY; without one they are sorted.
        """
        import numpy as np

        rows = None if order else self._mask(condition)
        if rows is None:
            rows = np.asarray(self._found("rowid", condition, order).fetchnumpy()["rowid"])
        found: list[str] = self._ids[rows].tolist()
        return found

    def _mask(self, condition: Condition) -> "npt.NDArray[np.bool_] | None":
        """Return which records a condition chooses; None for one that only DuckDB can answer."""
        return None if condition.query is None else self._columns.mask(condition.query.tree)

    def _read(self, field: str) -> list[Any]:
        column = self._db.execute(f'SELECT "{field}" FROM {_TABLE}').fetchnumpy()[field]
        values: list[Any] = column.tolist()
        return values

    def _found(self, columns: str, condition: Condition, order: str) -> "duckdb.DuckDBPyConnection":
        # Where tables meet, in a subquery, a plan is worth its time.
        asked = self._db if "select" in condition.sql.lower() else self._quick
        query = f"SELECT {columns} FROM {SOURCE} WHERE {condition.sql}{order}"
        return asked.execute(query, condition.parameters)
