"""The values of fields as numbers, so that any choice of images is counted in milliseconds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: Which images of a store: their rows, or whether each is chosen.
Rows = npt.NDArray[np.bool_] | npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CodedField:
    """The values of one field.

    Attributes
    ----------
    values : sequence
        Each value once, sorted as text.
    codes : ndarray of shape (N,), unsigned
        For each image 0 for no value, and k + 1 for `values[k]`.
    """

    values: Sequence[Any]
    codes: npt.NDArray[np.unsignedinteger]

    @classmethod
    def of(cls, values: Sequence[Any], codes: npt.NDArray[np.integer]) -> "CodedField":
        """Return a field whose codes take as little room as they can."""
        return cls(values, codes.astype(np.min_scalar_type(len(values))))

    def counts(self, rows: Rows) -> npt.NDArray[np.int64]:
        """Return how many of some images have no value, and then each of the values."""
        return np.bincount(self.codes[rows], minlength=len(self.values) + 1)


def coded_rows(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> dict[str, CodedField]:
    """Return fields of rows that are in memory; an empty text is not a value."""
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name in names:
            columns[name].append(row.get(name))
    return {name: _coded(column) for name, column in columns.items()}


def _coded(column: list[Any]) -> CodedField:
    values = sorted({value for value in column if value not in (None, "")}, key=str)
    code_of = {value: code for code, value in enumerate(values, 1)}
    codes = np.array([code_of.get(value, 0) for value in column], np.int64)
    return CodedField.of(values, codes)
