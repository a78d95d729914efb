"""CSV region tables of many maps on two processes, beside Pillow alone: `… MAPS [COUNT]`."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from isic_cli.services.superpixels.read import RegionTask, read_regions
from isic_cli.services.superpixels.sources import Source


def decoded(path: Path) -> int:
    return int(np.asarray(Image.open(path)).size)


def measured(path: Path) -> int:
    return len(read_regions(RegionTask(Source(str(path), path), block="csv")).text)


def rate(pool: ProcessPoolExecutor, work, paths: list[Path]) -> float:
    begin = time.perf_counter()
    done = sum(1 for _ in pool.map(work, paths, chunksize=10))
    return done / (time.perf_counter() - begin)


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    small = [p for p in sorted(Path(sys.argv[1]).glob("*.png")) if p.stat().st_size < 100_000]
    paths = (small * (count // len(small) + 1))[:count]
    with ProcessPoolExecutor(2) as pool:
        for work in (decoded, measured):
            rate(pool, work, paths[:40])
        for _ in range(2):
            pillow, ours = rate(pool, decoded, paths), rate(pool, measured, paths)
            print(f"Pillow {pillow:.0f}/s, region tables {ours:.0f}/s, ratio {ours / pillow:.2f}")


if __name__ == "__main__":
    main()
