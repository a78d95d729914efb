"""Masks of several readers reduced to their votes, in memory that does not grow with readers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isic_cli.agreement.table import BoolArray, FloatArray, IntArray
from isic_cli.errors import UsageError


@dataclass(frozen=True, eq=False)
class Majority:
    """What more than half of the readers marked.

    Attributes
    ----------
    mask : ndarray of shape (H, W), bool
        Marked by more than half.
    tied : ndarray of shape (H, W), bool
        Marked by exactly half; not in `mask`.
    votes : ndarray of shape (H, W), uint32
        How many readers marked each pixel.
    readers : int
        How many masks were added.
    """

    mask: BoolArray
    tied: BoolArray
    votes: NDArray[np.uint32]
    readers: int


class MaskVotes:
    """Counts the marks of each pixel, one mask at a time: memory stays that of one image."""

    def __init__(self) -> None:
        self._votes: NDArray[np.uint32] | None = None
        self._readers = 0

    def add(self, mask: ArrayLike, *, name: str) -> None:
        """Add one reader's mask.

        Parameters
        ----------
        mask : array_like of shape (H, W)
            What is not zero is marked.
        name : str
            Named by the error if it does not fit.

        Raises
        ------
        UsageError
            Not of the shape of the masks before.
        """
        marked = as_mask(mask, name, None if self._votes is None else self._votes.shape)
        if self._votes is None:
            self._votes = np.zeros(marked.shape, np.uint32)
        np.add(self._votes, marked, out=self._votes)
        self._readers += 1

    def majority(self) -> Majority:
        """Return the vote so far.

        Raises
        ------
        UsageError
            No mask was added.
        """
        if self._votes is None:
            raise UsageError("there is no mask to vote on")
        doubled = self._votes * 2
        return Majority(
            mask=doubled > self._readers,
            tied=doubled == self._readers,
            votes=self._votes.copy(),
            readers=self._readers,
        )


@dataclass(frozen=True, eq=False)
class VotePatterns:
    """Pixels grouped by who marked them.

    A thousand pixels that the same readers marked are one row with a count of a thousand, so
    everything that compares readers works on a handful of rows.

    Attributes
    ----------
    readers : tuple of str
        Names of the masks.
    marked : ndarray of shape (patterns, readers), bool
        Who marked the pixels of each pattern.
    counts : ndarray of shape (patterns,), int64
        How many pixels have it.
    index : ndarray of shape (H, W), int32
        The pattern of each pixel.
    """

    readers: tuple[str, ...]
    marked: BoolArray
    counts: IntArray
    index: NDArray[np.int32]

    def mask(self, reader: int) -> BoolArray:
        """Return the mask of a reader by its place, shape (H, W)."""
        return np.asarray(self.marked[:, reader][self.index])

    def paint(self, values: FloatArray) -> FloatArray:
        """Give every pixel the value of its pattern; shape (patterns,) to (H, W)."""
        return values[self.index]


class PatternBuilder:
    """Groups pixels by who marked them, one mask at a time.

    Each mask splits the groups so far in two at most; which groups were split is kept, not the
    masks, and the table of patterns is read back from it at the end.
    """

    def __init__(self) -> None:
        self._index: NDArray[np.int32] | None = None
        self._splits: list[IntArray] = []
        self._readers: list[str] = []

    def add(self, mask: ArrayLike, *, name: str) -> None:
        """Add one reader's mask.

        Parameters
        ----------
        mask : array_like of shape (H, W)
            What is not zero is marked.
        name : str
            Of the reader.

        Raises
        ------
        UsageError
            Not of the shape of the masks before, or a name that was there before.
        """
        if name in self._readers:
            raise UsageError(f"two masks are named {name}")
        marked = as_mask(mask, name, None if self._index is None else self._index.shape)
        if self._index is None:
            self._index = np.zeros(marked.shape, np.int32)
        groups = len(self._splits[-1]) if self._splits else 1
        split = self._index * 2 + marked
        present = np.flatnonzero(np.bincount(split.ravel(), minlength=2 * groups))
        renamed = np.zeros(2 * groups, np.int32)
        renamed[present] = np.arange(len(present), dtype=np.int32)
        self._index = renamed[split]
        self._splits.append(present.astype(np.int64))
        self._readers.append(name)

    def build(self) -> VotePatterns:
        """Return the patterns so far.

        Raises
        ------
        UsageError
            No mask was added.
        """
        if self._index is None:
            raise UsageError("there is no mask to compare")
        groups = len(self._splits[-1])
        marked = np.zeros((groups, len(self._readers)), bool)
        group = np.arange(groups)
        for reader in reversed(range(len(self._readers))):
            split = self._splits[reader][group]
            marked[:, reader] = split & 1
            group = split >> 1
        counts = np.bincount(self._index.ravel(), minlength=groups).astype(np.int64)
        return VotePatterns(tuple(self._readers), marked, counts, self._index)


def as_mask(mask: ArrayLike, name: str, shape: tuple[int, ...] | None) -> BoolArray:
    """Return an array of shape (H, W) as bool, after checking its shape.

    Raises
    ------
    UsageError
        Not two-dimensional, empty, or not of `shape`.
    """
    array = np.asarray(mask)
    if array.ndim != 2 or not array.size:
        raise UsageError(f"the mask of {name} has the shape {array.shape}, not (height, width)")
    if shape is not None and array.shape != shape:
        raise UsageError(
            f"the mask of {name} is {array.shape[1]}x{array.shape[0]}, "
            f"and those before are {shape[1]}x{shape[0]}",
            hint="masks of one image have its size; compare those of one image at a time",
        )
    return array if array.dtype == np.bool_ else array != 0
