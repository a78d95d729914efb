"""Cut a photograph into one small picture per superpixel."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isic_cli.pictures.png import png_bytes
from isic_cli.superpixel.given import Picture, photograph_of
from isic_cli.superpixel.measure import bounding_boxes
from isic_cli.superpixel.runs import Int64, RowRuns


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One superpixel of a photograph.

    Attributes
    ----------
    label : int
        The superpixel.
    top, left : int
        Where the tile lies in the photograph, in pixels.
    rgba : ndarray of shape (h, w, 4), uint8
        Its bounding box; pixels of other superpixels are transparent, their colours kept.

    Examples
    --------
    >>> import numpy as np
    >>> from isic_cli.superpixel import SuperpixelMap
    >>> photograph = np.zeros((2, 3, 3), np.uint8)
    >>> found = SuperpixelMap.from_labels([[0, 0, 1], [2, 2, 1]])
    >>> [(tile.label, tile.top, tile.left) for tile in found.tiles(photograph, [1])]
    [(1, 0, 2)]
    """

    label: int
    top: int
    left: int
    rgba: npt.NDArray[np.uint8]

    def to_png(self) -> bytes:
        """Return the tile as an RGBA PNG."""
        return png_bytes(self.rgba)


def cut(
    runs: RowRuns,
    ids: Int64,
    source: Picture,
    positions: Iterable[int],
) -> Iterator[Tile]:
    """Yield a tile for each superpixel that stands at one of the positions in `ids`.

    Parameters
    ----------
    runs : RowRuns
        Of the map.
    ids : ndarray of shape (N,), int64
        Its labels.
    source : path, bytes, binary file, or ndarray of shape (H, W, 3), uint8
        The photograph, EXIF orientation not applied.
    positions : iterable of int
        Which.
    """
    image = photograph_of(runs, source)
    boxes = bounding_boxes(runs)
    regions = runs.image
    for position in positions:
        top, left, bottom, right = boxes[position].tolist()
        rgba = np.empty((bottom - top, right - left, 4), np.uint8)
        rgba[..., :3] = image[top:bottom, left:right]
        rgba[..., 3] = np.where(regions[top:bottom, left:right] == position, 255, 0)
        yield Tile(int(ids[position]), top, left, rgba)
