"""The connected components of a graph."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]
Integers = npt.NDArray[np.integer]

#: Rows or edges that are looked at together, where they are not an eighth of all.
_LEAST = 1 << 16


def parts(count: int) -> Iterator[slice]:
    """Yield parts of so many, at most eight where they are large: what is made of each is small."""
    size = max(_LEAST, -(-count // 8))
    for start in range(0, count, size):
        yield slice(start, start + size)


class ConnectedComponents:
    """The connected components of a graph whose edges come in parts.

    Each round hooks every root onto the smallest root it touches and then flattens the trees, so
    that the rounds grow with the logarithm of the graph rather than with its longest path
    (Shiloach and Vishkin, J. Algorithms 3, 1982, without their shortcuts for parallel machines).

    Parameters
    ----------
    count : int
        Nodes, numbered from 0.

    Attributes
    ----------
    roots : ndarray of shape (nodes,), int32
        The smallest node of the component of each node.
    """

    def __init__(self, count: int) -> None:
        self.roots = np.arange(count, dtype=np.int32)

    def tie(self, left: Integers, right: Integers) -> None:
        """Add edges by their ends, arrays of one length."""
        for part in parts(len(left)):
            self._tie(left[part], right[part])

    def _tie(self, left: Integers, right: Integers) -> None:
        while True:
            low, high = self.roots[left], self.roots[right]
            open_edges = low != high
            if not open_edges.any():
                return
            left, right = left[open_edges], right[open_edges]
            low, high = low[open_edges], high[open_edges]
            np.minimum.at(self.roots, np.maximum(low, high), np.minimum(low, high))
            while True:
                grand = self.roots[self.roots]
                if np.array_equal(grand, self.roots):
                    break
                self.roots = grand

    def extend(self, count: int) -> None:
        """Add so many nodes behind the others."""
        nodes = len(self.roots)
        self.roots = np.append(self.roots, np.arange(nodes, nodes + count, dtype=np.int32))

    def numbers(self, nodes: Int32s | None = None) -> Int32s:
        """Return the component of some nodes, or of all, numbered from 0 by the first of them."""
        roots = self.roots if nodes is None else self.roots[nodes]
        first = np.full(len(self.roots), -1, np.int32)
        # Of several values for one place the last one stays.
        first[roots[::-1]] = np.arange(len(roots) - 1, -1, -1, dtype=np.int32)
        first = np.sort(first[first >= 0])
        numbers = np.empty(len(self.roots), np.int32)
        numbers[roots[first]] = np.arange(len(first), dtype=np.int32)
        return numbers[roots]


def connected(count: int, left: Integers, right: Integers) -> Int32s:
    """Return the connected components of a graph.

    Parameters
    ----------
    count : int
        Nodes, numbered from 0.
    left, right : ndarray of shape (edges,), integer
        The ends of the edges.

    Returns
    -------
    ndarray of shape (count,), int32
        The component of each node, numbered from 0 by its first node.
    """
    components = ConnectedComponents(count)
    components.tie(left, right)
    return components.numbers()
