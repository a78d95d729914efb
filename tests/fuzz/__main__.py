"""Fuzz for some time: `python -m tests.fuzz --seconds 3600 [--from 0] [--only 17 --keep]`.

`--kind options --count 3000` draws trials of one kind only; `--kind pngs tables logins` tries
every such file with every command that reads one, or one of so many with `--step`.
"""

import argparse
import itertools
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from isic_cli.cli.main import run
from tests.every_command.conftest import make_everything
from tests.fuzz.cases import KINDS, draw_case
from tests.fuzz.products import PRODUCTS, Draw
from tests.fuzz.trial import try_case


def _draws(given: argparse.Namespace) -> Iterable[Draw]:
    numbers = given.only or itertools.count(given.first, given.step)
    random_kinds = [kind for kind in given.kind if kind not in PRODUCTS]
    if random_kinds:
        return (partial(draw_case, number, kinds=random_kinds) for number in numbers)
    every = itertools.chain.from_iterable(PRODUCTS[kind]() for kind in given.kind)
    return itertools.islice(every, given.first, None, given.step)


def main() -> int:
    """Run trials until the time is over; print those that ended wrong; 1 where there was one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    kinds = [*dict.fromkeys(KINDS), *PRODUCTS]
    parser.add_argument("--kind", choices=kinds, nargs="+", default=KINDS)
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
        for draw in _draws(given):
            if trials == given.count or (given.count is None and time.monotonic() > end):
                break
            case, fault = try_case(draw, folder, keep=given.keep)
            trials += 1
            if fault:
                wrong += 1
                print(f"{case}\n  {fault}\n", flush=True)  # noqa: T201 - a script
    print(f"{trials} trials, {wrong} wrong", file=sys.stderr)  # noqa: T201 - a script
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
