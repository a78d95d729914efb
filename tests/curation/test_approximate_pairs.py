"""The approximate search among embeddings, beside the exact one."""

import sys

import numpy as np
import pytest

from isic_cli.curation.approximate_pairs import approximate_pairs
from isic_cli.curation.embedding_distances import Vectors, pairs_alike
from isic_cli.errors import UsageError


def _vectors(count: int, copies: int, length: int = 32) -> Vectors:
    """Return vectors of which the first `copies` are each a little off the next so many."""
    random = np.random.default_rng(3)
    found = random.normal(size=(count, length))
    found[:copies] = found[copies : 2 * copies] + 0.05 * random.normal(size=(copies, length))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found.astype(np.float32)


def test_every_pair_of_the_exact_search_is_found() -> None:
    vectors = _vectors(400, 60)
    exact = pairs_alike(vectors, 0.95)
    found = approximate_pairs(vectors, 0.95)
    assert len(exact) == 60
    assert [pair[:2] for pair in found] == [pair[:2] for pair in exact]
    np.testing.assert_allclose([p[2] for p in found], [p[2] for p in exact], atol=1e-6)


def test_a_group_larger_than_the_first_neighbours_is_found_whole() -> None:
    vectors = np.repeat(_vectors(40, 0), [60, *[1] * 39], axis=0)
    found = approximate_pairs(vectors, 0.95)
    assert {pair[:2] for pair in found} == {(a, b) for b in range(60) for a in range(b)}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_vectors_are_no_special_case(count: int) -> None:
    vectors = np.repeat(_vectors(1, 0), count, axis=0)
    assert [pair[:2] for pair in approximate_pairs(vectors, 1.0)] == [(0, 1)] * (count == 2)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(UsageError, match="needs USearch") as raised:
        approximate_pairs(_vectors(2, 0), 0.9)
    assert "[embeddings]" in str(raised.value.hint)
