"""The index of a folder, asked: records whose sizes are those of the files now."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from isic_cli.index.columns import METADATA, SHOWN, SHOWN_LIST, to_record
from isic_cli.index.condition import EVERYTHING, Condition
from isic_cli.index.engine import translated
from isic_cli.index.index import Index
from isic_cli.models.image import ImageRecord
from isic_cli.pictures.load import known_dimensions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: The columns of the table of a folder that have one of their own in the index.
_GIVEN = frozenset({"attribution", "copyright_license", *METADATA})
#: What the records of a folder have beside the columns of an index: the path of the picture, its
#: time, and whether its dimensions are known from the picture alone.
BESIDE = ("path", "changed", "measured")
_SIZE, _WIDTH, _HEIGHT = (SHOWN.index(name) for name in ("size", "pixels_x", "pixels_y"))


class FolderIndex(Index):
    """An open index of a folder.

    Attributes
    ----------
    root : Path
        The folder that the paths in it are relative to.
    ending : ExitStack
        Closed with the index.
    """

    root: Path = Path()
    ending: ExitStack | None = None

    def close(self) -> None:
        """Close the database."""
        super().close()
        if self.ending is not None:
            self.ending.close()

    def records(
        self, condition: Condition = EVERYTHING, *, archive_order: bool = False, limit: int = 0,
        offset: int = 0,
    ) -> Iterator[ImageRecord]:  # fmt: skip
        """Yield the records as `Index` does; a picture that was changed in place as it is now."""
        columns = f"{SHOWN_LIST}, {', '.join(BESIDE)}"
        order = self._window(archive_order, limit, offset)
        rows = self._rows_of(columns, "pictures", condition, order)
        root = os.fspath(self.root)
        for *values, path, changed, measured in rows:
            try:
                state = os.stat(f"{root}/{unpacked_path(path)}")  # noqa: PTH116  # of every row
            except OSError:
                values[_SIZE] = None
            else:
                values[_SIZE] = state.st_size
                if measured and state.st_mtime_ns != changed:
                    found = known_dimensions(Path(f"{root}/{unpacked_path(path)}"))
                    values[_WIDTH], values[_HEIGHT] = found or (None, None)
            yield to_record(values)

    def is_exact(self, condition: Condition) -> bool:
        """As in `Index`; a picture that alone tells its dimensions must be looked at again."""
        measured = self._one("count(*) FROM pictures WHERE measured", EVERYTHING)
        return not measured[0] and super().is_exact(condition)

    def is_table_plain(self) -> bool:
        """Whether each row of the table is of another image, and every cell of its type."""
        lacking = "count(*) - count(isic_id), count(*) - count(DISTINCT isic_id), count(faults)"
        return not any(self._one(f"{lacking} FROM rows", EVERYTHING))

    def distinct(self, name: str) -> int:
        """Return how many ids a column of the table has, over images with a picture."""
        joined = "FROM rows SEMI JOIN pictures USING (isic_id)"
        return int(self._one(f'count(DISTINCT trim("{name}")) {joined}', EVERYTHING)[0])

    def listed(self, name: str) -> dict[str | None, int]:
        """Return how often a column of the table has each value, over images with a picture."""
        value = f'"{name}"' if name in _GIVEN else f"other->>'$.clinical.{name}'"
        rows = self.table(
            f"SELECT {value} AS value, count(*) AS n FROM rows SEMI JOIN pictures USING (isic_id)"
            " GROUP BY 1"
        )
        return {row["value"]: row["n"] for row in rows}

    def files_now(self) -> Iterator[tuple[str, int, tuple[int, int] | None]]:
        """Yield the path, the bytes and the dimensions of each picture of the table, as it is now.

        The dimensions are None of a picture that cannot be read. Files that went are left out.
        """
        columns = "path, size, changed, width, height"
        cursor = self._select(
            f"{columns} FROM files SEMI JOIN rows ON name = isic_id WHERE kind = 'picture'",
            EVERYTHING,
        )
        root = os.fspath(self.root)
        while rows := cursor.fetchmany(5000):
            for packed, size, changed, width, height in rows:
                path = f"{root}/{unpacked_path(packed)}"
                try:
                    state = os.stat(path)  # noqa: PTH116  # of every picture
                except OSError:
                    continue
                is_same = state.st_size == size and state.st_mtime_ns == changed
                known = (width, height) if is_same and width else known_dimensions(Path(path))
                yield path, state.st_size, known

    def coded(self, expression: str) -> tuple[list[str], "npt.NDArray[np.int32]"]:
        """Return the values of an expression of text, sorted, and for each image which it has.

        Returns
        -------
        tuple of (list of str, ndarray of shape (N,), int32)
            0 for no value, k + 1 for the k-th; in the order of `fulfil`.
        """
        cursor = self._db.cursor()
        with translated(str(self.folder)):
            cursor.execute(
                f"CREATE OR REPLACE TEMP TYPE coded AS ENUM (SELECT DISTINCT {expression} AS value"
                " FROM images WHERE value IS NOT NULL ORDER BY value)"
            )
            values = cursor.execute("SELECT unnest(enum_range(NULL::coded))::VARCHAR").fetchall()
            codes: npt.NDArray[np.int32] = cursor.execute(
                f"SELECT coalesce(enum_code(({expression})::coded)::INTEGER + 1, 0) AS code"
                " FROM images"
            ).fetchnumpy()["code"]  # type: ignore[assignment]  # no column of categories
        return [value for (value,) in values], codes

    def fulfil(self, condition: Condition) -> "npt.NDArray[np.bool_]":
        """Return for each image whether it fulfils a condition: ndarray of shape (N,), bool."""
        found = self._select(f"coalesce({condition.sql}, FALSE) AS chosen FROM images", condition)
        chosen: npt.NDArray[np.bool_] = found.fetchnumpy()["chosen"]  # type: ignore[assignment]  # as above
        return chosen

    def paths_from(self, kind: str, name: str, count: int) -> dict[str, str]:
        """Return files of a kind by what they are called by: from one name on, in their order."""
        asked = Condition("kind = ? AND name >= ?", (kind, name))
        rows = self._select(
            f"name, path FROM files WHERE {asked.sql} ORDER BY name LIMIT {count}", asked
        ).fetchall()
        root = os.fspath(self.root)
        return {found: f"{root}/{unpacked_path(path)}" for found, path in rows}


def packed_path(path: str) -> str:
    """Return a relative path as a cell of CSV in ASCII, whatever bytes the disk has in it."""
    path = path.replace("\\", "/") if os.sep == "\\" else path
    if path.isascii() and path.isprintable() and not ("%" in path or "," in path or '"' in path):
        return path
    return quote_from_bytes(os.fsencode(path))


def unpacked_path(path: str) -> str:
    """Return the path that `packed_path` packed."""
    return os.fsdecode(unquote_to_bytes(path)) if "%" in path else path
