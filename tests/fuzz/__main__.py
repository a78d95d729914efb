"""Fuzz for some time: `python -m tests.fuzz --seconds 3600 [--from 0] [--only 17 --keep]`."""

import argparse
import itertools
import os
import shlex
import sys
import tempfile
import time
from pathlib import Path

from isic_cli.cli.main import run
from tests.every_command.conftest import make_everything
from tests.fuzz.trial import try_number


def main() -> int:
    """Run trials until the time is over; print those that ended wrong; 1 where there was one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--count", type=int, help="so many trials, whatever time they take")
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--only", type=int, nargs="*")
    parser.add_argument("--keep", action="store_true", help="keep the folders of the trials")
    given = parser.parse_args()
    wrong = trials = 0
    with tempfile.TemporaryDirectory(prefix="isic-fuzz-") as base:
        folder = Path(base) / "everything"
        folder.mkdir()
        os.environ.update(
            HOME=base, ISIC_CACHE_DIR=f"{base}/cache", ISIC_ARCHIVE="demo", ISIC_JOBS="2"
        )
        os.chdir(folder)
        make_everything(folder, lambda line: run(shlex.split(line)))
        os.chdir(base)
        end = time.monotonic() + given.seconds
        for number in given.only or itertools.count(given.first, given.step):
            if trials == given.count or (given.count is None and time.monotonic() > end):
                break
            case, fault = try_number(number, folder, keep=given.keep)
            trials += 1
            if fault:
                wrong += 1
                print(f"{case}\n  {fault}\n", flush=True)  # noqa: T201 - a script
    print(f"{trials} trials, {wrong} wrong", file=sys.stderr)  # noqa: T201 - a script
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
