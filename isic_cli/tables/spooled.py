"""Rows that wait in a temporary file: memory holds one byte for each."""

import marshal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

from isic_cli.files.spool import Spool


class SpooledRows(Sequence[dict[str, Any]]):
    """Rows that are made again when they are asked for.

    Parameters
    ----------
    rows : iterable of mapping
        Read once; each value is a text, a number, a truth, None, or a list or mapping of them.

    Attributes
    ----------
    shapes : dict
        The columns that rows have together → their number.

    Raises
    ------
    LocalError
        When the temporary file cannot be written.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self.shapes: dict[tuple[str, ...], int] = {}
        self._spool = Spool()
        for row in rows:
            shape = self.shapes.setdefault(tuple(row), len(self.shapes))
            self._spool.add(marshal.dumps((shape, *row.values())))
        self._names = list(self.shapes)

    def __len__(self) -> int:
        return len(self._spool)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """Return a row, or some."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        return self._row(self._spool.piece(range(len(self))[place]))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self._row, self._spool)

    def _row(self, piece: bytes) -> dict[str, Any]:
        shape, *cells = marshal.loads(piece)  # noqa: S302 - of this process
        return dict(zip(self._names[shape], cells, strict=True))
