"""Superpixel operations beside isicarchive's, in turns: CPU milliseconds.

    python benchmarks/superpixels.py --maps FOLDER --cache FOLDER [--photos FOLDER] [--rounds N]

FOLDER of maps: superpixel PNGs named `*_superpixels.png`. The cache folder gets the environment of
isicarchive on first use. A 24-megapixel map is made by doubling the largest one.

Both workers stay open, and each operation is done in turn by the one and the other, so that a
machine that is fast now and slow then is so for both; those of the small map are gone through
several times. What counts is the median turn of each side. "First" is the ratio of the first calls.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
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
    ("paint 100", "paint 100", 1),
    ("peak memory, MB", "peak memory, MB", 2),
]


@dataclass(frozen=True)
class Case:
    name: str
    png: Path
    calls: int
    turns: int
    passes: int


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
    return [Case("0.8 MP", small, 5, 6, 4), Case("24 MP", large, 1, 7, 1)]


#: For both. Idle threads of the linear algebra library spin, and their CPU time is the work of
#: neither; and memory that was got once is kept, since what a fresh page costs differs between
#: machines by a factor of thirty.
SAME = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
}


class Worker:
    """A process that times operations on one map; see `timing.serve`."""

    def __init__(self, python: Path | str, script: str, png: Path) -> None:
        self._process = subprocess.Popen(
            [python, HERE / script, png],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **SAME},
        )
        self.start: dict[str, float] = json.loads(self._answer())

    def _answer(self) -> str:
        if line := self._process.stdout.readline():
            return line
        raise SystemExit(f"a worker ended with {self._process.wait()}")

    def ms(self, operation: str, repeats: int) -> float:
        self._process.stdin.write(f"{operation} {repeats}\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        self._process.communicate()


def started(case: Case, python: Path, rounds: int) -> tuple[list[Worker], list[Worker]]:
    """Start both workers so many times, in turn; only the last two stay open."""
    own, peers = [], []
    for _ in range(rounds):
        for worker in own[-1:] + peers[-1:]:
            worker.close()
        own.append(Worker(sys.executable, "superpixels_ours.py", case.png))
        peers.append(Worker(python, "superpixels_peer.py", case.png))
    return own, peers


def median_turns(case: Case, own: Worker, peer: Worker) -> dict[str, tuple[float, float, str]]:
    """Return for each row the median turn of the peer and of us, and the ratio of first calls.

    A small map goes through all rows several times: a slow minute is then not one row's alone. A
    large one does not, for what fresh memory costs depends on what both did before.
    """
    rows = [(name, other) for name, other, _ in TARGETS if name not in own.start]
    if find_spec("imagecodecs") is None:
        rows = [row for row in rows if not row[0].endswith("imagecodecs")]
    firsts: dict[str, str] = {}
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name, _ in rows}
    for _ in range(case.passes):
        for name, other in rows:
            if name not in firsts:
                firsts[name] = f"{peer.ms(other, 0) / own.ms(name, 0):.1f}"
            for _ in range(case.turns):
                turns[name].append((peer.ms(other, case.calls), own.ms(name, case.calls)))
    found = {}
    for name, pairs in turns.items():
        theirs, ours = map(statistics.median, zip(*pairs, strict=True))
        found[name] = theirs, ours, firsts[name]
    return found


def table(case: Case, python: Path, rounds: int) -> int:
    """Print a table, and return how many rows were missed."""
    own, peers = started(case, python, rounds)
    found = median_turns(case, own[-1], peers[-1])
    own[-1].close()
    peers[-1].close()
    for name, other, _ in TARGETS:
        if name in own[0].start:
            theirs = min(worker.start[other] for worker in peers)
            found[name] = theirs, min(worker.start[name] for worker in own), ""
    print(f"\n| {case.name} | isicarchive | isic | ratio | first | to reach | reached |")
    print("|---|---|---|---|---|---|---|")
    missed = 0
    for name, _, wanted in TARGETS:
        if name in found:
            theirs, ours, first = found[name]
            missed += theirs / ours < wanted
            cells = (name, f"{theirs:.2f}", f"{ours:.2f}", f"{theirs / ours:.2f}", first, wanted)
            verdict = "no" if theirs / ours < wanted else "yes"
            print(f"| {' | '.join(map(str, cells))} | {verdict} |", flush=True)
    return missed


def generated(photos: Path, maps: Path) -> None:
    """Make every map again; compare pixels, and the time with scikit-image where it is there."""
    import time

    import numpy as np

    from isic_cli.superpixel.map import SuperpixelMap
    from isic_cli.superpixel.slic import generate, generate_labels
    from isic_cli.superpixel.slic.colour import ijg_pixels

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
    parser.add_argument("--rounds", type=int, default=3, help="starts of each worker")
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    python = python_of_peer(given.cache.resolve())
    missed = sum(table(case, python, given.rounds) for case in cases(given.maps, given.cache))
    if given.photos:
        generated(given.photos, given.maps)
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
