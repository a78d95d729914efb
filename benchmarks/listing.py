"""Start-up beside the official client, and memory of a long listing.

`python benchmarks/listing.py [--records 20000] [--official FOLDER]`

CPU time of `--help` (medians of runs in turn, imports included), then `isic image list -f jsonl`
over a loopback server: peak memory, CPU time, and when the first row came beside the second page.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from download import HERE, official_client, server
from timing import measured

OURS = [sys.executable, "-m", "isic_cli"]


def startup(official: Path, rounds: int) -> None:
    env = dict(os.environ)
    ours = env | {"PYTHONPATH": str(HERE.parent)}
    commands = {
        "official --help": ([str(official), "--no-version-check", "--help"], env),
        "isic --help": ([*OURS, "--help"], ours),
        "isic --version": ([*OURS, "--version"], ours),
        "isic completion bash": ([*OURS, "completion", "bash"], ours),
        "isic image list --help": ([*OURS, "image", "list", "--help"], ours),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, (command, environment) in commands.items():
            times[name].append(measured(command, environment).cpu)
    base = statistics.median(times["official --help"])
    for name, values in times.items():
        cpu = statistics.median(values)
        print(f"{name:<24}{cpu * 1e3:>8.0f} ms CPU   {cpu / base:.2f} of the official --help")


def listing(options: argparse.Namespace) -> None:
    env = os.environ | {"PYTHONPATH": str(HERE.parent)}
    with server(options) as where:
        for extra in ([], ["--unordered"]):
            command = [*OURS, "--archive", where["api"], "image", "list", "-f", "jsonl", *extra]
            cpu, memory, wall = measured(command, env)
            name = " ".join(["image list", *extra])
            print(f"{name:<24}{options.images} records: peak {memory:.0f} MB, "
                  f"{cpu:.2f} s CPU, {wall:.2f} s")  # fmt: skip
    with server(options, "--delay", "0.5") as where:
        command = [*OURS, "--archive", where["api"], "image", "list", "-f", "jsonl", "-l", "200"]
        began = time.perf_counter()
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        json.loads(process.stdout.readline())
        first = time.perf_counter() - began
        process.communicate()
        print(f"pages of 0.5 s: first row after {first:.2f} s, "
              f"both pages after {time.perf_counter() - began:.2f} s")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", dest="images", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--official", default=str(Path(tempfile.gettempdir()) / "isic-official"),
        help="folder of the official client's environment, made when absent",
    )  # fmt: skip
    options = parser.parse_args()
    options.bytes = 40_000
    startup(official_client(Path(options.official)), options.rounds)
    listing(options)


if __name__ == "__main__":
    main()
