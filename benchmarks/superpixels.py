"""Superpixel operations beside isicarchive's, interleaved: CPU milliseconds, medians.

    python benchmarks/superpixels.py --maps FOLDER --cache FOLDER [--photos FOLDER] [--rounds N]

FOLDER of maps: superpixel PNGs named `*_superpixels.png`. The cache folder gets the environment of
isicarchive on first use. A 24-megapixel map is made by doubling the largest one. Each round runs
both workers once, so that a busy machine slows both; what counts is the ratio.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from peer import python_of_peer

#: What must be reached: operation, operation of the peer, ratio.
TARGETS = [
    ("import, first call", "import, first call", 100),
    ("RGB array to labels", "RGB array to labels", 2),
    ("PNG to labels, Pillow", "PNG to labels", 1.1),
    ("PNG to labels, imagecodecs", "PNG to labels", 1.7),
    ("run cache opened", "PNG to labels", 15),
    ("run cache to labels", "PNG to labels", 15),
    ("label to pixels, runs", "label to pixels", 4),
    ("label to pixels, expanded", "label to pixels", 2),
    ("area, centroid, box", "area, centroid, box", 5),
    ("neighbours", "neighbours", 30),
    ("boundary image", "boundary image", 30),
    ("outline coordinates", "outline coordinates", 15),
    ("outline SVG", "outline SVG", 6),
    ("outline polygons", "outline polygons", 9),
    ("mean colour", "mean colour", 7),
    ("mask overlap", "mask overlap", 2.5),
    ("paint all, exact", "paint all, exact", 3.5),
    ("paint all, 1 LSB", "paint all, 1 LSB", 3),
    ("paint 100", "paint 100", 1),
    ("peak memory, MB", "peak memory, MB", 2),
]


@dataclass(frozen=True)
class Case:
    name: str
    png: Path


def cases(maps: Path, cache: Path) -> list[Case]:
    import numpy as np
    from PIL import Image

    from isic_cli.superpixel.codec import encode_png
    from isic_cli.superpixel.map import SuperpixelMap

    found = sorted(maps.glob("*_superpixels.png"), key=lambda p: Image.open(p).size)
    small = next(p for p in found if Image.open(p).size == (1022, 767))
    large = cache / "24mp.png"
    if not large.exists():
        labels = SuperpixelMap.from_png(found[-1]).labels
        large.write_bytes(encode_png(np.repeat(np.repeat(labels, 2, 0), 2, 1)))
    return [Case("0.8 MP", small), Case("24 MP", large)]


#: For both. Idle threads of the linear algebra library spin, and their CPU time is the work of
#: neither; and memory that was got once is kept, since what a fresh page costs differs between
#: machines by a factor of thirty.
SAME = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
}


def run(python: Path | str, worker: str, png: Path) -> dict[str, float]:
    done = subprocess.run(
        [python, HERE / worker, png],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **SAME},
    )
    return json.loads(done.stdout.splitlines()[-1])


def median_of(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}


def table(case: Case, python: Path, rounds: int) -> None:
    ours, peers = [], []
    for _ in range(rounds):
        ours.append(run(sys.executable, "superpixels_ours.py", case.png))
        peers.append(run(python, "superpixels_peer.py", case.png))
    own, peer = median_of(ours), median_of(peers)
    print(f"\n| {case.name} | isicarchive | isic | ratio | to reach | reached |")
    print("|---|---|---|---|---|---|")
    for name, other, wanted in TARGETS:
        if name not in own:
            continue
        ratio = peer[other] / own[name]
        verdict = "yes" if ratio >= wanted else "no"
        print(
            f"| {name} | {peer[other]:.2f} | {own[name]:.2f} | {ratio:.1f} | {wanted} | {verdict} |"
        )


def generated(photos: Path, maps: Path) -> None:
    """Make every map again; compare pixels, and the time with scikit-image where it is there."""
    import time

    import numpy as np

    from isic_cli.superpixel.map import SuperpixelMap
    from isic_cli.superpixel.slic import generate, generate_labels
    from isic_cli.superpixel.slic.pixels import ijg_pixels

    try:
        from skimage.segmentation import slic
    except ImportError:
        slic = None
    print("\n| photograph | wrong pixels | ours, CPU s | scikit-image slic, CPU s | ratio |")
    print("|---|---|---|---|---|")
    for path in sorted(maps.glob("*_superpixels.png")):
        photo = photos / f"{path.name.removesuffix('_superpixels.png')}.jpg"
        wrong = int(np.sum(generate(photo).labels != SuperpixelMap.from_png(path).labels))
        rgb = ijg_pixels(photo)
        begin = time.process_time()
        generate_labels(rgb)
        own = time.process_time() - begin
        if slic is None:
            print(f"| {photo.stem} | {wrong} | {own:.2f} | not installed | |")
            continue
        begin = time.process_time()
        slic(rgb, 1000, 0.01, 10, sigma=2, slic_zero=True, start_label=0)
        other = time.process_time() - begin
        print(f"| {photo.stem} | {wrong} | {own:.2f} | {other:.2f} | {own / other:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    python = python_of_peer(given.cache.resolve())
    for case in cases(given.maps, given.cache):
        table(case, python, given.rounds)
    if given.photos:
        generated(given.photos, given.maps)


if __name__ == "__main__":
    main()
