"""Parquet files that users bring and take away."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from isic_cli.index.columns import METADATA
from isic_cli.index.engine import connect, quoted, translated

_TYPES: Mapping[type, str] = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", str: "VARCHAR"}


def write_parquet(
    rows: Iterable[Mapping[str, Any]], path: Path, columns: Sequence[str] = ()
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

    Raises
    ------
    LocalError
        When it cannot be written.
    """
    with TemporaryDirectory(prefix="isic-") as folder:
        lines = Path(folder) / "rows.jsonl"
        kinds: dict[str, str] = dict.fromkeys(columns, "")
        with translated(str(path)), lines.open("w", encoding="utf-8") as stream:
            for row in rows:
                for name, value in row.items():
                    kinds[name] = _common(kinds.get(name, ""), _kind(name, value))
                stream.write(json.dumps(row) + "\n")
        names = [*columns, *sorted(kinds.keys() - set(columns))]
        if not names:
            names, kinds = ["isic_id"], {"isic_id": "VARCHAR"}
        _convert(lines, path, {name: kinds[name] or "VARCHAR" for name in names}, Path(folder))


def _convert(lines: Path, path: Path, types: Mapping[str, str], folder: Path) -> None:
    columns = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in types.items())
    with translated(str(path)), connect(folder / "spill") as database:
        database.execute(
            f"COPY (SELECT * FROM read_json({quoted(lines)}, format = 'newline_delimited',"
            f" columns = {{{columns}}}, maximum_object_size = 4194304))"
            f" TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
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
