"""Row runs: the canonical form of a label image, and what sorts them by label.

A map of a thousand superpixels has only 22 to 107 pixels per run, so that runs make everything
above them exact and fast without compiled code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Index = npt.NDArray[np.uint16 | np.uint32]


@dataclass(frozen=True, eq=False)
class RowRuns:
    """The runs of a label image, in row-major order; a run never crosses the end of a row.

    Attributes
    ----------
    shape : tuple of int
        (H, W).
    starts : ndarray of shape (R,), int32
        Flat row-major position of each run's first pixel, ascending.
    lengths : ndarray of shape (R,), int32
        Pixels of each run.
    index : ndarray of shape (R,), uint16 or uint32
        Region of each run, 0..count-1.
    count : int
        Regions. Each has at least one run.
    """

    shape: tuple[int, int]
    starts: Int32
    lengths: Int32
    index: Index
    count: int

    @cached_property
    def rows(self) -> Int32:
        """Row of each run: ndarray of shape (R,), int32."""
        height, width = self.shape
        per_row = np.diff(np.searchsorted(self.starts, np.arange(height + 1) * width))
        return np.repeat(np.arange(height, dtype=np.int32), per_row)

    @cached_property
    def columns(self) -> Int32:
        """Column of each run's first pixel: ndarray of shape (R,), int32."""
        return self.starts - self.rows * np.int32(self.shape[1])

    @cached_property
    def order(self) -> Int64:
        """Runs sorted by region, then row-major: ndarray of shape (R,), int64."""
        return np.argsort(self.index, kind="stable")

    @cached_property
    def offsets(self) -> Int64:
        """Where each region begins in `order`: ndarray of shape (count + 1,), int64."""
        out = np.zeros(self.count + 1, np.int64)
        np.cumsum(np.bincount(self.index, minlength=self.count), out=out[1:])
        return out

    @cached_property
    def image(self) -> Index:
        """Region of each pixel: ndarray of shape (H, W), uint16 or uint32, row-major."""
        return np.repeat(self.index, self.lengths).reshape(self.shape)

    def bands(self, pixels: int) -> Iterator[tuple[int, int, slice]]:
        """Yield bands of rows of about so many pixels: first row, end row, their runs."""
        height, width = self.shape
        step = max(1, pixels // width)
        edges = [*range(0, height, step), height]
        bounds = np.searchsorted(self.starts, np.array(edges) * width).tolist()
        for k in range(len(edges) - 1):
            yield edges[k], edges[k + 1], slice(bounds[k], bounds[k + 1])

    def expand(self, chosen: npt.NDArray[np.integer]) -> Int32:
        """Return the flat positions of all pixels of the chosen runs, run after run.

        Parameters
        ----------
        chosen : ndarray of shape (K,), int
            Indices of runs.

        Returns
        -------
        positions : ndarray of shape (sum of lengths,), int32
        """
        lengths = self.lengths[chosen]
        ends = np.cumsum(lengths, dtype=np.int64)
        shift = self.starts[chosen] - (ends - lengths).astype(np.int32)
        out = np.repeat(shift, lengths)
        out += np.arange(out.size, dtype=np.int32)
        return out


def split_runs(image: npt.NDArray[np.integer]) -> tuple[Int32, Int32, npt.NDArray[np.integer]]:
    """Split a label image into row runs.

    Parameters
    ----------
    image : ndarray of shape (H, W), any integer dtype
        At least one pixel.

    Returns
    -------
    starts, lengths : ndarray of shape (R,), int32
        Flat position of the first pixel, and pixels, of each run, row-major.
    values : ndarray of shape (R,), dtype of `image`
        The label of each run.
    """
    width = image.shape[1]
    flat = image.reshape(-1)
    change = np.empty(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=change[1:])
    change[::width] = True
    positions = np.flatnonzero(change)
    starts = positions.astype(np.int32)
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1] = flat.size - starts[-1]
    return starts, lengths, flat[positions]


def compact(values: npt.NDArray[np.integer]) -> tuple[Int64, Index]:
    """Give the distinct labels, ascending, the numbers 0..N-1.

    Works on the runs' labels, never on pixels, and never with a table as long as the largest
    label: labels reach 2**24-1.

    Parameters
    ----------
    values : ndarray of shape (R,), non-negative integers

    Returns
    -------
    ids : ndarray of shape (N,), int64
        The distinct labels, ascending.
    index : ndarray of shape (R,), uint16 or uint32
        `ids[index] == values`.
    """
    if values.dtype.itemsize <= 2:
        present = np.zeros(int(values.max()) + 1, bool)
        present[values] = True
        ids = np.flatnonzero(present)
        if ids[-1] + 1 == ids.size:
            return ids, values.astype(np.uint16, copy=False)
        lookup = np.cumsum(present, dtype=np.int64) - 1
        return ids, lookup[values].astype(np.uint16)
    found, inverse = np.unique(values, return_inverse=True)
    dtype = np.uint16 if found.size <= 1 << 16 else np.uint32
    return found.astype(np.int64), inverse.astype(dtype)
