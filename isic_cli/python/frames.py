"""Rows as typed columns: Arrow, pandas and polars, each imported when it is asked for."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast

from isic_cli.errors import UsageError
from isic_cli.index.columns import METADATA
from isic_cli.tables.names import is_missing

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

Row = Mapping[str, Any]
Kind = Literal["integer", "number", "boolean", "text"]

_KINDS: Mapping[str, Kind] = {
    "INTEGER": "integer",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "VARCHAR": "text",
}
#: A column of text is a category in pandas with fewer values than this share of its rows, and
#: at most so many: ids of many lesions are text, as a category they take a hundred times as long.
_FEW, _MOST = 0.5, 10_000


def library(name: str) -> Any:
    """Import a package that only some callers need.

    Raises
    ------
    UsageError
        It is not installed; the hint says how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise UsageError(f"{package} is not installed", hint=f"pip install {package}") from error


def kind_of(name: str, values: Iterable[Any]) -> Kind:
    """Return the type of a column: the archive's own for its fields, else that of its values."""
    column = METADATA.get(name)
    if column is not None:
        return _KINDS[column.type]
    kinds = {type(value) for value in values if value is not None}
    if not kinds or kinds - {bool, int, float}:
        return "text"
    if kinds == {bool}:
        return "boolean"
    return "integer" if kinds == {int} else "number"


#: What tables write for a truth value, in any case.
_TRUTH = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}

_CONVERT: Mapping[Kind, Callable[[Any], Any]] = {
    "integer": lambda value: int(value) if isinstance(value, int) else _whole(float(value)),
    "number": float,
    "boolean": lambda value: value if isinstance(value, bool) else _TRUTH[str(value).casefold()],
    "text": lambda value: value if isinstance(value, str) else _text(value),
}


def _whole(number: float) -> int:
    if not number.is_integer():  # as little as infinity does: a fraction is not a whole number
        raise ValueError(number)
    return int(number)


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return "; ".join(map(str, value))
    return value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else str(value)


def typed(rows: Sequence[Row], columns: Sequence[str]) -> dict[str, tuple[Kind, list[Any]]]:
    """Return each column's type and values; a value that does not fit makes the column text."""
    found: dict[str, tuple[Kind, list[Any]]] = {}
    for name in columns:
        values = [row.get(name) for row in rows]
        kind = kind_of(name, values)
        try:
            cells = [_cell(value, kind) for value in values]
        except (TypeError, ValueError, LookupError):
            kind = "text"
            cells = [_cell(value, kind) for value in values]
        found[name] = (kind, cells)
    return found


def _cell(value: Any, kind: Kind) -> Any:
    if is_missing(value):
        return None
    return _CONVERT[kind](value)


def to_arrow(rows: Sequence[Row], columns: Sequence[str]) -> "pa.Table":
    """Return an Arrow table."""
    arrow = library("pyarrow")
    types = {
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "boolean": arrow.bool_(),
        "text": arrow.string(),
    }
    found = typed(rows, columns)
    arrays = [arrow.array(cells, types[kind]) for kind, cells in found.values()]
    return cast("pa.Table", arrow.table(arrays, names=list(found)))


def to_pandas(rows: Sequence[Row], columns: Sequence[str]) -> "pd.DataFrame":
    """Return a DataFrame: `Int64`, `float64` and `boolean` columns, text as text or category."""
    pandas = library("pandas")
    series = {}
    for name, (kind, cells) in typed(rows, columns).items():
        is_category = name != "isic_id" and _are_few(len(set(cells)), len(cells))
        text = "category" if is_category else "string"
        dtypes = {"integer": "Int64", "number": "float64", "boolean": "boolean", "text": text}
        series[name] = pandas.Series(cells, dtype=dtypes[kind])
    return cast("pd.DataFrame", pandas.DataFrame(series, columns=list(columns)))


def _are_few(values: int, rows: int) -> bool:
    return values <= _MOST and values < _FEW * rows


def pandas_of(table: "pa.Table") -> "pd.DataFrame":
    """Return an Arrow table as a DataFrame with the same types as `to_pandas` gives."""
    arrow, pandas = library("pyarrow"), library("pandas")
    for at, name in enumerate(table.column_names):
        column = table[name]
        if name == "isic_id" or not arrow.types.is_string(column.type) or not len(column):
            continue
        # The first rows tell most columns of many values; only the others are counted whole.
        if len(column.slice(0, 2 * _MOST).unique()) > _MOST:
            continue
        found = column.dictionary_encode()
        if _are_few(len(found.chunk(0).dictionary), len(found)):
            table = table.set_column(at, name, found)
    types = {arrow.int32(): pandas.Int64Dtype(), arrow.int64(): pandas.Int64Dtype()}
    types |= {arrow.bool_(): pandas.BooleanDtype(), arrow.string(): pandas.StringDtype()}
    return cast("pd.DataFrame", table.to_pandas(types_mapper=types.get))


def to_polars(rows: Sequence[Row], columns: Sequence[str]) -> "pl.DataFrame":
    """Return a polars DataFrame."""
    polars = library("polars")
    types = {
        "integer": polars.Int64,
        "number": polars.Float64,
        "boolean": polars.Boolean,
        "text": polars.String,
    }
    found = typed(rows, columns)
    columns_of = {name: cells for name, (_, cells) in found.items()}
    schema = {name: types[kind] for name, (kind, _) in found.items()}
    return cast("pl.DataFrame", polars.DataFrame(columns_of, schema=schema))
