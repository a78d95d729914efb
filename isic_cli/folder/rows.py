"""The table and the lock of a folder as sources of SQL, typed as the API types its JSON.

The same rules as `folder.table`, for tables that are too long to pass through Python.
"""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.errors import LocalError, UsageError
from isic_cli.files.load import open_regular
from isic_cli.files.walk import UNSAFE
from isic_cli.folder.table import BOOLEANS, OUTSIDE
from isic_cli.index.columns import METADATA
from isic_cli.index.engine import quoted, translated
from isic_cli.index.snapshot import identifier, json_object
from isic_cli.models.ids import ID_PATTERN
from isic_cli.models.image import ACQUISITION_FIELDS
from isic_cli.query.fields import field_names
from isic_cli.tables.names import MISSING, id_column, is_missing
from isic_cli.tables.read import RowReader

if TYPE_CHECKING:
    import duckdb

#: What `str.strip` takes away.
_SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_WORDS = ", ".join(quoted(word) for word in sorted(MISSING))
_NUMBER = "TRY_CAST(cell AS DOUBLE)"
_WITHIN = rf"(?i)(?:^|[^A-Za-z0-9])({ID_PATTERN})(?:[^0-9]|$)"

#: Functions of one cell that the sources below are made of. What begins with a letter that begins
#: no word for "no value" is told apart by its first byte; a text of JSON without escapes is itself.
_MACROS = {
    "plain": "CASE WHEN (cell >= '!' AND cell < '<') OR (cell > '=' AND cell < 'N')"
    " OR (cell >= 'O' AND cell < 'n') OR (cell >= 'o' AND cell < chr(127)) THEN cell"
    f" WHEN length(cell) <= 6 AND lower(trim(cell, {quoted(_SPACES)})) IN ({_WORDS}) THEN NULL"
    " WHEN starts_with(cell, chr(9)) AND substr(cell, 2, 1) IN ('=', '+', '-', '@')"
    f" THEN substr(cell, 2) WHEN trim(cell, {quoted(_SPACES)}) = '' THEN NULL ELSE cell END",
    "truth": "CASE lower(cell) WHEN 'true' THEN TRUE WHEN '1' THEN TRUE WHEN '1.0' THEN TRUE"
    " WHEN 'false' THEN FALSE WHEN '0' THEN FALSE WHEN '0.0' THEN FALSE END",
    "decimal_of": f"CASE WHEN isfinite({_NUMBER}) THEN {_NUMBER} END",
    "whole": f"CASE WHEN isfinite({_NUMBER}) AND abs({_NUMBER}) < 2147483648"
    f" AND floor({_NUMBER}) = {_NUMBER} THEN CAST({_NUMBER} AS INTEGER) END",
    "id_of": f"CASE WHEN regexp_full_match(cell, '{ID_PATTERN}') THEN cell"
    f" ELSE upper(nullif(regexp_extract(cell, '{_WITHIN}', 1), '')) END",
    "text_of": "CASE WHEN starts_with(cell, '\"') THEN CASE WHEN contains(cell, '\\')"
    " THEN cell->>'$' ELSE replace(cell, '\"', '') END END",
    "number_of": "CASE WHEN regexp_full_match(cell, '-?[0-9]+')"
    " THEN TRY_CAST(CAST(cell AS VARCHAR) AS INTEGER) END",
}
_TYPED = {"BOOLEAN": "truth", "INTEGER": "whole", "DOUBLE": "decimal_of"}


def define_macros(database: "duckdb.DuckDBPyConnection") -> None:
    """Define the functions that `table_source` and `lock_source` use."""
    for name, meaning in _MACROS.items():
        database.execute(f"CREATE OR REPLACE TEMP MACRO {name}(cell) AS {meaning}")


@contextmanager
def table_source(path: Path, scratch: Path) -> Iterator[str]:
    """Give the rows of a table of any kind as a FROM clause, typed.

    Its columns are `position`, from 0, `faults`, the names of fields whose cell is not of their
    type, and those of the index that a table can give. The id is NULL in a row that names no image.

    Parameters
    ----------
    path : Path
        The table; an absent one has no rows.
    scratch : Path
        A folder for a copy of what DuckDB does not read as we do.

    Raises
    ------
    LocalError
        For a table that cannot be read, has a broken row, or has no column of ids.
    """
    try:
        open_regular(path).close()  # a FIFO would be waited for
        reader = RowReader(path)
    except FileNotFoundError:
        yield f"(SELECT {_typed_list((), ())} WHERE FALSE)"
        return
    except UsageError as error:
        raise LocalError(error.message, hint=error.hint) from error
    columns = reader.columns
    try:
        key = columns[id_column(columns, name=str(path))]
    except UsageError as error:
        raise LocalError(error.message, hint=error.hint) from error
    names = field_names(columns, key)
    copy = scratch / "table.csv"
    if not _is_plain(path, reader):
        _write_plain(reader, copy)
    source = copy if copy.exists() else path
    cells = [f"c{number}" for number in range(len(columns))]
    types = ", ".join(f"{cell}: 'VARCHAR'" for cell in cells)
    cleaned = ", ".join(f"plain({cell}) AS {cell}" for cell in cells)
    rows = (
        f"read_csv({quoted(source)}, auto_detect = false, header = true, delim = ',',"
        f" quote = '\"', escape = '\"', strict_mode = true, nullstr = '', columns = {{{types}}})"
    )
    try:
        yield (
            f"(SELECT {_typed_list(names, cells)} FROM (SELECT row_number() OVER () - 1 AS"
            f" position, {cleaned} FROM {rows}) WHERE coalesce({', '.join(cells)}) IS NOT NULL)"
        )
    finally:
        copy.unlink(missing_ok=True)


