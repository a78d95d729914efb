"""Equality with isicarchive 0.4.11, whose results `benchmarks/peer_golden.py` recorded."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from isic_cli.superpixel.compare import dice
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.outline import coordinate_strings, svg_paths

GOLDEN = json.loads((Path(__file__).parent / "golden" / "isicarchive.json").read_text("utf-8"))


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def lines(values: Iterable[str]) -> str:
    return sha("\n".join(values).encode())


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_results_equal_those_of_isicarchive(name: str, shared: Path) -> None:
    found = SuperpixelMap.from_png(shared / "data" / "superpixels" / name)
    count = len(found)
    cut = GOLDEN[name]["coordinates_cut_by_isicarchive"]
    matrix = found.adjacency()
    second = matrix.astype(np.float32) @ matrix.astype(np.float32) > 0
    at_border = np.flatnonzero(found.boundaries())
    border = at_border[np.argsort(found.labels.reshape(-1)[at_border], kind="stable")]
    rings = found.outlines()
    grey = np.full((*found.shape, 3), 101, np.uint8)
    y, x = np.mgrid[: found.shape[0], : found.shape[1]]
    image = np.stack([y % 256, x % 256, (y * 7 + x * 3) % 256], 2).astype(np.uint8)
    assert {
        "count": count,
        "labels": sha(found.labels.astype("<i4").tobytes()),
        "areas": sha(found.areas().astype("<i8").tobytes()),
        "pixels": sha(found.pixel_index()[1].astype("<i4").tobytes()),
        "neighbours": lines(" ".join(map(str, np.flatnonzero(row))) for row in matrix),
        "neighbours_of_neighbours": lines(
            " ".join(map(str, np.flatnonzero(row))) for row in second
        ),
        "boundaries": sha(found.boundaries().tobytes()),
        "border_pixels": sha(
            np.stack(np.divmod(border, found.shape[1]), 1).astype("<i4").tobytes()
        ),
        "coordinates": lines(
            text for k, text in enumerate(coordinate_strings(rings)) if k not in cut
        ),
        "coordinates_cut_by_isicarchive": cut,
        "paths": lines(svg_paths(rings)),
        "painted": sha(found.paint(grey, range(0, count, 7), alpha=0.3).tobytes()),
        "means": sha(np.round(found.means(image), 6).astype("<f8").tobytes()),
        "mask": sha(found.mask(range(0, count, 7)).tobytes()),
        "dice": dice(range(0, count, 2), range(0, count, 3)),
    } == GOLDEN[name]
