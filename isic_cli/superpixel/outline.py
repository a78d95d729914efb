"""Outlines of regions: vertices, polygons with holes, SVG.

Vertices are in corner coordinates: pixel (row r, column c) spans x from c to c + 1 and y from r to
r + 1. Outer rings run clockwise as seen on the screen, holes counterclockwise. Corner contacts
connect, as in isicarchive, whose strings `svg_path` and `coordinate_string` equal for its one
ring per region.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from isic_cli.superpixel.measure import components
from isic_cli.superpixel.runs import Int64, RowRuns
from isic_cli.superpixel.trace import Edges, boolean_blocks, link_edges, ring_starts, walk

SVG_NAMESPACE = "http://www.w3.org/2000/svg"


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """Closed rings, their vertices one after the other.

    Attributes
    ----------
    offsets : ndarray of shape (K + 1,), int64
        Ring k is `vertices[offsets[k]:offsets[k + 1]]`; the first vertex is not repeated.
    vertices : ndarray of shape (V, 2), int64
        (x, y) corners; the last vertex of an outer ring is its leftmost top corner.
    region : ndarray of shape (K,), int64
        The region of each ring.
    hole : ndarray of shape (K,), bool
        Whether the ring goes around a hole.
    piece : ndarray of shape (K,), int64
        A number that an outer ring shares with its holes.

    Examples
    --------
    >>> from isic_cli.superpixel import SuperpixelMap
    >>> type(SuperpixelMap.from_labels([[0, 1], [0, 1]]).outlines()).__name__
    'Rings'
    """

    offsets: Int64
    vertices: Int64
    region: Int64
    hole: npt.NDArray[np.bool_]
    piece: Int64

    def __len__(self) -> int:
        return int(self.region.size)

    def ring(self, number: int) -> Int64:
        """Return the vertices of one ring: ndarray of shape (v, 2), int64, (x, y)."""
        return self.vertices[self.offsets[number] : self.offsets[number + 1]]


def first_rings(runs: RowRuns) -> Rings:
    """Return one outer ring per region: around the piece that holds its first pixel.

    Holes and further pieces are left out, as isicarchive leaves them out.

    Returns
    -------
    rings : Rings
        Ring k belongs to region k.
    """
    edges = link_edges(runs)
    first = runs.offsets[:-1]
    offsets, walked = walk(edges.following, edges.following[first])
    return _rings(edges, offsets, walked, runs, np.zeros(first.size, np.int64))


def all_rings(runs: RowRuns) -> Rings:
    """Return every ring of every region: each piece, each hole.

    Returns
    -------
    rings : Rings
        Sorted by region; within a region by the first run that a ring touches.
    """
    edges = link_edges(runs)
    starts = ring_starts(edges.following)
    number = runs.starts.size
    offsets, walked = walk(edges.following, edges.following[starts])
    piece = components(runs, corners=True)[runs.order][starts % number]
    rings = _rings(edges, offsets, walked, runs, piece)
    order = np.lexsort((starts % number, rings.region))
    return _reordered(rings, order)


def _rings(edges: Edges, offsets: Int64, walked: Int64, runs: RowRuns, piece: Int64) -> Rings:
    x = edges.x[walked]
    # Edges on top of one another, in one direction, are one side of the polygon.
    begins = np.empty(x.size, bool)
    begins[0] = True
    np.not_equal(x[1:], x[:-1], out=begins[1:])
    begins[offsets[:-1]] = True
    stops = np.append(begins[1:], True)
    begin, stop = np.flatnonzero(begins), np.flatnonzero(stops)
    sides = np.empty((begin.size, 2, 2), np.int64)
    sides[:, 0, 0] = x[begin]
    sides[:, 1, 0] = x[begin]
    tail, head = edges.tail[walked[begin]], edges.head[walked[stop]]
    sides[:, 0, 1] = tail
    sides[:, 1, 1] = head
    side_offsets = boolean_blocks(offsets, begins)
    # Twice the enclosed area is positive around a piece and negative around a hole.
    turning = np.add.reduceat(sides[:, 0, 0] * (head - tail), side_offsets[:-1])
    number = runs.starts.size
    region = runs.index[runs.order[walked[offsets[:-1]] % number]].astype(np.int64)
    return Rings(2 * side_offsets, sides.reshape(-1, 2), region, turning < 0, piece)


def _reordered(rings: Rings, order: Int64) -> Rings:
    lengths = np.diff(rings.offsets)[order]
    offsets = np.zeros(order.size + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    shift = rings.offsets[:-1][order] - offsets[:-1]
    take = np.repeat(shift, lengths) + np.arange(offsets[-1])
    return Rings(
        offsets, rings.vertices[take], rings.region[order], rings.hole[order], rings.piece[order]
    )


def _table(prefix: str, values: Int64) -> npt.NDArray[np.object_]:
    """Return the text of each value, written once per distinct value and looked up."""
    low, high = int(values.min()), int(values.max())
    texts = np.array([f"{prefix}{value}" for value in range(low, high + 1)], object)
    out: npt.NDArray[np.object_] = texts[values - low]
    return out


def svg_paths(rings: Rings) -> list[str]:
    """Return each ring as SVG path data, in pixel-centre coordinates.

    Starting at the ring's last vertex, so that an outer ring begins at its leftmost top corner;
    relative horizontal and vertical moves alternate.

    Returns
    -------
    paths : list of str
        Such as `M-0.5 -0.5h2v1h-2v-1z` for the two pixels at the top left.
    """
    sides = rings.vertices.reshape(-1, 2, 2)
    offsets = rings.offsets // 2
    x = sides[:, 0, 0]
    before = np.empty_like(x)
    before[1:] = x[:-1]
    before[offsets[:-1]] = x[offsets[1:] - 1]
    moves = np.empty((x.size, 2), object)
    moves[:, 0] = _table("h", x - before)
    moves[:, 1] = _table("v", sides[:, 1, 1] - sides[:, 0, 1])
    texts = moves.reshape(-1).tolist()
    starts = sides[offsets[1:] - 1, 1].tolist()
    bounds = pairwise(rings.offsets.tolist())
    return [
        f"M{x0 - 0.5:.1f} {y0 - 0.5:.1f}{''.join(texts[begin:end])}z"
        for (x0, y0), (begin, end) in zip(starts, bounds, strict=True)
    ]


def coordinate_strings(rings: Rings) -> list[str]:
    """Return the vertices of each ring as `x,y x,y …`.

    From the last vertex backwards, so that an outer ring begins at its leftmost top corner and
    runs counterclockwise, as the contour files of the archive's studies have it.
    """
    backwards = rings.vertices[::-1]
    numbers = [b"%d" % value for value in range(int(rings.vertices.max()) + 1)]
    # Each number in a cell of eight bytes, moved as one integer, and padded with NUL bytes; these
    # are then dropped all at once. A side of a picture has at most seven digits.
    cells = np.empty(backwards.shape, np.uint64)
    cells[:, 0] = np.array([n + b"," for n in numbers], "S8").view(np.uint64)[backwards[:, 0]]
    cells[:, 1] = np.array([n + b" " for n in numbers], "S8").view(np.uint64)[backwards[:, 1]]
    text = cells.tobytes().translate(None, b"\0").decode("ascii")
    width = np.array([len(n) + 1 for n in numbers])
    ends = np.zeros(len(backwards) + 1, np.int64)
    np.cumsum(width[backwards[:, 0]] + width[backwards[:, 1]], out=ends[1:])
    cuts = ends[len(backwards) - rings.offsets].tolist()
    return [text[end : begin - 1] for begin, end in pairwise(cuts)]


def contours(rings: Rings, ids: Int64) -> list[dict[str, dict[str, str]]]:
    """Return the rings in the layout of the archive's contour files.

    Returns
    -------
    contours : list of dict
        `{"geometry": {"type": "polygon", "coordinates": "x,y x,y"},
        "properties": {"labelindex": "7"}}`.
    """
    return [
        {
            "geometry": {"type": "polygon", "coordinates": text},
            "properties": {"labelindex": str(label)},
        }
        for text, label in zip(coordinate_strings(rings), ids[rings.region].tolist(), strict=True)
    ]


def polygons(rings: Rings) -> dict[int, list[list[Int64]]]:
    """Group rings to polygons with holes.

    Parameters
    ----------
    rings : Rings
        As `all_rings` returns them.

    Returns
    -------
    polygons : dict from region to list of polygons
        A polygon is a list of rings, each (v, 2) int64 of (x, y): the outer one, then its holes.
    """
    outer: dict[int, list[Int64]] = {}
    out: dict[int, list[list[Int64]]] = {}
    for number in np.flatnonzero(~rings.hole).tolist():
        polygon = outer[int(rings.piece[number])] = [rings.ring(number)]
        out.setdefault(int(rings.region[number]), []).append(polygon)
    for number in np.flatnonzero(rings.hole).tolist():
        outer[int(rings.piece[number])].append(rings.ring(number))
    return out


def svg_document(rings: Rings, ids: Int64, shape: tuple[int, int]) -> str:
    """Return one SVG drawing with a path per region, holes cut out.

    Parameters
    ----------
    rings : Rings
        Of `first_rings` or `all_rings`, sorted by region.
    ids : ndarray of shape (N,), int64
        The label of each region.
    shape : tuple of int
        (H, W) of the map.

    Returns
    -------
    svg : str
        The view box is shifted by half a pixel, as the paths are in pixel-centre coordinates, so
        that the drawing lies exactly on the photograph.
    """
    height, width = shape
    data: dict[int, list[str]] = {}
    for region, path in zip(rings.region.tolist(), svg_paths(rings), strict=True):
        data.setdefault(region, []).append(path)
    lines = [
        f'<path id="superpixel_{ids[region]}" d="{"".join(paths)}"/>'
        for region, paths in data.items()
    ]
    head = (
        f'<svg xmlns="{SVG_NAMESPACE}" width="{width}" height="{height}" '
        f'viewBox="-0.5 -0.5 {width} {height}">\n'
        '<g fill="none" fill-rule="evenodd" stroke="#000" stroke-width="1">\n'
    )
    return head + "\n".join(lines) + "\n</g>\n</svg>\n"
