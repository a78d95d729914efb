"""The approximate search among embeddings beside the exact one: CPU seconds and recall.

`python benchmarks/embeddings.py [--length 384] [COUNT …]`

Vectors lie in loose groups of about 50, as embeddings of pictures do; every twentieth is a copy
of another, a little off. A pair is right where the exact search finds it.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from isic_cli.curation.approximate_pairs import approximate_pairs
from isic_cli.curation.embedding_distances import Vectors, pairs_alike

Pairs = list[tuple[int, int, float]]


def grouped_vectors(count: int, length: int) -> Vectors:
    random = np.random.default_rng(0)
    centres = random.normal(size=(max(1, count // 50), length))
    found = centres[random.integers(0, len(centres), count)]
    found += 0.8 * random.normal(size=(count, length))
    copies = count // 20
    found[:copies] = found[random.integers(copies, count, copies)]
    found[:copies] += 0.05 * random.normal(size=(copies, length))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found.astype(np.float32)


def timed(search: Callable[[Vectors, float], Pairs], vectors: Vectors) -> tuple[float, Pairs]:
    began = time.process_time()
    found = search(vectors, 0.95)
    return time.process_time() - began, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[10_000, 50_000])
    parser.add_argument("--length", type=int, default=384)
    options = parser.parse_args()
    print(f"{'vectors':>9}{'exact: CPU s':>14}{'approximate: CPU s':>20}{'pairs':>8}{'recall':>8}")
    for count in options.counts:
        vectors = grouped_vectors(count, options.length)
        slow, exact = timed(pairs_alike, vectors)
        fast, found = timed(approximate_pairs, vectors)
        both = {pair[:2] for pair in exact} & {pair[:2] for pair in found}
        print(
            f"{count:>9,}{slow:>14.1f}{fast:>20.1f}{len(exact):>8,}{len(both) / len(exact):>8.3f}"
        )


if __name__ == "__main__":
    main()
