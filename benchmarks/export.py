"""What an export reaches on pictures, beside Pillow alone.

    python benchmarks/export.py [FOLDER OF JPEG PICTURES]

Without a folder, drawn pictures of 1022x767 are used, linked under 10,000 names. Both resize to 512
pixels in two processes, in turns: the rate is compared within each pair, since a machine has other
work too. The process exits with 1 when a figure is missed.
"""

import os
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

from isic_cli.services.export.options import ExportOptions, TargetSize
from isic_cli.services.export.run import Exporter
from isic_cli.services.export.state import ExportState
from isic_cli.services.export.worker import make
from isic_cli.services.run.workers import ExecutorSpec, open_workers

DRAWN = 200
EXPORTED = int(os.environ.get("PICTURES", "10000"))
SIDE = 512
#: Padded as the archive's own pictures have it.
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>' + b" " * 3000
ROUNDS = 3
PROCESSES = ExecutorSpec("processes", jobs=2)


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
        image.save(folder / f"{number}.jpg", quality=90, xmp=XMP)
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


def by_export(folder: Path, out: Path, spec: ExecutorSpec = PROCESSES) -> float:
    """Return seconds of an export, the start of its workers not counted."""
    options = ExportOptions(folder, out, "csv", size=TargetSize(SIDE, SIDE))
    with open_workers(spec) as workers:
        list(workers.stream(make, [(), ()]))
        start = time.perf_counter()
        with ExportState(out).open(options.recipe) as state:
            done = sum(1 for _ in Exporter(options).run(state, workers))
        seconds = time.perf_counter() - start
    assert done == EXPORTED
    return seconds


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
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "drawn").mkdir()
        given = sorted(Path(sys.argv[1]).glob("*.jpg")) if sys.argv[1:] else []
        pictures = given or draw(root / "drawn")
        many = pile(root / "many", pictures, EXPORTED)
        rates = []
        for at in range(ROUNDS):
            plain = by_pillow(many, root / f"plain{at}")
            own = by_export(many, root / f"own{at}")
            rates.append(plain / own)
            print(f"{EXPORTED / own:7.0f} pictures a second, Pillow alone {EXPORTED / plain:.0f}")
        rate = statistics.median(rates)
        missed += rate < 0.9
        print(f"export at {SIDE}, of Pillow's own rate: {rate:.2f} (asked: 0.9)")
        gains = []
        for at in range(ROUNDS):
            one, two = (
                by_export(many, root / f"dask{jobs}-{at}", ExecutorSpec("dask", jobs=jobs))
                for jobs in (1, 2)
            )
            gains.append(one / two)
        gain = statistics.median(gains)
        missed += gain < 1.7
        print(f"Dask, two workers beside one: {gain:.2f} (asked: 1.7)")
        few = pile(root / "few", pictures, EXPORTED // 5)
        small, large = peak_of_export(few, root / "small"), peak_of_export(many, root / "large")
        missed += large / small > 1.15
        print(f"peak memory at {EXPORTED // 5:,} and {EXPORTED:,} pictures: "
              f"{small:.0f} and {large:.0f} MB (asked: at most 1.15 times)")  # fmt: skip
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
