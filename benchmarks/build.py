"""What a build costs: again with nothing changed, in memory, and beside the single commands.

    python benchmarks/build.py [nothing IMAGES] [memory IMAGES] [commands PICTURES]

`nothing`: a second build of so many tiny pictures, by default 100,000: at most 2 s of CPU.
`memory`: the peak of the first build of so many, by default 400,000: at most 500 MB; the pictures
lie in the build already. `commands`: a build of so many pictures of 1022x767, by default 5,000,
exported at 512 pixels, beside the commands that do the same one by one: at most 1.1 times their
CPU. The process exits with 1 when a figure is missed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from export import DRAWN, draw, pile
from scale_folder import make_folder
from timing import measured

ROOT = Path(__file__).resolve().parents[1]
ISIC = [sys.executable, "-m", "isic_cli"]
DEFAULTS = {"nothing": 100_000, "memory": 400_000, "commands": 5000}

RECIPE = """
recipe = 1
name = "out"
[source]
archive = "big"
{dedupe}
[labels]
{labels}
[split]
ratio = "70:10:20"
[export]
to = "csv"
{export}
"""


def environment(folder: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("ISIC_")}
    return env | {"PYTHONPATH": str(ROOT), "ISIC_CACHE_DIR": str(folder / "cache")}


def isic(folder: Path, *words: str) -> tuple[float, float]:
    """Run a command in the folder; return its CPU seconds and peak megabytes."""
    os.chdir(folder)
    used = measured([*ISIC, *words], environment(folder))
    return used.cpu, used.peak_mb


def prepared(folder: Path, images: int) -> None:
    """Make an archive of tiny pictures, and a build in which they lie already."""
    make_folder(folder / "big", images)
    recipe = RECIPE.format(dedupe="", labels='scheme = "isic2019"', export='link = "hard"')
    (folder / "set.toml").write_text(recipe)
    state = folder / "out/.isic/build"
    state.mkdir(parents=True)
    (state / "state.json").write_text('{"version": 1, "name": "out", "stages": {}}')
    subprocess.run(["cp", "-al", folder / "big", folder / "out/pictures"], check=True)
    # A link is one file with the archive's: what is written anew must be a file of its own.
    for name in ("metadata.csv", "isic.lock", "collections.json", ".isic"):
        path = folder / "out/pictures" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    shutil.copytree(folder / "big/.isic", folder / "out/pictures/.isic")


def nothing(folder: Path, images: int) -> bool:
    prepared(folder, images)
    first, peak = isic(folder, "dataset", "build", "set.toml")
    again, _ = isic(folder, "dataset", "build", "set.toml")
    print(f"{images:,} images: first build {first:.1f} s of CPU, {peak:.0f} MB")
    print(f"nothing changed: {again:.2f} s of CPU (at most 2 s)")
    return again <= 2


def memory(folder: Path, images: int) -> bool:
    prepared(folder, images)
    seconds, peak = isic(folder, "dataset", "build", "set.toml")
    print(f"{images:,} images: {peak:.0f} MB (at most 500), {seconds:.0f} s of CPU")
    return peak <= 500


def commands(folder: Path, pictures: int) -> bool:
    (folder / "drawn").mkdir()
    big = pile(folder / "big", draw(folder / "drawn"), pictures)
    table = big / "metadata.csv"
    head, *lines = table.read_text().splitlines()
    kinds = ("Benign", "Malignant")
    rows = [f"{line},{kinds[at % 7 == 0]},IP_{at % DRAWN:07d}" for at, line in enumerate(lines)]
    table.write_text("\n".join([f"{head},diagnosis_1,patient_id", *rows]) + "\n")
    recipe = RECIPE.format(
        dedupe='[dedupe]\naction = "group"', labels='column = "diagnosis_1"', export='size = "512"'
    )
    (folder / "set.toml").write_text(recipe)
    steps = {
        "download": "--archive big image download --all --progress none single/",
        "dedupe": "dataset dedupe single/ -o groups.jsonl",
        "split": "dataset split single/ --ratio 70:10:20 --pairs groups.jsonl -o split.csv"
        " --stratify diagnosis_1",
        "export": "dataset export single/ data/ --to csv --size 512 --split split.csv"
        " --label diagnosis_1",
    }
    total = 0.0
    for name, line in steps.items():
        seconds, _ = isic(folder, *line.split())
        print(f"{name:<9} {seconds:7.1f} s of CPU")
        total += seconds
    whole, _ = isic(folder, "dataset", "build", "set.toml")
    print(f"{'build':<9} {whole:7.1f} s of CPU: {whole / total:.2f} times the sum (at most 1.1)")
    return whole <= 1.1 * total


def main() -> None:
    words = sys.argv[1:]
    wanted = dict(zip(words[::2], map(int, words[1::2]), strict=True)) or DEFAULTS
    good = True
    for name, count in wanted.items():
        with tempfile.TemporaryDirectory() as folder:
            work = {"nothing": nothing, "memory": memory, "commands": commands}[name]
            good = work(Path(folder), count) and good
    sys.exit(not good)


if __name__ == "__main__":
    main()
