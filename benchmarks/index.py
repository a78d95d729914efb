"""The figures that the local index must reach, measured.

    python benchmarks/index.py [--images 1000000] [--oracle search-oracle.json]
                               [--legacy imcache.json.gz] [--listed 20000] [--skip-isicarchive]

It generates a snapshot of a million images, makes an index of it with the command itself, and
prints each figure beside what it must reach. The queries are those of a file of recorded
searches (`--oracle`: a list of objects with `query` and `status`), else a few of every kind.
`isicarchive` 0.4.11 is installed from the package index into an environment of its own and
selects from the same 23,906 records: a dump of the old archive (`--legacy`), else generated ones
of that shape. The process exits with 1 when a figure is missed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from figures import Figures, fastest
from selections import measure_isicarchive
from snapshot import write_snapshot
from timing import Usage, measured

from isic_cli.errors import QueryError
from isic_cli.index.condition import Condition
from isic_cli.index.index import Index
from isic_cli.query import parse

QUERIES = (
    "",
    "sex:male",
    "-sex:male",
    "isic_id:ISIC_00*",
    "lesion_id:*7",
    "age_approx:[30 TO 60] AND diagnosis_3:Nevus",
    '(sex:male OR sex:female) AND image_type:"clinical: close-up"',
    "melanocytic:true OR mel_ulcer:true OR family_hx_mm:true",
)


def command(*arguments: str, cache: Path) -> Usage:
    """Run `isic`; return what it took."""
    environment = {**os.environ, "ISIC_CACHE_DIR": str(cache), "PYTHONPATH": str(HERE.parent)}
    return measured([sys.executable, "-m", "isic_cli", *arguments], environment)


def compiled(query: str) -> Condition | None:
    try:
        return Condition.of(parse(query))
    except QueryError:
        return None


def measure_queries(figures: Figures, index: Index, queries: Sequence[str]) -> list[str]:
    """Measure every query; return those that take longest."""
    times: list[tuple[float, str]] = []
    for query in queries:
        condition = compiled(query)
        if condition is None:
            continue

        def count(condition: Condition = condition) -> None:
            index.count(condition)

        def first(condition: Condition = condition) -> None:
            next(index.records(condition), None)

        times.append((max(fastest(count), fastest(first)), query))
    times.sort(reverse=True)
    median = statistics.median(seconds for seconds, _ in times)
    print(f"       {len(times)} queries, median {median * 1000:.0f} ms, slowest {times[0][1]!r}")
    figures.add("slowest query, count or first record, fastest of 5", times[0][0] * 1000, "ms", 150)
    return [query for _, query in times[:3]]


def measure_snapshot(figures: Figures, folder: Path, images: int, queries: Sequence[str]) -> None:
    snapshot, cache = folder / "snapshot.parquet", folder / "cache"
    write_snapshot(snapshot, images)
    base = ("--archive", "https://archive.invalid")
    refresh = command(*base, "cache", "refresh", "--from-snapshot", str(snapshot), cache=cache)
    figures.add("refresh from the snapshot", refresh.seconds, "s", 20)
    figures.add("its memory", refresh.peak_mb, "MB", 300)
    state = next(cache.rglob("state.json"))
    with Index.open(state.parent) as index:
        slowest = measure_queries(figures, index, queries)
    whole = [
        command(*base, "image", "list", "--offline", "--count", "-s", query, cache=cache)
        for query in slowest
        for _ in range(3)
    ]
    figures.add(
        "slowest query as a whole command, fastest of 9",
        min(one.seconds for one in whole),
        "s",
        0.6,
    )
    measure_frame(figures, cache)
    out = folder / "all.csv"
    table = command(*base, "metadata", "download", "--offline", "-o", str(out), cache=cache)
    figures.add("metadata of all to CSV", table.seconds, "s", 15)
    memory = max(one.peak_mb for one in (refresh, table, *whole))
    figures.add("most memory of these commands", memory, "MB", 300)
    lines = sum(1 for _ in out.open("rb"))
    assert lines == images + 1


def measure_frame(figures: Figures, cache: Path) -> None:
    from isic_cli import Archive

    os.environ["ISIC_CACHE_DIR"] = str(cache)
    with (
        Archive.open("https://archive.invalid") as archive,
        Index.open(next(cache.rglob("state.json")).parent) as index,
    ):
        images = archive.search(offline=True)
        names = ", ".join(f'"{name}"' for name in images.to_arrow().column_names)
        ours, plain = [], []
        for _ in range(3):
            began = time.perf_counter()
            images.to_pandas()
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            index._db.cursor().sql(f"SELECT {names} FROM images").df()  # noqa: SLF001 - the same one
            plain.append(time.perf_counter() - began)
    figures.add("DataFrame of all images", min(ours), "s", 2)
    figures.add("the same, by DuckDB's df()", min(ours) / min(plain), "times", 2)


def measure_listing(figures: Figures, folder: Path, images: int) -> None:
    server = subprocess.Popen(
        [
            sys.executable,
            str(HERE / "archive_server.py"),
            "--images",
            str(images),
            "--bytes",
            "400",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        base = ("--archive", json.loads(server.stdout.readline())["api"])
        listing, first = [], []
        for turn in range(3):
            cache = folder / f"cache-{turn}"
            listing.append(
                command(*base, "image", "list", "--unordered", "-q", cache=cache).seconds
            )
            first.append(command(*base, "cache", "refresh", cache=cache).seconds)
        again = [command(*base, "cache", "refresh", cache=cache).seconds for _ in range(3)]
    finally:
        server.terminate()
        server.wait()
    ratio = statistics.median(first) / statistics.median(listing)
    print(f"       {images:,} images listed in {statistics.median(listing):.2f} s")
    figures.add("refresh from the API, by the listing", ratio, "times", 1.3)
    figures.add("unchanged refresh", statistics.median(again), "s", 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--listed", type=int, default=20_000)
    parser.add_argument("--oracle", type=Path)
    parser.add_argument("--legacy", type=Path)
    parser.add_argument("--skip-isicarchive", action="store_true")
    options = parser.parse_args()
    queries: Sequence[str] = QUERIES
    if options.oracle:
        cases = json.loads(options.oracle.read_text("utf-8"))
        queries = [case["query"] for case in cases if case["status"] == 200]
    figures = Figures()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure_snapshot(figures, folder, options.images, queries)
        measure_listing(figures, folder, options.listed)
        if not options.skip_isicarchive:
            measure_isicarchive(figures, folder, options.legacy)
    raise SystemExit(1 if figures.missed else 0)


if __name__ == "__main__":
    main()
