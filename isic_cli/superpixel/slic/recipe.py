"""From a photograph to a map, by the archive's recipe or near it."""

import logging
import math
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from isic_cli.errors import UsageError
from isic_cli.pictures.load import Readable, contents, dimensions, input_errors, load_rgb
from isic_cli.pictures.png import PngHeader, png_bytes
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.slic.colour import blurred, ijg_pixels, to_lab
from isic_cli.superpixel.slic.connectivity import connected
from isic_cli.superpixel.slic.kmeans import cluster

logger = logging.getLogger(__name__)

Method = Literal["archive", "approximate"]

NUMBER = 1000
COMPACTNESS = 0.01
#: The smallest picture: four pixels for each superpixel.
MIN_PIXELS = 4 * NUMBER

#: Pixels that an approximate map is made from at most: half a minute, a gigabyte.
_MOST_PIXELS = 12_000_000

#: Key of the text chunk that says how a map was made.
METHOD_KEY = "isic-superpixels"
ARCHIVE_NOTE = "archive: the v3.0 recipe of the ISIC Archive"
APPROXIMATE_NOTE = "approximate: not the ISIC Archive's map; never join to its feature arrays"


def is_approximate(header: PngHeader) -> bool:
    """Whether a map says of itself that it is not the archive's."""
    return header.text.get(METHOD_KEY, "").startswith("approximate")


def method_text(method: Method) -> dict[str, str]:
    """Return the text chunk for a map that was made by `method`."""
    return {METHOD_KEY: ARCHIVE_NOTE if method == "archive" else APPROXIMATE_NOTE}


def generate_labels(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Return the superpixels of a photograph by the archive's recipe.

    Parameters
    ----------
    rgb : ndarray of shape (H, W, 3), uint8
        At least 4,000 pixels.

    Returns
    -------
    labels : ndarray of shape (H, W), uint32
        0..N-1; about a thousand.
    """
    height, width, _ = rgb.shape
    if height * width < MIN_PIXELS:
        raise UsageError(
            f"{width}x{height} pixels are too few for {NUMBER:,} superpixels",
            hint=f"at least {MIN_PIXELS:,} pixels are needed",
        )
    planes = to_lab(blurred(rgb))
    planes *= 1.0 / COMPACTNESS
    nearest = cluster(planes, NUMBER)
    ideal = height * width / NUMBER
    return connected(nearest, int(0.5 * ideal), int(3 * ideal))


def generate(
    source: Readable | npt.NDArray[np.uint8], *, method: Method = "archive"
) -> SuperpixelMap:
    """Make the superpixel map of a photograph.

    Parameters
    ----------
    source : path, bytes, binary file, or ndarray of shape (H, W, 3), uint8
        The photograph; for `archive` the JPEG that the archive serves, unchanged.
    method : {"archive", "approximate"}
        The archive's own map, to the last pixel; or a map by the same recipe from Pillow's
        pixels, whose borders and numbers differ from the archive's. Of a photograph of more than
        twelve megapixels it is made from averages of squares, so that time and memory are bounded.

    Returns
    -------
    map : SuperpixelMap
        Write it with `map.to_png(text=method_text(method))`, so that the file says what it is.

    Raises
    ------
    UsageError
        Another method. For `archive`: not a colour JPEG, or the extra `isic-toolkit[superpixel]` is
        not installed.
    NotFoundError, LocalError, CheckError
        The photograph cannot be read, or is damaged.

    Examples
    --------
    >>> import numpy as np
    >>> from isic_cli.superpixel import generate
    >>> rgb = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    >>> generate(rgb, method="approximate").shape
    (60, 80)
    """
    if method not in get_args(Method):
        raise UsageError(f"a method is one of {', '.join(get_args(Method))}, not {method!r}")
    if not isinstance(source, str | os.PathLike):  # the decoders read files
        if isinstance(source, np.ndarray):
            data = png_bytes(source)
        else:
            data = contents(source, "picture")[0]
        with TemporaryDirectory(prefix="isic-picture-") as folder:
            path = Path(folder) / "picture"
            path.write_bytes(data)
            return generate(path, method=method)
    make = _exact_labels if method == "archive" else _approximate_labels
    return SuperpixelMap.from_labels(make(Path(source)))


def _exact_labels(path: Path) -> npt.NDArray[np.uint32]:
    return generate_labels(ijg_pixels(path))


def _approximate_labels(path: Path) -> npt.NDArray[np.uint16 | np.uint32]:
    """Return labels from Pillow's pixels, of a large photograph from fewer of them."""
    with input_errors():
        width, height = dimensions(path)
    factor = math.ceil(math.sqrt(width * height / _MOST_PIXELS))
    labels = generate_labels(load_rgb(path, reduced_by=factor))
    if factor == 1:
        return labels
    logger.warning(
        "%s: of %dx%d pixels the map is made at 1/%d of the size", path, width, height, factor
    )
    # There are about a thousand: in two bytes, since they become many pixels.
    wide = labels.astype(np.uint16).repeat(factor, axis=1)[:, :width]
    return wide.repeat(factor, axis=0)[:height]
