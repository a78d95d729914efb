"""A download from a folder into another, beside `cp -r` and the check of what it copied.

`python benchmarks/folder_copy.py PICTURES [--images 2000] [--rounds 3] [--within FOLDER]`

The JPEGs below PICTURES are repeated under ISIC ids until there are so many, with a table. In each
round the folder is downloaded, and copied by `cp -r`, after which a process reads each file once
and proves it: SHA-256 and the structure of its picture, as a download does.
"""

import argparse
import csv
import hashlib
import os
import shutil
import statistics
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

from timing import measured

HERE = Path(__file__).resolve().parent


def check(folder: Path) -> None:
    """Prove every picture of a folder."""
    from isic_cli.pictures.whole import inspect

    for path in folder.glob("*.jpg"):
        data = path.read_bytes()
        hashlib.sha256(data).digest()
        inspect(lambda at, length, data=data: data[at : at + length], len(data))


def make(pictures: Path, folder: Path, images: int) -> int:
    """Fill a folder; return the bytes of its pictures."""
    found = sorted(path for path in pictures.rglob("*.jpg") if path.is_file())
    folder.mkdir()
    with (folder / "metadata.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["isic_id", "attribution", "copyright_license"])
        for number, path in enumerate(islice(cycle(found), images)):
            isic_id = f"ISIC_{number:07d}"
            shutil.copyfile(path, folder / f"{isic_id}.jpg")
            table.writerow([isic_id, "Anonymous", "CC-0"])
    return sum(path.stat().st_size for path in folder.glob("*.jpg"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--within", type=Path, help="where the folders are made, and removed")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.check:
        check(options.pictures)
        return
    with tempfile.TemporaryDirectory(dir=options.within) as name:
        work = Path(name)
        env = {**os.environ, "PYTHONPATH": str(HERE.parent), "ISIC_CACHE_DIR": str(work / "cache")}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        source, copy, out = work / "source", work / "copy", work / "out"
        size = make(options.pictures, source, options.images)
        isic = [sys.executable, "-m", "isic_cli", "--archive", str(source)]
        measured([*isic, "image", "list", "-l", "1"], env)  # makes the index, compiles
        commands = {
            "isic": [*isic, "image", "download", "-y", "--progress", "none", str(out)],
            "cp -r": ["cp", "-r", str(source), str(copy)],
            "check": [sys.executable, __file__, "--check", str(copy)],
        }
        runs: dict[str, list[float]] = {}
        for _ in range(options.rounds):
            for folder in (out, copy):
                shutil.rmtree(folder, ignore_errors=True)
            for title, command in commands.items():
                runs.setdefault(title, []).append(measured(command, env).cpu)
        medians = {title: statistics.median(each) for title, each in runs.items()}
    print(f"{options.images:,} pictures of {size / options.images / 1e3:.0f} kB, CPU seconds: " +
          ", ".join(f"{title} {value:.2f}" for title, value in medians.items()))  # fmt: skip
    print(f"isic at {(medians['cp -r'] + medians['check']) / medians['isic']:.2f} of both together")


if __name__ == "__main__":
    main()
