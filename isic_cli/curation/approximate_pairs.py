"""Embeddings that are alike by an approximate search, for sets too large for the exact one.

The index is a graph of neighbours (hierarchical navigable small worlds: Malkov and Yashunin,
IEEE Transactions on Pattern Analysis and Machine Intelligence 42, 2020) as USearch keeps it. It
only proposes: each cosine is computed anew, so that a pair may be missed and none is wrong.
"""

from typing import TYPE_CHECKING

import numpy as np

from isic_cli.curation.embedding_distances import ROUNDING, Ints, Vectors
from isic_cli.distribution import install_extra
from isic_cli.errors import UsageError

if TYPE_CHECKING:
    from usearch.index import Index

#: Neighbours that are asked for at first, of each picture.
_NEIGHBOURS = 16
#: How widely the graph is searched, made and asked: benchmarks/embeddings.py.
_WIDTH = 64


def approximate_pairs(vectors: Vectors, cosine: float) -> list[tuple[int, int, float]]:
    """Return what `pairs_alike` does, but for pairs that the search may miss.

    One thread makes the graph, so that the same vectors give the same pairs. Of a picture whose
    farthest neighbour is still that alike, twice as many neighbours are asked for, until one is
    not.

    Raises
    ------
    UsageError
        USearch is not installed.
    """
    if len(vectors) < 2:
        return []
    graph = _graph(vectors)
    asked, count = np.arange(len(vectors)), min(_NEIGHBOURS + 1, len(vectors))
    found: dict[tuple[int, int], float] = {}
    while len(asked):
        near = np.asarray(graph.search(vectors[asked], count, threads=1).keys, np.int64)
        near = near.reshape(len(asked), count)
        exact = np.einsum("nd,nkd->nk", vectors[asked], vectors[near], optimize=True)
        alike = exact >= cosine - 2 * ROUNDING
        _keep(found, asked, near, exact, alike)
        asked = asked[alike.all(axis=1)] if count < len(vectors) else asked[:0]
        count = min(2 * count, len(vectors))
    pairs = [(one, other, alike) for (one, other), alike in found.items()]
    return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))


def _graph(vectors: Vectors) -> "Index":
    try:
        from usearch.index import Index
    except ImportError as error:
        raise UsageError(
            "an approximate search needs USearch, which is not installed",
            hint=f"{install_extra('embeddings')}, or leave --approximate away.",
        ) from error
    graph = Index(
        ndim=vectors.shape[1],
        metric="cos",
        dtype="f32",
        connectivity=16,
        expansion_add=_WIDTH,
        expansion_search=_WIDTH,
    )
    graph.add(np.arange(len(vectors), dtype=np.uint64), vectors, threads=1)
    return graph


def _keep(
    found: dict[tuple[int, int], float],
    asked: Ints,
    near: Ints,
    exact: Vectors,
    alike: np.typing.NDArray[np.bool_],
) -> None:
    """Add the pairs that are alike, each once, the lower row first."""
    for row, column in zip(*np.nonzero(alike), strict=True):
        one, other = int(asked[row]), int(near[row, column])
        if one != other:
            found[min(one, other), max(one, other)] = float(exact[row, column])
