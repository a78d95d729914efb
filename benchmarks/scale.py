"""How the cost of each command grows with the folder: CPU, memory, and their exponents.

`python benchmarks/scale.py [--sizes 10000,100000] [--data FOLDER] [--only WORD] [--alike]
[--markdown]`

Folders of tiny pictures are made once (see `scale_folder.py`) and kept in `--data`; with `--alike`
they are links to a few, and a million take five minutes. Every command
runs once to make what it keeps, and then once more, measured. The exponent is the slope of
log(cost) over log(images) between the smallest and the largest size, the start of the program
(`isic --version`) taken off the CPU time.
"""

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scale_folder import make_folder
from timing import measured

HERE = Path(__file__).resolve().parent
ISIC = [sys.executable, "-m", "isic_cli"]


@dataclass(frozen=True)
class Case:
    """One command: `{folder}`, `{ids}` and `{out}` stand for paths, `--archive` for the folder."""

    name: str
    words: str
    fresh: bool = False  # without what an earlier run kept
    most: int = 10**9  # images of the largest folder that it is tried on
    code: int = 0  # the exit code that it ends with

    def command(self, places: dict[str, str]) -> list[str]:
        return [*ISIC, *(word.format(**places) for word in self.words.split())]


A = "--archive {folder} "
CASES = (
    Case("first index (image list -l 5)", A + "image list -l 5", fresh=True),
    Case("image list -l 5", A + "image list -l 5"),
    Case("image list --count -s …", A + "image list --count -s diagnosis_1:Malignant"),
    Case("image list -q", A + "image list -q"),
    Case("image show", A + "image show ISIC_0000123"),
    Case("image list --from 10,000 ids", A + "image list -q --from {ids}"),
    Case("image list --exclude 10,000 ids", A + "image list --count --exclude {ids}"),
    Case("image list --sample 100 --by", A + "image list -q --sample 100 --by sex"),
    Case("image list --shard 1/10", A + "image list -q --shard 1/10"),
    Case("metadata download", A + "metadata download -o {out}/all.csv"),
    Case("metadata stats --by", A + "metadata stats --by diagnosis_1,sex"),
    Case("collection list", A + "collection list"),
    Case("collection show", A + "collection show 1"),
    Case("lesion list", A + "lesion list", most=100_000),
    Case("lesion show", A + "lesion show IL_0000012"),
    Case("dataset status", "dataset status {folder}"),
    Case("dataset verify, first time", "dataset verify --progress none {folder}", fresh=True),
    Case("dataset verify, second time", "dataset verify --progress none {folder}"),
    Case("dataset stats", "dataset stats {folder}"),
    Case("dataset split", "dataset split {folder} --ratio 70:10:20 -o {out}/split.csv"),
    Case("metadata labels", "metadata labels {folder} --scheme isic2019 -o {out}/labels.csv"),
    Case("metadata diff", "metadata diff {folder} {folder}"),
    Case("dataset export --to imagefolder",
         "dataset export {folder} {out}/classes{size} --to imagefolder"
         " --label isic2019 --progress none", most=100_000),
    Case("dataset export --to gallery",
         "dataset export {folder} {out}/gallery{size} --to gallery --progress none", most=100_000),
    Case("dataset check-leak of tables",
         "dataset check-leak {folder}/metadata.csv {ids} -o {out}/leaks.csv", code=7),
    Case("dataset audit of a table",
         "dataset audit {folder}/metadata.csv --kinds lesion,patient -o {out}/audit.csv"),
    Case("dataset dedupe", "dataset dedupe {folder} --progress none -o {out}/twice.csv",
         most=10_000),
    Case("dataset cite", "dataset cite {folder}"),
    Case("metadata validate", "metadata validate {folder}/metadata.csv", code=7),
)  # fmt: skip


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """Return the slope between the smallest and the largest size; costs below 10 ms count as it."""
    first, last = (max(cost, 0.01) for cost in (costs[0], costs[-1]))
    return math.log(last / first) / math.log(sizes[-1] / sizes[0]) if len(sizes) > 1 else math.nan


def places(data: Path, size: int, out: str, *, alike: bool) -> dict[str, str]:
    folder = data / str(size)
    make_folder(folder, size, alike=alike)
    ids = Path(out) / f"ids{size}.txt"
    ids.write_text("".join(f"ISIC_{number:07d}\n" for number in range(0, size, size // 10_000)))
    return {"folder": str(folder), "ids": str(ids), "out": out, "size": str(size)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "isic-scale")
    parser.add_argument("--only", default="")
    parser.add_argument("--alike", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    sep = " | " if options.markdown else "  "
    with tempfile.TemporaryDirectory() as out:
        env = {**os.environ, "PYTHONPATH": str(HERE.parent), "ISIC_CACHE_DIR": f"{out}/cache"}
        start, least, _ = measured([*ISIC, "--version"], env)
        print(f"isic --version: {start:.2f} s CPU, {least:.0f} MB")
        heads = [f"{size:,}" for size in sizes]
        print(sep.join([f"{'command':<32}", *(f"{one + ': s':>12} {'MB':>5}" for one in heads),
                        "CPU ^", "MB ^"]))  # fmt: skip
        for case in CASES:
            if options.only not in case.name:
                continue
            cpus, memories = [], []
            tried = [size for size in sizes if size <= case.most]
            for size in tried:
                where = places(options.data, size, out, alike=options.alike)
                kept = Path(where["folder"]) / ".isic"
                if case.fresh:
                    for path in (*kept.glob("index/*"), *kept.glob("verified")):
                        path.unlink()
                else:
                    measured(case.command(where), env, case.code)
                cpu, memory, _ = measured(case.command(where), env, case.code)
                cpus.append(cpu)
                memories.append(memory)
            blank = [" " * 18] * (len(sizes) - len(tried))
            costs = zip(cpus, memories, strict=True)
            cells = [f"{cpu:>12.2f} {memory:>5.0f}" for cpu, memory in costs]
            slope = exponent(tried, [cpu - start for cpu in cpus])
            print(sep.join([f"{case.name:<32}", *cells, *blank, f"{slope:>5.2f}",
                            f"{exponent(tried, memories):>4.2f}"]), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