def _is_plain(path: Path, reader: RowReader) -> bool:
    """Whether a table is what most are, so that DuckDB reads it as `RowReader` does."""
    with path.open("rb") as file:
        first = file.readline().rstrip(b"\r\n")
    return (
        reader.dialect.kind == "csv"
        and reader.dialect.delimiter == ","
        and reader.dialect.has_header
        and first == ",".join(reader.columns).encode()
        and b'"' not in first
        and b"\r" not in first
    )


def _write_plain(reader: RowReader, target: Path) -> None:
    """Write any table as a plain one.

    Raises
    ------
    LocalError
        For a row that is broken.
    """
    try:
        with translated(str(target)), target.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
            writer.writerow(f"c{number}" for number in range(len(reader.columns)))
            for _, row in reader:
                cells = map(row.get, reader.columns)  # a row of JSON may lack some
                writer.writerow("" if is_missing(cell) else str(cell) for cell in cells)
    except UsageError as error:
        raise LocalError(error.message, hint=error.hint) from error


def rewritten(path: Path, scratch: Path) -> None:
    """Write the plain copy of a table that DuckDB refused: `table_source` takes it then.

    Raises
    ------
    LocalError
        For what is wrong with the table, in our words.
    """
    try:
        _write_plain(RowReader(path), scratch / "table.csv")
    except UsageError as error:
        raise LocalError(error.message, hint=error.hint) from error


def _typed_list(names: Sequence[str], cells: Sequence[str]) -> str:
    """Return the select list of a table's typed columns."""
    cell_of = dict(zip(names, cells, strict=True))
    listed = []
    faults = []
    for name in ("isic_id", "attribution", "copyright_license", *METADATA):
        cell = cell_of.get(name, "NULL::VARCHAR")
        kind = METADATA[name].type if name in METADATA else "VARCHAR"
        value = f"{_TYPED[kind]}({cell})" if kind in _TYPED else cell
        if name == "isic_id":
            value = f"id_of({cell})"
        elif kind in {"BOOLEAN", "INTEGER"} and name in cell_of:
            faults.append(f"CASE WHEN {cell} IS NOT NULL AND {value} IS NULL THEN '{name}' END")
        listed.append(f"{value} AS {identifier(name)}")
    told = f"nullif(concat_ws(',', {', '.join(faults)}), '')" if faults else "NULL::VARCHAR"
    position = "position" if names else "NULL::BIGINT AS position"
    return f"{position}, {told} AS faults, {', '.join(listed)}, {_others(cell_of)} AS other"


def _others(cell_of: dict[str, str]) -> str:
    """Keep what has no column of its own, and decimals that are not written as the archive does."""
    groups: dict[str, list[str]] = {"acquisition": [], "clinical": []}
    for name, cell in cell_of.items():
        group = groups["acquisition" if name in ACQUISITION_FIELDS else "clinical"]
        if name in METADATA:
            if METADATA[name].type == "DOUBLE":
                same = f"{cell} = printf('%.2f', decimal_of({cell}))"
                group.append(
                    f"{identifier(name)} := CASE WHEN ({same}) IS NOT TRUE THEN {cell} END"
                )
        elif name not in OUTSIDE:
            value = f"truth({cell})" if name in BOOLEANS else cell
            group.append(f"{identifier(name)} := {value}")
    packed = [f"{name} := {json_object(parts)}" for name, parts in groups.items() if parts]
    return f"{json_object(packed)}::JSON" if packed else "NULL::JSON"


def lock_source(path: Path) -> str:
    """Return the images of an `isic.lock` as a FROM clause; a line that is none is left out.

    Its columns are `isic_id`, `path` (empty when it would leave the folder), `size`, `width`,
    `height`, `public`, `copyright_license`, `attribution`, `lesion_id` and `patient_id`.
    """
    texts = ("isic_id", "path", "copyright_license", "attribution", "lesion_id", "patient_id")
    numbers = ("size", "width", "height")
    names = (*texts, *numbers, "public")
    columns = ", ".join(f"{name}: 'JSON'" for name in names)
    source = (
        f"read_json({quoted(path)}, format = 'newline_delimited', ignore_errors = true,"
        f" columns = {{{columns}}}, maximum_object_size = 4194304)"
        if path.is_file()
        else f"(SELECT {', '.join(f'NULL::JSON AS {name}' for name in names)})"
    )
    shown = [f"nullif(text_of({name}), '') AS {name}" for name in texts if name != "path"]
    shown += [f"number_of({name}) AS {name}" for name in numbers]
    inside = (
        f"CASE WHEN regexp_matches(text_of(path), {quoted(UNSAFE)}) THEN ''"
        " ELSE coalesce(text_of(path), '') END AS path"
    )
    public = "(CAST(public AS VARCHAR) IS DISTINCT FROM 'false') AS public"
    return (
        f"(SELECT {', '.join(shown)}, {inside}, {public} FROM {source}"
        " WHERE starts_with(isic_id, '\"'))"
    )
