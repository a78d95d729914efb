"""Outlines by hand, and filled again on nasty maps."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.outline import contours, coordinate_strings, svg_paths
from isic_cli.superpixel.trace import walk
from tests.superpixel.nasty import HAND, Labels, nasty_maps

every_map = pytest.mark.parametrize("labels", [pytest.param(m, id=n) for n, m in nasty_maps()])


def crossings(ring: npt.NDArray[np.int64], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """How often a ring winds around each pixel, counted along the pixel's row to the left."""
    out = np.zeros((shape[0], shape[1] + 1), np.int64)
    closed = [*ring.tolist(), ring[0].tolist()]
    for (x0, y0), (x1, y1) in pairwise(closed):
        assert (x0 == x1) != (y0 == y1)
        if x0 == x1:
            out[min(y0, y1) : max(y0, y1), x0] += 1 if y1 < y0 else -1
    return np.cumsum(out, axis=1)[:, :-1]


def test_outlines_of_a_drawn_map() -> None:
    found = SuperpixelMap.from_labels(HAND)
    rings = found.outlines()
    assert svg_paths(rings) == [
        "M-0.5 -0.5h2v3h-2v-3z",
        "M1.5 -0.5h3v3h-3v-3z",
        "M2.5 0.5h1v1h-1v-1z",
        "M4.5 -0.5h1v2h-1v-2z",
        "M4.5 1.5h1v4h-2v-1h1v-1h-2v2h-3v-2h1v-1h4v-1z",
        "M-0.5 2.5h1v1h1v1h-1v-1h-1v-1z",
    ]
    assert coordinate_strings(rings)[2:4] == ["3,1 3,2 4,2 4,1", "5,0 5,2 6,2 6,0"]


def test_polygons_of_a_drawn_map_have_holes_and_pieces() -> None:
    found = SuperpixelMap.from_labels(HAND).polygons()
    assert {label: [len(p) for p in polygons] for label, polygons in found.items()} == {
        0: [1],
        1: [2],
        2: [1],
        3: [1, 1],
        4: [2],
        5: [1],
    }
    outer, hole = found[1][0]
    assert outer.tolist() == [[5, 0], [5, 3], [2, 3], [2, 0]]
    assert sorted(hole.tolist()) == [[3, 1], [3, 2], [4, 1], [4, 2]]


@every_map
def test_all_rings_filled_again_are_the_map(labels: Labels) -> None:
    found = SuperpixelMap.from_labels(labels)
    rings = found.outlines(complete=True)
    winding = {label: np.zeros(labels.shape, np.int64) for label in found.ids.tolist()}
    for number in range(len(rings)):
        turns = crossings(rings.ring(number), labels.shape)
        assert (turns.min() < 0) == rings.hole[number]
        winding[int(found.ids[rings.region[number]])] += turns
    for label, turns in winding.items():
        np.testing.assert_array_equal(turns, labels == label)
    pieces = found.pieces(corners=True)
    outer = np.bincount(rings.region[~rings.hole], minlength=len(found))
    assert outer.tolist() == pieces.tolist()
    assert np.all(np.diff(rings.region) >= 0)


@every_map
def test_polygons_filled_again_are_the_map(labels: Labels) -> None:
    for label, polygons in SuperpixelMap.from_labels(labels).polygons().items():
        total = np.zeros(labels.shape, np.int64)
        for polygon in polygons:
            turns = np.sum([crossings(ring, labels.shape) for ring in polygon], axis=0)
            assert set(np.unique(turns)) <= {0, 1}
            total += turns
        np.testing.assert_array_equal(total, labels == label)


@every_map
def test_first_rings_are_the_outer_rings_of_the_first_pieces(labels: Labels) -> None:
    found = SuperpixelMap.from_labels(labels)
    first, rings = found.outlines(), found.outlines(complete=True)
    for region in range(len(found)):
        own = np.flatnonzero((rings.region == region) & ~rings.hole)
        assert first.ring(region).tolist() == rings.ring(own[0]).tolist()
        y, x = divmod(int(found.pixels(int(found.ids[region]))[0]), labels.shape[1])
        assert first.ring(region)[-1].tolist() == [x, y]


@every_map
def test_svg_paths_draw_the_vertices(labels: Labels) -> None:
    rings = SuperpixelMap.from_labels(labels).outlines(complete=True)
    for number, path in enumerate(svg_paths(rings)):
        head, *moves = path.removesuffix("z").replace("h", " h").replace("v", " v").split(" ")[0:2]
        x, y = float(head[1:]) + 0.5, float(moves[0]) + 0.5
        visited = []
        for move in path.removesuffix("z").replace("h", " h").replace("v", " v").split(" ")[2:]:
            x, y = (x + int(move[1:]), y) if move[0] == "h" else (x, y + int(move[1:]))
            visited.append([x, y])
        assert visited == rings.ring(number).tolist()
        assert coordinate_strings(rings)[number].split(" ") == [
            f"{vx},{vy}" for vx, vy in reversed(rings.ring(number).tolist())
        ]


def test_rings_longer_than_are_walked_together_are_whole() -> None:
    comb = np.zeros((3, 4001), np.uint8)
    comb[0, ::2] = 1
    rings = SuperpixelMap.from_labels(comb).outlines()
    assert len(rings.ring(0)) == 4 + 4 * 2000
    offsets, edges = walk(np.array([1, 2, 0, 3]), np.array([0, 3]))
    assert (offsets.tolist(), edges.tolist()) == ([0, 3, 4], [0, 1, 2, 3])


def test_the_drawing_is_xml_with_a_path_for_each_superpixel() -> None:
    found = SuperpixelMap.from_labels(HAND + 10)
    drawing = ET.fromstring(found.svg())  # noqa: S314  # our own text
    assert drawing.attrib["viewBox"] == "-0.5 -0.5 6 6"
    names = [path.attrib["id"] for path in drawing.iter("{http://www.w3.org/2000/svg}path")]
    assert names == [f"superpixel_{k}" for k in range(10, 16)]


def test_contours_have_the_archives_layout() -> None:
    found = SuperpixelMap.from_labels(np.array([[4, 4], [9, 9]]))
    assert contours(found.outlines(), found.ids) == [
        {
            "geometry": {"type": "polygon", "coordinates": "0,0 0,1 2,1 2,0"},
            "properties": {"labelindex": "4"},
        },
        {
            "geometry": {"type": "polygon", "coordinates": "0,1 0,2 2,2 2,1"},
            "properties": {"labelindex": "9"},
        },
    ]
