"""Vectors that a user's own model made of pictures: from NumPy files, Parquet or any table."""

import glob
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.files.faults import shown, translated
from isic_cli.models.ids import find_ids
from isic_cli.tables.content import Content
from isic_cli.tables.names import id_column
from isic_cli.tables.read import RowReader

if TYPE_CHECKING:
    import duckdb

Vectors = npt.NDArray[np.float32]

#: What the array of names and the array of vectors may be called in an `.npz` file.
_IDS = ("ids", "isic_ids", "isic_id", "names", "paths")
_VECTORS = ("embeddings", "embedding", "vectors", "features")

_HINT = (
    "A Parquet file or table has a column of ids and either one column of lists or a column for "
    "each number; an .npz file has the arrays ids and embeddings; beside FILE.npy lies FILE.txt "
    "with an id in each line."
)


@dataclass(frozen=True, eq=False)
class Embeddings:
    """A vector for each picture.

    Attributes
    ----------
    ids : tuple of str
        ISIC ids where there are some in the names, else file names without folder and suffix;
        each once. Empty for an `.npy` file without names: then rows are in the order of the
        pictures.
    vectors : ndarray of shape (N, D), float32
        Of length 1.
    """

    ids: tuple[str, ...]
    vectors: Vectors

    def rows_of(
        self, wanted: Sequence[str], *, name: str = "the file of embeddings"
    ) -> npt.NDArray[np.int64]:
        """Return the row of each of these ids in `vectors`; -1 where it has none.

        Raises
        ------
        UsageError
            The file has no ids, and another number of rows.
        """
        if not self.ids:
            if len(wanted) != len(self.vectors):
                raise UsageError(
                    f"{name} has {len(self.vectors):,} rows and no ids, for {len(wanted):,} "
                    "pictures",
                    hint=_HINT,
                )
            return np.arange(len(wanted))
        place = {isic_id: row for row, isic_id in enumerate(self.ids)}
        return np.array([place.get(isic_id, -1) for isic_id in wanted], np.int64)


def read_embeddings(source: Path) -> Embeddings:
    """Read the vectors of a file.

    Parameters
    ----------
    source : Path
        `.npy` (with `.txt` of the same name beside it), `.npz`, Parquet, or any other table.

    Raises
    ------
    NotFoundError, LocalError
        The file is absent or cannot be read.
    UsageError
        No such file of vectors, ids that are there twice, or a vector that has no direction: with
        a value that is not a finite number, or nothing but zeros.
    """
    if source.suffix.lower() in {".npy", ".npz"}:
        names, values = _from_numpy(source)
    elif Content(source).kind == "parquet":
        names, values = _from_parquet(source)
    else:
        names, values = _from_table(source)
    ids = tuple(_key(name) for name in names)
    _check(source, ids, values)
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    return Embeddings(ids, np.asarray(values / norms, np.float32))


def _key(name: object) -> str:
    text = str(name)
    return next(iter(find_ids(Path(text).name)), "") or Path(text).stem


def _check(source: Path, ids: tuple[str, ...], values: npt.NDArray[np.float32]) -> None:
    name = shown(source)
    if values.ndim != 2 or not values.size:
        raise UsageError(f"{name} has no table of vectors: shape {values.shape}", hint=_HINT)
    if ids and len(ids) != len(values):
        raise UsageError(f"{name}: {len(ids):,} ids for {len(values):,} vectors", hint=_HINT)
    if len(set(ids)) < len(ids):
        twice = Counter(ids).most_common(1)[0][0]
        raise UsageError(f"{name}: {twice} has two vectors")
    with np.errstate(over="ignore"):
        usable = np.isfinite(values).all(axis=1) & (np.abs(values).max(axis=1) > 0)
    if not usable.all():
        row = int(np.flatnonzero(~usable)[0])
        named = ids[row] if ids else f"row {row + 1}"
        raise UsageError(f"{name}: the vector of {named} has no direction (zeros, NaN or infinity)")


def _from_numpy(source: Path) -> tuple[Iterable[object], npt.NDArray[np.float32]]:
    if not source.exists():
        raise NotFoundError(f"no such file: {shown(source)}")
    names: Iterable[object] = ()
    try:
        with translated(source, "cannot read"), source.open("rb") as file:
            loaded: Any = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                values = loaded
                beside = source.with_suffix(".txt")
                if beside.exists():
                    names = [line.strip() for line in Content(beside).lines() if line.strip()]
            else:
                with loaded as arrays:
                    values = arrays[next(name for name in _VECTORS if name in arrays)]
                    names = arrays[next(name for name in _IDS if name in arrays)].tolist()
        return names, np.asarray(values, np.float32)
    except StopIteration as error:
        raise UsageError(f"{shown(source)} lacks ids or embeddings", hint=_HINT) from error
    except (ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise UsageError(f"{shown(source)} is not a NumPy file of numbers", hint=_HINT) from error


def _from_parquet(source: Path) -> tuple[Iterable[object], npt.NDArray[np.float32]]:
    import duckdb

    name = shown(source)
    with duckdb.connect() as database:
        try:
            return _query(database, source, name)
        except duckdb.Error as error:
            raise UsageError(f"{name} is not a Parquet file of vectors", hint=_HINT) from error


def _query(
    database: "duckdb.DuckDBPyConnection", source: Path, name: str
) -> tuple[Iterable[object], npt.NDArray[np.float32]]:
    table, where = "FROM read_parquet(?)", [glob.escape(str(source))]
    described = database.execute(f"DESCRIBE SELECT * {table}", where).fetchall()
    types = {row[0]: str(row[1]) for row in described}
    key = list(types)[id_column(tuple(types), name=name)]
    names = [row[0] for row in database.execute(f'SELECT "{key}" {table}', where).fetchall()]
    lists = [column for column, kind in types.items() if kind.endswith("]")]
    if not lists:
        numeric = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL")
        columns = [one for one, kind in types.items() if kind.startswith(numeric) and one != key]
        chosen = ", ".join(f'CAST("{one}" AS FLOAT)' for one in columns) or "NULL"
        found = database.execute(f"SELECT {chosen} {table}", where).fetchnumpy()
        filled = [np.ma.filled(values, np.nan) for values in found.values()]
        return names, np.asarray(np.column_stack(filled), np.float32)
    column = f'CAST("{lists[0]}" AS FLOAT[])'
    sizes = database.execute(f"SELECT DISTINCT len({column}) {table}", where).fetchall()
    if len(sizes) != 1 or not sizes[0][0]:
        raise UsageError(f"{name}: the lists in {lists[0]} are not all equally long", hint=_HINT)
    flat = database.execute(f"SELECT unnest({column}) AS x {table}", where).fetchnumpy()["x"]
    return names, np.asarray(np.ma.filled(flat, np.nan), np.float32).reshape(-1, sizes[0][0])


def _from_table(source: Path) -> tuple[Iterable[object], npt.NDArray[np.float32]]:
    rows = RowReader(source)
    key = rows.columns[id_column(rows.columns, name=rows.name)]
    names: list[object] = []
    values: list[list[float]] = []
    for number, row in rows:
        names.append(row[key])
        given: list[Any] = []
        for column in rows.columns:
            cell = row.get(column)
            if column != key:
                given += cell if isinstance(cell, list) else [cell]
        try:
            values.append([float(cell) for cell in given])
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"{rows.name}, line {number}: a number of the vector is missing or none", hint=_HINT
            ) from error
    if len({len(vector) for vector in values}) > 1:
        raise UsageError(f"{rows.name}: the vectors are not all equally long", hint=_HINT)
    return names, np.asarray(values, np.float32)
