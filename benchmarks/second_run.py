"""A second run over a complete folder, and the memory of a long download, as whole commands.

`python benchmarks/second_run.py [--images 10000] [--bytes 2000] [--rounds 3] [--verify]`

Downloads the images once from a loopback server, then again `--rounds` times: the second run may
send no request for a file. With `--verify` also `isic dataset status` and `verify`, twice.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import urllib.request
from pathlib import Path

from download import HERE, server
from timing import Usage, measured


def row(title: str, runs: list[Usage]) -> None:
    cpu, memory, wall = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"{title:<24}{cpu:>8.2f} s cpu{wall:>8.2f} s wall{memory:>8.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--bytes", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--verify", action="store_true")
    options = parser.parse_args()
    env = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    with server(options) as where, tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "out")
        isic = [sys.executable, "-m", "isic_cli"]
        download = [
            *isic,
            "--archive",
            where["api"],
            "image",
            "download",
            "-y",
            "--progress",
            "none",
            out,
        ]

        def sent() -> int:
            with urllib.request.urlopen(f"{where['api']}/sent") as answer:  # noqa: S310 - loopback
                return int(json.load(answer)["files"])

        print(f"{options.images} images of {options.bytes} bytes")
        row("first download", [measured(download, env)])
        before = sent()
        row("second download", [measured(download, env) for _ in range(options.rounds)])
        sync = [*isic, "dataset", "sync", "--progress", "none", out]
        row("dataset sync", [measured(sync, env) for _ in range(options.rounds)])
        print(f"files asked for after the first download: {sent() - before}")
        if options.verify:
            row("dataset status", [measured([*isic, "dataset", "status", out], env)])
            verify = [*isic, "dataset", "verify", "--progress", "none", out]
            row("first dataset verify", [measured(verify, env)])
            row("second dataset verify", [measured(verify, env)])


if __name__ == "__main__":
    main()
