"""Time isicarchive's operations on one map, in its own environment. See superpixels.py."""

import sys
import time

BEGIN = time.process_time()

from io import BytesIO
from pathlib import Path

from peer import mend, strings_of

mend()
import imageio
import numpy as np
from isicarchive import imfunc, jitfunc

for name in ("svg_coord_list", "svg_path_from_list"):
    setattr(jitfunc, name, strings_of(getattr(jitfunc, name)))
jitfunc.superpixel_map(jitfunc.superpixel_decode(np.zeros((8, 8, 3), np.uint8)))
START_UP = 1000 * (time.process_time() - BEGIN)

from timing import peak_mb, serve


def main() -> None:
    data = Path(sys.argv[1]).read_bytes()
    rgb = np.array(imageio.v2.imread(BytesIO(data)))
    index = jitfunc.superpixel_decode(rgb)
    pixels = jitfunc.superpixel_map(index)
    found = {"import, first call": START_UP, "peak memory, MB": peak_mb()}
    count, shape = pixels.shape[0], index.shape
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.stack([y % 256, x % 256, (y + x) % 256], 2).astype(np.uint8)
    mask = np.hypot(y - shape[0] / 2, x - shape[1] / 2) < shape[0] / 3
    everything, hundred = list(range(count)), list(range(0, 1000, 10))

    def measured() -> None:
        for k in range(count):
            own = pixels[k, : pixels[k, -1]]
            py, px = own // shape[1], own % shape[1]
            (own.size, py.mean(), px.mean(), py.min(), py.max(), px.min(), px.max())

    def means() -> list[object]:
        return [v.mean(axis=0) for v in imfunc.superpixel_values(image, pixels, everything)]

    def overlap() -> list[float]:
        flat = mask.reshape(-1)
        return [flat[pixels[k, : pixels[k, -1]]].mean() for k in range(count)]

    def paint(chosen: list[int], alpha: float) -> None:
        imfunc.color_superpixels(
            image, chosen, pixels, [[230, 159, 0]] * len(chosen), alpha, copy_image=True
        )

    def outlines(kind: str) -> object:
        return imfunc.superpixel_outlines(pixels, shape, kind)

    calls = {
        "RGB array to labels": lambda: jitfunc.superpixel_decode(rgb),
        "PNG to labels": lambda: jitfunc.superpixel_decode(
            np.array(imageio.v2.imread(BytesIO(data)))
        ),
        "label to pixels": lambda: jitfunc.superpixel_map(index),
        "area, centroid, box": measured,
        "neighbours": lambda: imfunc.superpixel_neighbors(index, pixels.copy()),
        "boundary image": lambda: outlines("image"),
        "outline coordinates": lambda: outlines("coords"),
        "outline SVG": lambda: outlines("osvgp"),
        "outline polygons": lambda: outlines("cjson"),
        "mean colour": means,
        "mask overlap": overlap,
        "paint all, exact": lambda: paint(everything, 0.5),
        "paint 100": lambda: paint(hundred, 0.5),
    }
    serve(calls, found)


if __name__ == "__main__":
    main()
