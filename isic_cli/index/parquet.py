"""Parquet files that users bring and take away."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isic_cli.index.columns import METADATA
from isic_cli.index.engine import connect, quoted, translated

_TYPES: Mapping[type, str] = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR"}


class ColumnTypes:
    """DuckDB's type of each column of rows: a number or a boolean where all values are, else text.

    Parameters
    ----------
    columns : sequence of str
        Columns that are there in any case.
    """

    def __init__(self, columns: Sequence[str] = ()) -> None:
        self._kinds: dict[str, str] = dict.fromkeys(columns, "")

    def add(self, row: Mapping[str, Any]) -> None:
        """Look at a row."""
        for name, value in row.items():
            self._kinds[name] = _common(self._kinds.get(name, ""), _kind(name, value))

    def found(self) -> dict[str, str]:
        """Return the types; a column without a value is text."""
        return {name: kind or "VARCHAR" for name, kind in self._kinds.items()}


def write_parquet(
    rows: Iterable[Mapping[str, Any]],
    path: Path,
    columns: Sequence[str] = (),
    *,
    types: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write rows as a Parquet file; they wait in a temporary file, so memory stays flat.

    Parameters
    ----------
    rows : iterable of mapping
        A key is a column: a number or a boolean where all its values are, else text. Decimals of
        the data dictionary, which the archive writes as text, are numbers.
    path : Path
        Written in place.
    columns : sequence of str
        The first columns, in this order, there in any case; others follow sorted by name.
    types : mapping of str to str, optional
        Every column and its type, where they do not follow from the rows.
    notes : mapping of str to str, optional
        Key-value metadata of the file.

    Raises
    ------
    LocalError
        When it cannot be written.
    """
    with TemporaryDirectory(prefix="isic-") as folder:
        lines = Path(folder) / "rows.jsonl"
        seen = ColumnTypes(columns)
        with translated(str(path)), lines.open("w", encoding="utf-8") as stream:
            for row in rows:
                seen.add(row)
                stream.write(json.dumps(row) + "\n")
        if types is None:
            found = seen.found()
            names = [*columns, *sorted(found.keys() - set(columns))]
            types = {name: found[name] for name in names} or {"isic_id": "VARCHAR"}
        _convert(lines, path, types, notes or {}, Path(folder))


def _convert(
    lines: Path, path: Path, types: Mapping[str, str], notes: Mapping[str, str], folder: Path
) -> None:
    columns = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in types.items())
    kept = ", ".join(f"{quoted(name)}: {quoted(text)}" for name, text in notes.items())
    with translated(str(path)), connect(folder / "spill") as database:
        database.execute(
            f"COPY (SELECT * FROM read_json({quoted(lines)}, format = 'newline_delimited',"
            f" columns = {{{columns}}}, maximum_object_size = 4194304))"
            f" TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false"
            f"{f', KV_METADATA {{{kept}}}' if kept else ''})"
        )


def _kind(name: str, value: Any) -> str:
    if value is None:
        return ""
    column = METADATA.get(name)
    if column is not None and column.type == "DOUBLE":
        try:
            float(value)
        except (TypeError, ValueError):
            return "VARCHAR"
        return "DOUBLE"
    return _TYPES.get(type(value), "JSON")


def _common(first: str, second: str) -> str:
    """Return a type that holds the values of both."""
    if first == second or not second:
        return first
    if not first:
        return second
    return "DOUBLE" if {first, second} == {"BIGINT", "DOUBLE"} else "VARCHAR"
