"""Time our operations on one map, as they are asked for. See superpixels.py."""

import sys
import time

BEGIN = time.process_time()

from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from isic_cli.superpixel.map import SuperpixelMap

DATA = Path(sys.argv[1]).read_bytes()
FIRST = SuperpixelMap.from_labels(__import__("numpy").arange(64).reshape(8, 8)).areas()
START_UP = 1000 * (time.process_time() - BEGIN)

import numpy as np
from PIL import Image
from timing import peak_mb, serve

from isic_cli.superpixel import cachefile, codec
from isic_cli.superpixel.neighbours import border_pixels
from isic_cli.superpixel.outline import contours, svg_paths
from isic_cli.superpixel.runs import RowRuns


def main() -> None:
    loaded = SuperpixelMap.from_png(DATA)
    loaded.areas(), loaded.labels, loaded.run_index()
    found = {"import, first call": START_UP, "peak memory, MB": peak_mb()}
    labels, ids = loaded.labels, loaded.ids
    rgb = np.asarray(Image.open(BytesIO(DATA)))
    cached = cachefile.write_cache(loaded)
    r = loaded.runs

    def fresh() -> SuperpixelMap:
        """Return the map with nothing computed yet but its labels, which the peer has as well."""
        runs = RowRuns(r.shape, r.starts, r.lengths, r.index, r.count)
        runs.__dict__["image"] = labels
        return SuperpixelMap(runs, ids)

    def measured() -> None:
        m = fresh()
        m.areas(), m.centroids(), m.bounding_boxes()

    y, x = np.mgrid[: labels.shape[0], : labels.shape[1]]
    image = np.stack([y % 256, x % 256, (y + x) % 256], 2).astype(np.uint8)
    mask = np.hypot(y - labels.shape[0] / 2, x - labels.shape[1] / 2) < labels.shape[0] / 3
    hundred = range(0, 1000, 10)
    calls = {
        "RGB array to labels": lambda: codec.labels_from_rgb(rgb),
        "PNG to labels, Pillow": lambda: codec.decode_png(DATA, fast=False),
        "run cache opened": lambda: cachefile.read_cache(cached),
        "run cache to labels": lambda: cachefile.read_cache(cached).labels,
        "label to pixels, runs": lambda: SuperpixelMap.from_labels(labels).run_index(),
        "label to pixels, expanded": lambda: SuperpixelMap.from_labels(labels).pixel_index(),
        "area, centroid, box": measured,
        "neighbours": lambda: fresh().adjacency(),
        "boundary image": lambda: fresh().boundaries(),
        "outline coordinates": lambda: border_pixels(fresh().runs),
        "outline SVG": lambda: svg_paths(fresh().outlines()),
        "outline polygons": lambda: contours(fresh().outlines(), ids),
        "mean colour": lambda: fresh().means(image),
        "mask overlap": lambda: fresh().coverage(mask),
        "paint all, exact": lambda: fresh().paint(image, alpha=0.5),
        "paint 100": lambda: loaded.paint(image, hundred, alpha=0.5),
    }
    if find_spec("imagecodecs") is not None:
        calls["PNG to labels, imagecodecs"] = lambda: codec.decode_png(DATA, fast=True)
    serve(calls, found)


if __name__ == "__main__":
    main()
