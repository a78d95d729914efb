"""Rows for tables: what a map file is, and one row per superpixel."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isic_cli.superpixel.features import Features, check_length
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.slic import is_approximate

logger = logging.getLogger(__name__)

Cell = str | int | float | bool

#: The columns of every table of regions, and those that a photograph adds.
REGION_COLUMNS = ("label", "area", "row", "column", "top", "left", "bottom", "right")
COLOUR_COLUMNS = ("red", "green", "blue")
NEIGHBOR_COLUMN = "neighbors"


@dataclass(frozen=True, slots=True)
class MapInfo:
    """What a superpixel PNG holds.

    Attributes
    ----------
    file : str
        Path.
    width, height : int
        Pixels.
    mode : str
        Pixel format, such as "RGB 8-bit".
    count : int
        Superpixels.
    first, last : int
        Smallest and largest label.
    dense : bool
        No gaps: labels are 0..count-1.
    area_min, area_median, area_max : int or float
        Pixels.
    disconnected : int
        Superpixels of more than one piece (4-connected).
    approximate : bool
        The file says that it is not the archive's map.
    """

    file: str
    width: int
    height: int
    mode: str
    count: int
    first: int
    last: int
    dense: bool
    area_min: int
    area_median: float
    area_max: int
    disconnected: int
    approximate: bool

    def row(self) -> dict[str, Cell]:
        """Return the attributes in order."""
        return asdict(self)


def map_info(path: Path) -> MapInfo:
    """Check a superpixel PNG and say what it holds.

    Raises
    ------
    UsageError, CheckError, NotFoundError, LocalError
        As `SuperpixelMap.from_png`.
    """
    found, header = SuperpixelMap.read_png(path)
    areas = found.areas()
    return MapInfo(
        file=str(path),
        width=header.width,
        height=header.height,
        mode=header.mode,
        count=len(found),
        first=int(found.ids[0]),
        last=int(found.ids[-1]),
        dense=found.is_dense,
        area_min=int(areas.min()),
        area_median=float(np.median(areas)),
        area_max=int(areas.max()),
        disconnected=int((found.pieces() > 1).sum()),
        approximate=is_approximate(header),
    )


def map_for_features(path: Path) -> SuperpixelMap:
    """Read a map to which features are joined; warn where it says that it is not the archive's.

    Raises
    ------
    UsageError, CheckError, NotFoundError, LocalError
        As `SuperpixelMap.from_png`.
    """
    found, header = SuperpixelMap.read_png(path)
    if is_approximate(header):
        logger.warning(
            "%s: not the archive's map: its features do not fit, only those made from this map",
            path,
        )
    return found


def region_columns(
    pixel_map: SuperpixelMap,
    image: npt.NDArray[np.uint8] | None = None,
    features: Features | None = None,
    *,
    neighbors: bool = False,
) -> dict[str, list[Cell]]:
    """Return a table with one line per superpixel, column by column, in the order of labels.

    Parameters
    ----------
    pixel_map : SuperpixelMap
        The map.
    image : ndarray of shape (H, W, 3), uint8, optional
        Adds the mean colour: red, green, blue, 0 to 255.
    features : Features, optional
        Adds a column per feature.
    neighbors : bool
        Adds the labels of all that touch it, at a corner too, ascending, between spaces.

    Returns
    -------
    columns : dict
        label, area, row, column (the centroid, in pixels), top, left, bottom, right; positions
        and colours rounded to a hundredth.
    """
    measures = (
        pixel_map.ids.tolist(),
        pixel_map.areas().tolist(),
        *np.round(pixel_map.centroids(), 2).T.tolist(),
        *pixel_map.bounding_boxes().T.tolist(),
    )
    columns: dict[str, list[Cell]] = dict(zip(REGION_COLUMNS, measures, strict=True))
    if image is not None:
        means = np.round(pixel_map.means(image), 2).T.tolist()
        columns.update(zip(COLOUR_COLUMNS, means, strict=True))
    if neighbors:
        columns[NEIGHBOR_COLUMN] = _neighbours(pixel_map)
    if features is not None:
        check_length(features, pixel_map)
        for name, values in features.values.items():
            columns[name] = values[pixel_map.ids].tolist()
    return columns


def _neighbours(pixel_map: SuperpixelMap) -> list[Cell]:
    pairs = pixel_map.contacts()
    pairs = pairs[np.lexsort(pairs.T[::-1])]
    ends = pairs[:, 0].searchsorted(pixel_map.ids, side="right").tolist()
    texts = list(map(str, pairs[:, 1].tolist()))
    return [" ".join(texts[at:end]) for at, end in zip([0, *ends], ends, strict=False)]
