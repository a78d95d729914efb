"""What dedupe and export reach on pictures, measured end to end.

    python benchmarks/curation_pictures.py [FOLDER OF JPEG PICTURES]

Without a folder, drawn pictures of 1022x767 are used, linked under many names. Rates are those
of two processes; Pillow alone does the same with as many. The process exits with 1 when a figure
is missed.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from isic_cli.curation.duplicates import parse_method
from isic_cli.curation.phash import THUMBNAIL
from isic_cli.services.dataset.dedupe import Dedupe
from isic_cli.services.export.options import ExportOptions, TargetSize
from isic_cli.services.export.run import Exporter
from isic_cli.services.export.state import ExportState
from isic_cli.services.run.workers import ExecutorSpec, open_workers

DRAWN = 200
DEDUPED = 10_000
EXPORTED = 600
SIDE = 256
ROUNDS = 3


def draw(folder: Path) -> list[Path]:
    noise = np.random.default_rng(2)
    row, column = np.mgrid[-1:1:767j, -1:1:1022j]
    for number in range(DRAWN):
        dark = np.zeros_like(row)
        for _ in range(8):
            y, x = noise.uniform(-0.5, 0.5, 2)
            dark += np.exp(-((row - y) ** 2 + (column - x) ** 2) / noise.uniform(0.01, 0.1))
        grain = noise.normal(0, 6, (767, 1022, 1))
        pixels = np.array([220, 170, 150]) - 90 * np.clip(dark, 0, 1.5)[..., None] + grain
        image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        image.save(folder / f"{number}.jpg", quality=90)
    return sorted(folder.glob("*.jpg"))


def pile(folder: Path, pictures: list[Path], count: int) -> Path:
    """Link pictures under `count` names, with the metadata of a download."""
    folder.mkdir()
    lines = ["isic_id,attribution,copyright_license"]
    for at in range(count):
        os.link(pictures[at % len(pictures)], folder / f"ISIC_{at:07d}.jpg")
        lines.append(f"ISIC_{at:07d},Anonymous,CC-0")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return folder


def resize(file: str, out: str) -> None:
    with Image.open(file) as image:
        scale = min(SIDE / image.width, SIDE / image.height)
        size = round(image.width * scale), round(image.height * scale)
        image.draft("RGB", size)
        image.resize(size, Image.Resampling.LANCZOS).save(out, "JPEG", quality=90)


def resize_all(pairs: list[tuple[str, str]]) -> None:
    for file, out in pairs:
        resize(file, out)


def decode_all(files: list[str]) -> None:
    for file in files:
        with Image.open(file) as image:
            image.draft("L", (THUMBNAIL, THUMBNAIL))
            image.load()


def by_pillow(folder: Path, out: Path) -> float:
    """Return seconds of two processes that use Pillow alone, their start not counted."""
    out.mkdir()
    files = sorted(map(str, folder.glob("*.jpg")))
    pairs = [(file, str(out / Path(file).name)) for file in files]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(resize_all, [[pairs[0]], [pairs[1]]]))
        start = time.perf_counter()
        list(pool.map(resize_all, [pairs[at : at + 4] for at in range(0, len(pairs), 4)]))
        return time.perf_counter() - start


def by_export(folder: Path, out: Path) -> float:
    """Return seconds of an export with two processes, their start not counted."""
    options = ExportOptions(folder, out, "csv", size=TargetSize(SIDE, SIDE))
    with open_workers(ExecutorSpec("processes", jobs=2)) as workers:
        list(workers.stream(abs, [1, -1]))
        start = time.perf_counter()
        with ExportState(out).open(options.recipe) as state:
            done = sum(1 for _ in Exporter(options).run(state, workers))
        seconds = time.perf_counter() - start
    assert done == EXPORTED
    return seconds


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


def peak_of_export(folder: Path, out: Path) -> float:
    """Return the peak memory of an export in a process of its own, in MB."""
    code = (
        "import sys; from isic_cli.cli.main import run\n"
        "run(['dataset', 'export', *sys.argv[1:], '--to', 'csv', '--size', '64', '-j', '2'])\n"
        "lines = open('/proc/self/status').read().splitlines()\n"
        "print(next(int(line.split()[1]) / 1024 for line in lines if line.startswith('VmHWM')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder, out], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


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
        few = pile(root / "few", pictures, EXPORTED)
        plain, own = [], []
        for at in range(ROUNDS):
            plain.append(by_pillow(few, root / f"plain{at}"))
            own.append(by_export(few, root / f"own{at}"))
        say("resize-export, of Pillow's own rate, two processes",
            statistics.median(plain) / statistics.median(own), 0.8)  # fmt: skip
        print(f"    {EXPORTED / statistics.median(own):.0f} and "
              f"{EXPORTED / statistics.median(plain):.0f} pictures a second")  # fmt: skip
        small = peak_of_export(few, root / "small")
        large = peak_of_export(pile(root / "many", pictures, 5 * EXPORTED), root / "large")
        say("peak memory of five times as many pictures", large / small, 1.15, at_least=False)
        print(f"    {small:.0f} and {large:.0f} MB")
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
