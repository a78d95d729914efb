"""`SuperpixelMap`: a label image as row runs, and everything that can be asked of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from isic_cli.errors import UsageError
from isic_cli.pictures import MAX_PIXELS
from isic_cli.pictures.load import Readable
from isic_cli.pictures.png import PngHeader, png_bytes
from isic_cli.superpixel import codec, measure, neighbours, outline
from isic_cli.superpixel.given import Picture, label_image, label_number, mask_of, pixels_of
from isic_cli.superpixel.outline import Rings
from isic_cli.superpixel.paint import blend, fills
from isic_cli.superpixel.palette import HUES, Colour
from isic_cli.superpixel.runs import Int32, Int64, RowRuns, compact, split_runs
from isic_cli.superpixel.tiles import Tile, cut


@dataclass(frozen=True, eq=False, repr=False)
class SuperpixelMap:
    """The superpixels of one image.

    Arrays "per superpixel" are in the order of `ids`, ascending; in the archive's maps `ids` is
    0..N-1, so that row k belongs to superpixel k. Positions are (row, column), from 0.

    Attributes
    ----------
    runs : RowRuns
        The row runs, by position in `ids`.
    ids : ndarray of shape (N,), int64
        The labels that occur, ascending; gaps are kept as they are in the file.

    Examples
    --------
    >>> from isic_cli.superpixel import SuperpixelMap
    >>> SuperpixelMap.from_labels([[0, 0, 1], [2, 2, 1]]).neighbors(0).tolist()
    [1, 2]
    """

    runs: RowRuns
    ids: Int64

    @classmethod
    def from_labels(cls, labels: npt.ArrayLike) -> Self:
        """Make a map from an image of labels.

        Parameters
        ----------
        labels : array_like of shape (H, W), any integer dtype, 0 <= label < 2**24
            Not kept, not changed; read-only arrays, views and lists of rows are welcome.

        Raises
        ------
        UsageError
            Not two-dimensional, empty, not integers, or labels out of range.
        """
        image = label_image(labels)
        starts, lengths, values = split_runs(image)
        codec.check_range(values)
        ids, index = compact(values)
        shape = (image.shape[0], image.shape[1])
        return cls(RowRuns(shape, starts, lengths, index, ids.size), ids)

    @classmethod
    def from_png(
        cls, source: Readable | npt.NDArray[np.integer], *, max_pixels: int = MAX_PIXELS
    ) -> Self:
        """Read a superpixel PNG: a path, bytes, a binary file, or the array of its pixels.

        Raises what `decode_png` raises, which reads the labels alone.
        """
        if isinstance(source, np.ndarray):
            return cls.from_labels(codec.labels_of_array(source))
        return cls.read_png(source, max_pixels=max_pixels)[0]

    @classmethod
    def read_png(cls, source: Readable, *, max_pixels: int = MAX_PIXELS) -> tuple[Self, PngHeader]:
        """Read a superpixel PNG as `from_png`, and return its header as well."""
        header, pixels = codec.read_png(source, max_pixels=max_pixels)
        found = cls.from_labels(pixels)
        codec.warn_of_many(len(found), source)
        return found, header

    def to_png(self, *, text: Mapping[str, str] | None = None) -> bytes:
        """Return the map as an RGB PNG in the archive's encoding."""
        return codec.encode_png(self.labels, text=text)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.runs.shape

    def __len__(self) -> int:
        return int(self.ids.size)

    def __repr__(self) -> str:
        return f"<SuperpixelMap {self.shape[1]}x{self.shape[0]}, {len(self):,} superpixels>"

    def _repr_png_(self) -> bytes:
        return png_bytes(np.where(self.boundaries(), np.uint8(0), np.uint8(255)))

    @cached_property
    def is_dense(self) -> bool:
        """Whether the labels are 0..N-1 without gaps, as feature arrays need them."""
        return int(self.ids[-1]) == self.ids.size - 1

    @cached_property
    def labels(self) -> npt.NDArray[np.uint16 | np.uint32]:
        """The label of each pixel: ndarray of shape (H, W), uint16, or uint32 above 65535."""
        if self.is_dense:
            return self.runs.image
        dtype = np.uint16 if int(self.ids[-1]) < 1 << 16 else np.uint32
        values = self.ids.astype(dtype)[self.runs.index]
        return np.repeat(values, self.runs.lengths).reshape(self.shape)

    def positions(self, labels: Iterable[int]) -> Int64:
        """Return where the given labels stand in `ids`: ndarray of shape (K,), int64.

        Raises
        ------
        UsageError
            A label that does not occur in the map, or is not a whole number.
        """
        wanted = np.fromiter(map(label_number, labels), np.int64)
        found = np.minimum(np.searchsorted(self.ids, wanted), self.ids.size - 1)
        missing = wanted[self.ids[found] != wanted]
        if missing.size:
            raise UsageError(
                f"no superpixel {missing[0]} in this map",
                hint=f"its labels run from {self.ids[0]} to {self.ids[-1]}",
            )
        return found

    def areas(self) -> Int64:
        """Return the pixels per superpixel: ndarray of shape (N,), int64."""
        return measure.areas(self.runs)

    def centroids(self) -> npt.NDArray[np.float64]:
        """Return the mean (row, column) per superpixel: ndarray of shape (N, 2), float64."""
        return measure.centroids(self.runs)

    def bounding_boxes(self) -> Int64:
        """Return (top, left, bottom, right) of each, the last two outside: (N, 4), int64."""
        return measure.bounding_boxes(self.runs)

    def pieces(self, *, corners: bool = False) -> Int64:
        """Return the connected pieces per superpixel: ndarray of shape (N,), int64."""
        return measure.piece_counts(self.runs, corners=corners)

    def pixels(self, label: int) -> Int32:
        """Return the pixels of one superpixel: ndarray of shape (area,), int32.

        Flat row-major, ascending; `numpy.divmod(positions, W)` gives rows and columns.
        """
        offsets, order = self.run_index()
        (k,) = self.positions([label]).tolist()
        return self.runs.expand(order[offsets[k] : offsets[k + 1]])

    def run_index(self) -> tuple[Int64, Int64]:
        """Return the compact index: which runs each superpixel has.

        Returns
        -------
        offsets : ndarray of shape (N + 1,), int64
            Superpixel k has the runs `order[offsets[k]:offsets[k + 1]]`.
        order : ndarray of shape (R,), int64
        """
        return self.runs.offsets, self.runs.order

    def pixel_index(self) -> tuple[Int64, Int32]:
        """Return the expanded index: which pixels each superpixel has.

        Returns
        -------
        offsets : ndarray of shape (N + 1,), int64
            Superpixel k has the pixels `positions[offsets[k]:offsets[k + 1]]`.
        positions : ndarray of shape (H * W,), int32
            Flat row-major, ascending within each superpixel.
        """
        offsets = np.zeros(len(self) + 1, np.int64)
        np.cumsum(self.areas(), out=offsets[1:])
        return offsets, self.runs.expand(self.runs.order)

    @cached_property
    def _contacts(self) -> Int64:
        return neighbours.contacts(self.runs)

    def adjacency(self, *, corners: bool = True) -> npt.NDArray[np.bool_]:
        """Return which superpixels touch: ndarray of shape (N, N), bool, symmetric."""
        return neighbours.adjacency(self.runs, corners=corners)

    def contacts(self, *, corners: bool = True) -> Int64:
        """Return pairs of labels that touch: ndarray of shape (E, 2), int64, both directions."""
        pairs = self._contacts if corners else neighbours.contacts(self.runs, corners=False)
        return self.ids[pairs]

    def neighbors(self, label: int, degree: int = 1) -> Int64:
        """Return the labels at most `degree` contacts away: ndarray of shape (K,), int64."""
        (position,) = self.positions([label])
        found = neighbours.neighbours_within(self._contacts, len(self), int(position), degree)
        return self.ids[found]

    def boundaries(self) -> npt.NDArray[np.bool_]:
        """Return pixels beside another superpixel or the edge: ndarray of shape (H, W), bool."""
        return neighbours.boundaries(self.runs)

    def outlines(self, *, complete: bool = False) -> Rings:
        """Return the outlines.

        Parameters
        ----------
        complete : bool
            All rings of all pieces, holes too, instead of one outer ring per superpixel.
        """
        return outline.all_rings(self.runs) if complete else outline.first_rings(self.runs)

    def polygons(self) -> dict[int, list[list[Int64]]]:
        """Return polygons with holes by label; see `outline.polygons`."""
        regions = outline.polygons(self.outlines(complete=True)).items()
        return {int(self.ids[region]): rings for region, rings in regions}

    def svg(self, *, complete: bool = True) -> str:
        """Return one SVG drawing with a path per superpixel."""
        return outline.svg_document(self.outlines(complete=complete), self.ids, self.shape)

    def mask(self, labels: Iterable[int]) -> npt.NDArray[np.bool_]:
        """Return where the given superpixels are: ndarray of shape (H, W), bool."""
        chosen = np.zeros(len(self), bool)
        chosen[self.positions(labels)] = True
        return np.repeat(chosen[self.runs.index], self.runs.lengths).reshape(self.shape)

    def coverage(self, mask: Picture) -> npt.NDArray[np.float64]:
        """Return the share of each superpixel inside a mask: ndarray of shape (N,), float64."""
        return measure.coverage(self.runs, mask_of(mask))

    def labels_in(self, mask: Picture, threshold: float = 0.5) -> Int64:
        """Return the labels of which more than `threshold` lies in a mask, ascending.

        Parameters
        ----------
        mask : path, bytes, binary file, or ndarray of shape (H, W), bool
        threshold : float
            From 0 to below 1; a share equal to it is not enough.
        """
        if not 0 <= threshold < 1:
            raise UsageError(f"a threshold is at least 0 and below 1, not {threshold}")
        return self.ids[self.coverage(mask) > threshold]

    def paint(
        self,
        image: Picture,
        labels: Iterable[int] | None = None,
        *,
        values: npt.NDArray[np.floating] | None = None,
        colour: Colour = HUES[0],
        alpha: float = 0.5,
        colormap: str = "blue-yellow",
    ) -> npt.NDArray[np.uint8]:
        """Return a copy of the picture with superpixels painted.

        Parameters
        ----------
        image : path, bytes, binary file, or ndarray of shape (H, W, 3), uint8
        labels : iterable of int, optional
            Which; all of them by default.
        values : ndarray of shape (N,), float, optional
            Paints each superpixel in the colour of its value, 0 to 1; NaN leaves it untouched.
        colour : tuple of int
            Red, green, blue, 0 to 255.
        alpha : float
            Opacity, 0 to 1.
        colormap : str
            Of `values`: `blue-yellow`, `viridis`, `magma`, `gray` or `coolwarm`.
        """
        chosen = None if labels is None else self.positions(labels)
        colours, alphas = fills(len(self), chosen, values, colour, alpha, colormap)
        return blend(self.runs, image, colours, alphas)

    def tiles(self, image: Picture, labels: Iterable[int] | None = None) -> Iterator[Tile]:
        """Yield each superpixel of a photograph (H, W, 3), or those asked for, as a picture."""
        chosen = range(len(self)) if labels is None else self.positions(labels).tolist()
        return cut(self.runs, self.ids, image, chosen)

    def means(self, image: Picture) -> npt.NDArray[np.float64]:
        """Return the mean of each channel per superpixel: (N, C) or (N,), float64."""
        return measure.means(self.runs, pixels_of(image))


#: A map, or what `SuperpixelMap.from_png` takes.
AnyMap = SuperpixelMap | Readable | npt.NDArray[np.integer]


def map_of(source: AnyMap) -> SuperpixelMap:
    """Return a map that is given as one, or as what `from_png` takes."""
    return source if isinstance(source, SuperpixelMap) else SuperpixelMap.from_png(source)
