"""Cut a photograph into one small picture per superpixel."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isic_cli.pictures.png import png_bytes
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.measure import check_size


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
    """

    label: int
    top: int
    left: int
    rgba: npt.NDArray[np.uint8]

    def to_png(self) -> bytes:
        """Return the tile as an RGBA PNG."""
        return png_bytes(self.rgba)


def tiles(
    pixel_map: SuperpixelMap,
    image: npt.NDArray[np.uint8],
    labels: Iterable[int] | None = None,
) -> Iterator[Tile]:
    """Yield a tile for each superpixel, or for those asked for, in their order.

    Parameters
    ----------
    pixel_map : SuperpixelMap
        The map.
    image : ndarray of shape (H, W, 3), uint8
        The photograph, EXIF orientation not applied.
    labels : iterable of int, optional
        Superpixels.
    """
    check_size(pixel_map.runs, image.shape, "image")
    boxes = pixel_map.bounding_boxes()
    regions = pixel_map.runs.image
    chosen = np.arange(len(pixel_map)) if labels is None else pixel_map.positions(labels)
    for position in chosen.tolist():
        top, left, bottom, right = boxes[position].tolist()
        rgba = np.empty((bottom - top, right - left, 4), np.uint8)
        rgba[..., :3] = image[top:bottom, left:right]
        rgba[..., 3] = np.where(regions[top:bottom, left:right] == position, 255, 0)
        yield Tile(int(pixel_map.ids[position]), top, left, rgba)
