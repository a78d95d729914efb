"""The figures that curation must reach, measured.

    python benchmarks/curation.py [FOLDER OF JPEG PICTURES]

Without a folder, sixty drawn pictures of 1022x767 are hashed; each figure is the median of
interleaved runs. The process exits with 1 when one is missed.
"""

import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from isic_cli.curation.diff import diff
from isic_cli.curation.groups import build_groups
from isic_cli.curation.labels import load_scheme
from isic_cli.curation.matching import weakest
from isic_cli.curation.near_pictures import near_pictures
from isic_cli.curation.phash import THUMBNAIL, fingerprint
from isic_cli.curation.sample import SamplePlan, sample
from isic_cli.curation.shares import parse_ratio
from isic_cli.curation.split import split
from isic_cli.curation.variants import Signature
from isic_cli.models.dictionary import diagnosis_paths

ROWS = 400_000
PICTURES, HASHES = 100_000, 1_000_000


def seconds(
    work: Callable[[], object],
    times: int = 3,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    found = []
    for _ in range(times):
        start = clock()
        work()
        found.append(clock() - start)
    return statistics.median(found)


def table() -> list[dict[str, str]]:
    """Half of the images share a lesion with another, 60 % have a patient of up to 14 images."""
    draw = random.Random(1)
    paths = sorted(diagnosis_paths())
    rows = []
    for at in range(ROWS):
        lesion = at // 2 if draw.random() < 0.5 else ROWS + at
        row = {"isic_id": f"ISIC_{at:07d}", "lesion_id": f"IL_{lesion:07d}"}
        if draw.random() < 0.6:
            row["patient_id"] = f"IP_{lesion // 7:07d}"
        for level, name in enumerate(draw.choice(paths), start=1):
            row[f"diagnosis_{level}"] = name
        rows.append(row)
    return rows


def pictures(folder: Path) -> list[Path]:
    noise = np.random.default_rng(2)
    row, column = np.mgrid[-1:1:767j, -1:1:1022j]
    for number in range(60):
        y, x = noise.uniform(-0.3, 0.3, 2)
        blotch = np.exp(-((row - y) ** 2 + (column - x) ** 2) / noise.uniform(0.05, 0.3))
        grain = noise.normal(0, 6, (767, 1022, 1))
        pixels = np.array([220, 170, 150]) - 110 * blotch[..., None] + grain
        image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        image.save(folder / f"{number}.jpg", quality=90)
    return sorted(folder.glob("*.jpg"))


def decode(files: list[Path]) -> None:
    for file in files:
        with Image.open(file) as image:
            image.draft("L", (THUMBNAIL, THUMBNAIL))
            image.load()


def hash_rate(files: list[Path]) -> tuple[float, float]:
    """Return pictures a second of CPU, hashed and only decoded, from interleaved runs."""
    hashed, decoded = [], []
    for _ in range(7):
        hashed.append(seconds(lambda: [fingerprint(file) for file in files], 1, time.process_time))
        decoded.append(seconds(lambda: decode(files), 1, time.process_time))
    return len(files) / statistics.median(hashed), len(files) / statistics.median(decoded)


def random_signatures(count: int) -> list[Signature]:
    """Return signatures of random hashes; one in ten is within four bits of another."""
    draw = np.random.default_rng(0)
    hashes = draw.integers(0, 2**64, (count, 14), dtype=np.uint64)
    near = hashes[: count // 10, 0].copy()
    for _ in range(4):
        near ^= np.uint64(1) << draw.integers(0, 64, len(near)).astype(np.uint64)
    hashes[-len(near) :, 0] = near
    parts = [
        weakest(draw.random((7 * min(100_000, count - begin), 64), dtype=np.float32))
        for begin in range(0, count, 100_000)
    ]
    weak = np.concatenate(parts).reshape(count, 7)
    greys = [draw.integers(0, 256, 1024, dtype=np.uint8).tobytes() for _ in range(1000)]
    return [
        Signature(hashes[at].tobytes(), weak[at].tobytes(), greys[at % 1000]) for at in range(count)
    ]


def search_seconds(count: int) -> float:
    signatures = random_signatures(count)
    start = time.process_time()
    near_pictures(signatures, [(4, 3)] * count, 10)
    return time.process_time() - start


def main() -> int:
    missed = 0

    def say(what: str, figure: float, unit: str, limit: float, *, at_least: bool = False) -> None:
        nonlocal missed
        good = figure >= limit if at_least else figure <= limit
        missed += not good
        sign = "≥" if at_least else "≤"
        print(f"{what:52} {figure:8.2f} {unit:4} ({sign} {limit:g}) {'' if good else 'MISSED'}")

    rows = table()
    ratio = parse_ratio("70:10:20")
    say(
        "group and split 400,000 rows, stratified",
        seconds(lambda: split(rows, build_groups(rows), ratio, stratify="diagnosis_1")),
        "s",
        5,
    )
    for count, limit in ((PICTURES, 60), (HASHES, 20)):
        say(f"find copies among {count:,} pictures, CPU", search_seconds(count), "s", limit)
    with tempfile.TemporaryDirectory() as drawn:
        files = sorted(Path(sys.argv[1]).glob("*.jpg")) if sys.argv[1:] else pictures(Path(drawn))
        hashed, decoded = hash_rate(files)
    say("hash pictures, of the decode-only rate", hashed / decoded, "", 0.8, at_least=True)
    print(f"    {hashed:.0f} hashed and {decoded:.0f} decoded in a second of CPU")
    scheme = load_scheme("isic2019")
    say("label 400,000 rows", seconds(lambda: [scheme.explain(row) for row in rows]), "s", 5)
    plan = SamplePlan(1000, by="diagnosis_1", one_per="patient")
    say("sample 1,000 of 400,000", seconds(lambda: sample(rows, plan, row_of=dict)), "s", 5)
    say("compare 400,000 rows with themselves", seconds(lambda: diff(rows, rows), 1), "s", 10)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"    peak memory {peak:.0f} MB, the table of dicts included")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
