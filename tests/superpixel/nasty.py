"""Label images that break careless code, each named and the same in every run."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.uint32]

#: By hand: 3 is in two pieces, 1 has a hole of 2, 5 touches itself at a corner only.
HAND = np.array(
    [
        [0, 0, 1, 1, 1, 3],
        [0, 0, 1, 2, 1, 3],
        [0, 0, 1, 1, 1, 4],
        [5, 4, 4, 4, 4, 4],
        [4, 5, 4, 3, 3, 4],
        [4, 4, 4, 3, 4, 4],
    ],
    np.uint32,
)


def _noise(seed: int, height: int, width: int, labels: list[int]) -> Labels:
    rng = np.random.default_rng(seed)
    drawn: Labels = np.array(labels, np.uint32)[rng.integers(0, len(labels), (height, width))]
    return drawn


def _blobs(seed: int, height: int, width: int, number: int) -> Labels:
    rng = np.random.default_rng(seed)
    y, x = rng.uniform(0, height, number), rng.uniform(0, width, number)
    rows, columns = np.mgrid[:height, :width]
    distance = (rows[..., None] - y) ** 2 + (columns[..., None] - x) ** 2
    nearest: Labels = distance.argmin(axis=2).astype(np.uint32)
    return nearest


def nasty_maps() -> Iterator[tuple[str, Labels]]:
    yield "by hand", HAND
    yield "one pixel", np.array([[7]], np.uint32)
    yield "one row", _noise(1, 1, 40, [0, 1, 2])
    yield "one column", _noise(2, 40, 1, [0, 1, 2])
    yield "one label", np.full((5, 7), 16_777_215, np.uint32)
    yield "noise of two", _noise(3, 17, 19, [0, 1])
    yield "noise of three with gaps", _noise(4, 23, 11, [5, 900, 70_000])
    yield "labels to the limit", _noise(5, 9, 31, [0, 1, 65_535, 65_536, 16_777_215])
    yield "every pixel its own", np.arange(30, dtype=np.uint32).reshape(5, 6)
    yield "blobs", _blobs(6, 40, 53, 17)
    holes = _blobs(7, 31, 29, 6)
    holes[::5, ::4] = 99
    yield "blobs with holes", holes
    rings = np.maximum(abs(np.arange(21) - 10)[:, None], abs(np.arange(25) - 12))
    yield "nested rings", (rings % 3).astype(np.uint32)
    checks = np.indices((8, 9)).sum(axis=0) % 2
    yield "a chequerboard", checks.astype(np.uint32)
    yield "diagonals", (np.indices((12, 12)).sum(axis=0) % 4).astype(np.uint32)
