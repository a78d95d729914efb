"""The step of SLICO that takes the time: each pixel to the nearest centre whose window holds it.

A centre sees a window four steps wide, and wins hardly more than one step of it. So the picture is
cut into small tiles, and a tile meets only the centres that could win a pixel of it: those whose
distance to the tile, in space and in colour, is no more than what some pixel of the tile has for
sure. About two centres a pixel are left of sixteen; the result is that of trying them all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

#: Pixels of tiles worked on together: the scratch planes then stay in the processor's cache.
_BLOCK = 1 << 15
_SMALLEST, _LARGEST = 8, 32
#: Far more than rounding can take from a distance to a tile.
_SLACK = 1 + 1e-9


@dataclass(slots=True)
class Centres:
    """The state of the clustering.

    Attributes
    ----------
    y, x : ndarray of shape (K,), float64
        Pixels; NaN for a cluster that lost all its pixels.
    colour : ndarray of shape (K, 3), float64
        Scaled Lab.
    spread : ndarray of shape (K,), float64
        The largest squared colour distance seen in each cluster, at least 1.
    """

    y: Float64
    x: Float64
    colour: Float64
    spread: Float64


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Which centres each tile meets.

    Attributes
    ----------
    centre : ndarray of shape (P,), int64
        By tile, row-major, and ascending within one: of equal distances the first wins.
    cut : ndarray of shape (P,), bool
        Whether the centre's window holds only a part of the tile.
    offsets : ndarray of shape (tiles + 1,), int64
        Tile t has the pairs `offsets[t]` to `offsets[t + 1]`.
    """

    centre: Int64
    cut: npt.NDArray[np.bool_]
    offsets: Int64


