"""What dedupe reaches on pictures, measured end to end.

    python benchmarks/curation_pictures.py [FOLDER OF JPEG PICTURES]

Without a folder, drawn pictures of 1022x767 are used, linked under many names. Rates are those
of two processes; Pillow alone does the same with as many. The process exits with 1 when a figure
is missed.
"""

import resource
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from export import draw, pile
from PIL import Image

from isic_cli.curation.duplicates import parse_method
from isic_cli.curation.phash import THUMBNAIL
from isic_cli.services.dataset.dedupe import Dedupe
from isic_cli.services.run.workers import ExecutorSpec, open_workers

DEDUPED = 10_000
ROUNDS = 3


def decode_all(files: list[str]) -> None:
    for file in files:
        with Image.open(file) as image:
            image.draft("L", (THUMBNAIL, THUMBNAIL))
            image.load()


def by_dedupe(folder: Path, kind: str) -> float:
    start = time.perf_counter()
    job = Dedupe((folder,), (), parse_method("id,bytes,pixels,phash"))
    with open_workers(ExecutorSpec(kind), jobs=2) as workers:
        pictures = list(job.look(job.paths(), workers))
    groups = job.groups(pictures)
    assert sum(len(group.found.pictures) for group in groups) == len(pictures)
    return time.perf_counter() - start


def by_decoding(folder: Path) -> float:
    files = sorted(map(str, folder.glob("*.jpg")))
    start = time.perf_counter()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(decode_all, [files[at : at + 16] for at in range(0, len(files), 16)]))
    return time.perf_counter() - start


def main() -> int:
    missed = 0

    def say(what: str, figure: float, limit: float, *, at_least: bool = True) -> None:
        nonlocal missed
        good = figure >= limit if at_least else figure <= limit
        missed += not good
        sign = "≥" if at_least else "≤"
        print(f"{what:56} {figure:7.2f} ({sign} {limit:g}) {'' if good else 'MISSED'}")

    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "drawn").mkdir()
        given = sorted(Path(sys.argv[1]).glob("*.jpg")) if sys.argv[1:] else []
        pictures = given or draw(root / "drawn")
        looked = pile(root / "looked", pictures, DEDUPED)
        decoded, threads, processes = [], [], []
        for _ in range(ROUNDS):
            decoded.append(by_decoding(looked))
            threads.append(by_dedupe(looked, "threads"))
            processes.append(by_dedupe(looked, "processes"))
        alone, best = statistics.median(decoded), statistics.median(threads)
        say("dedupe of 10,000 pictures, of the decode-only rate", alone / best, 0.8)
        others = f"processes {statistics.median(processes):.1f} s, decoding alone {alone:.1f} s"
        print(f"    {DEDUPED:,} pictures: threads {best:.1f} s, {others}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"    peak memory of this process {peak:.0f} MB")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
