"""Time our operations on one map: prints one JSON object. See superpixels.py."""

import sys
import time

BEGIN = time.process_time()

import json
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from isic_cli.superpixel.map import SuperpixelMap

DATA = Path(sys.argv[1]).read_bytes()
FIRST = SuperpixelMap.from_labels(__import__("numpy").arange(64).reshape(8, 8)).areas()
START_UP = 1000 * (time.process_time() - BEGIN)

import numpy as np
from PIL import Image
from timing import cpu_ms, peak_mb

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
    n = 7 if labels.size < 5e6 else 3
    found |= {
        "RGB array to labels": cpu_ms(lambda: codec.labels_from_rgb(rgb), n),
        "PNG to labels, Pillow": cpu_ms(lambda: codec.decode_png(DATA, fast=False), n),
        "run cache opened": cpu_ms(lambda: cachefile.read_cache(cached), n),
        "run cache to labels": cpu_ms(lambda: cachefile.read_cache(cached).labels, n),
        "label to pixels, runs": cpu_ms(lambda: SuperpixelMap.from_labels(labels).run_index(), n),
        "label to pixels, expanded": cpu_ms(
            lambda: SuperpixelMap.from_labels(labels).pixel_index(), n
        ),
        "area, centroid, box": cpu_ms(measured, n),
        "neighbours": cpu_ms(lambda: fresh().adjacency(), n),
        "boundary image": cpu_ms(lambda: fresh().boundaries(), n),
        "outline coordinates": cpu_ms(lambda: border_pixels(fresh().runs), n),
        "outline SVG": cpu_ms(lambda: svg_paths(fresh().outlines()), n),
        "outline polygons": cpu_ms(lambda: contours(fresh().outlines(), ids), n),
        "mean colour": cpu_ms(lambda: fresh().means(image), n),
        "mask overlap": cpu_ms(lambda: fresh().coverage(mask), n),
        "paint all, exact": cpu_ms(lambda: fresh().paint(image, alpha=0.5), n),
        "paint all, 1 LSB": cpu_ms(lambda: fresh().paint(image, alpha=0.5, exact=False), n),
        "paint 100": cpu_ms(lambda: loaded.paint(image, hundred, alpha=0.5), n),
    }
    if find_spec("imagecodecs") is not None:
        found["PNG to labels, imagecodecs"] = cpu_ms(lambda: codec.decode_png(DATA, fast=True), n)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