class Assigner:
    """Assigns the pixels of one picture, again and again.

    Parameters
    ----------
    planes : ndarray of shape (3, H, W), float64
        Lab, scaled by 1 / compactness.
    weight : float
        By which squared pixels are multiplied.
    reach : tuple of int
        How far a centre sees, in rows and in columns.
    """

    def __init__(self, planes: Float64, weight: float, reach: tuple[int, int]) -> None:
        self._planes, self._weight, self._reach = planes, weight, reach
        self._shape = (planes.shape[1], planes.shape[2])
        self._side = min(max(min(reach) // 8, _SMALLEST), _LARGEST)
        self._grid = (-(-self._shape[0] // self._side), -(-self._shape[1] // self._side))
        self._low = np.stack([self._over_tiles(plane, np.minimum) for plane in planes])
        self._high = np.stack([self._over_tiles(plane, np.maximum) for plane in planes])

    def assign(self, centres: Centres, bound: Float64, *, in_space: bool = False) -> Int64:
        """Assign each pixel to the nearest centre whose window holds it; the first of equals.

        Parameters
        ----------
        centres : Centres
            Those that have pixels take part.
        bound : ndarray of shape (H, W), float64
            A distance that each pixel can have for sure.
        in_space : bool
            Whether `bound` is of space alone, as all centres have one colour; tiles a pixel
            farther are met then, more than the rounding of a large colour distance can hide.

        Returns
        -------
        nearest : ndarray of shape (H, W), int64
            -1 where no window holds the pixel.
        """
        pairs = self._pairs(centres, self._over_tiles(bound, np.maximum), in_space=in_space)
        nearest = np.full(self._shape, -1)
        # Whole rows of tiles where they are short, else parts of one: tiles in a row either way.
        columns = min(max(1, _BLOCK // self._side**2), self._grid[1])
        rows = max(1, _BLOCK // (self._side**2 * self._grid[1]))
        for row in range(0, self._grid[0], rows):
            for column in range(0, self._grid[1], columns):
                lower, right = min(row + rows, self._grid[0]), min(column + columns, self._grid[1])
                self._block(nearest, centres, pairs, (row, lower), (column, right))
        return nearest

    def _over_tiles(self, plane: Float64, reduce: np.ufunc) -> Float64:
        rows, columns = (np.arange(0, size, self._side) for size in self._shape)
        out: Float64 = reduce.reduceat(reduce.reduceat(plane, rows, axis=0), columns, axis=1)
        return out

    def _windows(self, places: Float64, axis: int) -> tuple[Int64, Int64]:
        """Return the first and the end position that centres see along one axis."""
        reach = self._reach[axis]
        low = np.maximum(places - reach, 0).astype(np.int64)
        return low, np.minimum(places + reach + 1, self._shape[axis]).astype(np.int64)

    def _span(self, places: Float64, axis: int) -> tuple[Int64, Float64, npt.NDArray[np.bool_]]:
        """Return the tiles in each window along one axis.

        Returns
        -------
        tiles : ndarray of shape (K, most), int64
            -1 to fill up.
        away : ndarray of shape (K, most), float64
            Squared pixels from the centre to the tile.
        cut : ndarray of shape (K, most), bool
            Whether a part of the tile lies outside.
        """
        low, end = self._windows(places, axis)
        first, last = low // self._side, (end - 1) // self._side
        tiles = first[:, None] + np.arange(int((last - first).max()) + 1)
        begin = tiles * self._side
        final = np.minimum(begin + self._side, self._shape[axis]) - 1
        centre = places[:, None]
        away = np.maximum(np.maximum(begin - centre, centre - final), 0.0)
        cut = (begin < low[:, None]) | (final >= end[:, None])
        return np.where(tiles <= last[:, None], tiles, -1), away * away, cut

    def _pairs(self, centres: Centres, bound: Float64, *, in_space: bool) -> _Pairs:
        alive = np.flatnonzero(np.isfinite(centres.y))
        some = Centres(
            centres.y[alive], centres.x[alive], centres.colour[alive], centres.spread[alive]
        )
        rows, down, cut_rows = self._span(some.y, 0)
        columns, right, cut_columns = self._span(some.x, 1)
        limit = (np.sqrt(bound / self._weight) + 1) ** 2 if in_space else bound / self._weight
        limit *= _SLACK
        within = down[:, :, None] + right[:, None, :] <= limit[rows[:, :, None], columns[:, None]]
        within &= (rows >= 0)[:, :, None] & (columns >= 0)[:, None, :]
        k, i, j = np.nonzero(within)
        row, column = rows[k, i], columns[k, j]
        if not in_space:
            least = (down[k, i] + right[k, j]) * self._weight
            least += self._colour_apart(some, k, row, column)
            kept = np.flatnonzero(least <= bound[row, column] * _SLACK)
            k, i, j, row, column = k[kept], i[kept], j[kept], row[kept], column[kept]
        tile = row * self._grid[1] + column
        count = self._grid[0] * self._grid[1]
        small = tile.astype(np.uint16) if count < 1 << 16 else tile
        offsets = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(tile, minlength=count), out=offsets[1:])
        by_tile = np.argsort(small, kind="stable")
        cut = cut_rows[k, i] | cut_columns[k, j]
        return _Pairs(alive[k[by_tile]], cut[by_tile], offsets)

    def _colour_apart(self, centres: Centres, k: Int64, row: Int64, column: Int64) -> Float64:
        """Return how far in colour each pair's centre is from all of the tile: (P,), float64."""
        out = np.zeros(k.size)
        for channel in range(3):
            own = centres.colour[k, channel]
            below = self._low[channel][row, column] - own
            above = own - self._high[channel][row, column]
            away = np.maximum(np.maximum(below, above), 0.0)
            out += away * away
        out /= centres.spread[k]
        return out

    def _block(
        self,
        nearest: Int64,
        centres: Centres,
        pairs: _Pairs,
        rows: tuple[int, int],
        columns: tuple[int, int],
    ) -> None:
        """Assign the pixels of some rows and columns of tiles, which follow on each other."""
        side, down, across = self._side, rows[1] - rows[0], columns[1] - columns[0]
        first, number = rows[0] * self._grid[1] + columns[0], down * across
        starts = pairs.offsets[first : first + number]
        counts = pairs.offsets[first + 1 : first + number + 1] - starts
        # Those that meet most centres come first: the n-th centres are those of the first tiles.
        order = np.argsort(-counts, kind="stable")
        starts, counts = starts[order], counts[order]
        top, left = rows[0] * side, columns[0] * side
        height, width = (
            min(down * side, self._shape[0] - top),
            min(across * side, self._shape[1] - left),
        )
        pixels = np.zeros((3, down * side, across * side))
        area = (slice(top, top + height), slice(left, left + width))
        pixels[:, :height, :width] = self._planes[:, area[0], area[1]]
        tiles = pixels.reshape(3, down, side, across, side).transpose(0, 1, 3, 2, 4)
        within = np.arange(side, dtype=np.float64)
        found = _Tiles(
            tiles.reshape(3, number, side, side)[:, order],
            ((rows[0] + order // across) * side)[:, None] + within,
            ((columns[0] + order % across) * side)[:, None] + within,
        )
        for turn in range(int(counts[0])):
            chosen = starts[: int(np.searchsorted(-counts, -turn))] + turn
            k = pairs.centre[chosen]
            total = found.distances(centres, k, self._weight)
            self._shut_out(total, found, centres, k, np.flatnonzero(pairs.cut[chosen]))
            found.keep_nearer(total, k)
        back = np.empty((number, side, side), np.int32)
        back[order] = found.nearest
        whole = back.reshape(down, across, side, side).transpose(0, 2, 1, 3)
        nearest[area] = whole.reshape(down * side, across * side)[:height, :width]

    def _shut_out(
        self, total: Float64, tiles: "_Tiles", centres: Centres, k: Int64, cut: Int64
    ) -> None:
        """Make the pixels outside their centre's window infinitely far, in the tiles `cut`."""
        if not cut.size:
            return
        outside = []
        for axis, places in enumerate((tiles.ys, tiles.xs)):
            low, end = self._windows((centres.y, centres.x)[axis][k[cut]], axis)
            outside.append((places[cut] < low[:, None]) | (places[cut] >= end[:, None]))
        far = outside[0][:, :, None] | outside[1][:, None, :]
        total[cut] = np.where(far, np.inf, total[cut])


class _Tiles:
    """Some tiles, and what their pixels have so far.

    Parameters
    ----------
    planes : ndarray of shape (3, N, S, S), float64
        Lab.
    ys, xs : ndarray of shape (N, S), float64
        The rows and columns of each tile.
    """

    def __init__(self, planes: Float64, ys: Float64, xs: Float64) -> None:
        self._planes, self.ys, self.xs = planes, ys, xs
        shape = planes.shape[1:]
        self._distance = np.full(shape, np.finfo(np.float64).max)
        self.nearest: Int32 = np.full(shape, -1, np.int32)
        self._scratch = np.empty((2, *shape))
        self._closer = np.empty(shape, bool)

    def distances(self, centres: Centres, k: Int64, weight: float) -> Float64:
        """Return the distances of the first tiles' pixels to one centre each: (n, S, S), float64.

        `k` is of shape (n,), n <= N. Every operation is done in the order of scikit-image's
        kernel. What is returned is overwritten by the next call.
        """
        total: Float64 = self._scratch[0, : k.size]
        term: Float64 = self._scratch[1, : k.size]
        for channel in range(3):
            part = term if channel else total
            own = centres.colour[k, channel][:, None, None]
            np.subtract(self._planes[channel, : k.size], own, out=part)
            part *= part
            if channel:
                total += term
        total /= centres.spread[k][:, None, None]
        down = centres.y[k][:, None] - self.ys[: k.size]
        across = centres.x[k][:, None] - self.xs[: k.size]
        down *= down
        across *= across
        np.add(down[:, :, None], across[:, None, :], out=term)
        term *= weight
        total += term
        return total

    def keep_nearer(self, total: Float64, k: Int64) -> None:
        """Give the pixels of the first tiles to the centres that are nearer than those before."""
        better, distance = self._closer[: k.size], self._distance[: k.size]
        np.less(total, distance, out=better)
        np.minimum(total, distance, out=distance)
        np.copyto(self.nearest[: k.size], k[:, None, None], where=better, casting="same_kind")
