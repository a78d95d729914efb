"""A result as a small table that prints, renders in a notebook and becomes a DataFrame."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from isic_cli.models.names import counted
from isic_cli.python import frames, html

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True, repr=False)
class ResultTable:
    """Rows with names.

    Attributes
    ----------
    title : str
        What the rows are.
    columns : tuple of str
        Their names.
    rows : tuple of dict
        The cells by column; an absent value is an absent key or None.

    Examples
    --------
    >>> ResultTable.of("ages", [{"isic_id": "ISIC_0000001", "age_approx": 40}])
    <ResultTable ages: 1 row, 2 columns>
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...] = field(hash=False)

    @classmethod
    def of(
        cls, title: str, rows: Iterable[Mapping[str, Any]], columns: Iterable[str] | None = None
    ) -> Self:
        """Make a table; without names its columns are those of its rows, as they come."""
        kept = tuple(rows)
        names = (
            columns if columns is not None else dict.fromkeys(key for row in kept for key in row)
        )
        return cls(title, tuple(names), kept)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Iterate over the rows."""
        return iter(self.rows)

    def __getitem__(self, at: int) -> Mapping[str, Any]:
        """Return one row."""
        return self.rows[at]

    def __repr__(self) -> str:
        """Return one line."""
        rows = counted(len(self.rows), "row")
        return f"<{type(self).__name__} {self.title}: {rows}, {len(self.columns)} columns>"

    def _repr_html_(self) -> str:
        return html.rows_as_html(self.columns, self.rows, self.title)

    def to_arrow(self) -> "pa.Table":
        """Return an Arrow table with typed columns; needs pyarrow."""
        return frames.to_arrow(self.rows, self.columns)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a DataFrame with typed columns; needs pandas."""
        return frames.to_pandas(self.rows, self.columns)

    def to_polars(self) -> "pl.DataFrame":
        """Return a polars DataFrame with typed columns; needs polars."""
        return frames.to_polars(self.rows, self.columns)
