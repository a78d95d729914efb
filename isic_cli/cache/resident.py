"""A small index held in memory, for a program that asks it again and again.

A question to the Parquet file costs two milliseconds before the first row is looked at. In a
table in memory, its texts of few values as numbers, the same answer takes a third of that.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isic_cli.cache.build import MOST_VALUES
from isic_cli.cache.columns import FACTS, METADATA, SHOWN
from isic_cli.cache.engine import quoted

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt

#: Records that are held at most: about 30 MB.
MOST_RECORDS = 100_000
#: What a FROM clause says; conditions may name the view that it stands for.
SOURCE = "resident AS images"


class Resident:
    """The records of an index in memory.

    Parameters
    ----------
    ids : ndarray of shape (N,), object
        Their ISIC ids, by row of the table.
    """

    def __init__(self, ids: "npt.NDArray[np.object_]") -> None:
        self._ids = ids

    @classmethod
    def load(
        cls, database: "duckdb.DuckDBPyConnection", terms: Mapping[str, Mapping[str, Any]]
    ) -> "Resident | None":
        """Copy the view `images` into a table of the same columns.

        Parameters
        ----------
        database : duckdb.DuckDBPyConnection
            Open; gets the table that `SOURCE` names.
        terms : mapping
            What `read_terms` returns: the values of each field.

        Returns
        -------
        Resident or None
            None where DuckDB cannot, for want of memory; the file still answers.
        """
        import duckdb
        import numpy as np

        try:
            columns = [_column(database, name, terms.get(name, {})) for name in SHOWN]
            database.execute(f"CREATE TABLE resident AS SELECT {', '.join(columns)} FROM images")
            found = database.execute("SELECT isic_id FROM resident").fetchnumpy()["isic_id"]
        except duckdb.Error:
            return None
        return cls(np.asarray(found, object))

    def ids_of(self, rows: "duckdb.DuckDBPyConnection") -> list[str]:
        """Return the ids of the rows that a query for `rowid` found, in its order."""
        import numpy as np

        found: list[str] = self._ids[np.asarray(rows.fetchnumpy()["rowid"])].tolist()
        return found


def _column(
    database: "duckdb.DuckDBPyConnection", name: str, counted: Mapping[str, Mapping[str, int]]
) -> str:
    """Return a column of the select list, its few texts as an enumeration."""
    values = counted.get("values", {})
    kind = METADATA[name].type if name in METADATA else FACTS.get(name)
    # One that reaches the limit may have values that were not counted.
    if kind != "VARCHAR" or not 0 < len(values) < MOST_VALUES:
        return f'"{name}"'
    # In their order: values are compared by their place in the list.
    texts = ", ".join(map(quoted, sorted(values)))
    database.execute(f'CREATE TYPE "resident {name}" AS ENUM ({texts})')
    return f'CAST("{name}" AS "resident {name}") AS "{name}"'
