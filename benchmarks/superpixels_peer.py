"""Time isicarchive's operations on one map, in its own environment. See superpixels.py."""

import sys
import time

BEGIN = time.process_time()

import json
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

from timing import cpu_ms, peak_mb


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

    n = 5 if index.size < 5e6 else 3
    found |= {
        "RGB array to labels": cpu_ms(lambda: jitfunc.superpixel_decode(rgb), n),
        "PNG to labels": cpu_ms(
            lambda: jitfunc.superpixel_decode(np.array(imageio.v2.imread(BytesIO(data)))), n
        ),
        "label to pixels": cpu_ms(lambda: jitfunc.superpixel_map(index), n),
        "area, centroid, box": cpu_ms(measured, n),
        "neighbours": cpu_ms(lambda: imfunc.superpixel_neighbors(index, pixels.copy()), n),
        "boundary image": cpu_ms(lambda: outlines("image"), n),
        "outline coordinates": cpu_ms(lambda: outlines("coords"), n),
        "outline SVG": cpu_ms(lambda: outlines("osvgp"), n),
        "outline polygons": cpu_ms(lambda: outlines("cjson"), n),
        "mean colour": cpu_ms(means, n),
        "mask overlap": cpu_ms(overlap, n),
        "paint all, exact": cpu_ms(lambda: paint(everything, 0.5), n),
        "paint all, 1 LSB": cpu_ms(lambda: paint(everything, 0.5), n),
        "paint 100": cpu_ms(lambda: paint(hundred, 0.5), n),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
