"""A build that is killed at any moment and run again ends in the same bytes; two are refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from isic_cli.files.lock import folder_lock
from tests.cli.conftest import Isic
from tests.cli.test_build_lock import RECIPE, make_archive
from tests.cli.test_dataset_build import contents

ROOT = Path(__file__).resolve().parents[2]

#: Builds, and kills itself when it is told of the event of a number; prints how many there were.
KILLED = """
import os, signal, sys
from pathlib import Path
from isic_cli.services.build.build import Build
from isic_cli.services.build.recipe import load_recipe
from isic_cli.services.build.events import BuildOptions
from isic_cli.settings import resolve
last = int(sys.argv[1])
file = load_recipe(Path("set.toml"))
job = Build(file, Path("out"), lambda name: resolve(archive=name or None), BuildOptions())
for number, event in enumerate(job.run()):
    if number == last:
        os.kill(os.getpid(), signal.SIGKILL)
print(number)
"""


def killed_at(number: int, work: Path) -> str:
    """Run a build in a process of its own that is killed at an event."""
    command = [sys.executable, "-c", KILLED, str(number)]
    done = subprocess.run(
        command,
        cwd=work,
        env={"PYTHONPATH": str(ROOT), "HOME": str(work)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, -9}, done.stderr
    return done.stdout.strip()


@pytest.fixture
def work(folder: Path) -> Path:
    """A folder with a recipe of duplicates and splits, and its archive."""
    work = folder.parent
    make_archive(work / "pictures_of", 8)
    text = RECIPE.replace('"archive"', '"pictures_of"').replace("[split]", "[dedupe]\n[split]")
    (work / "set.toml").write_text(text)
    return work


@pytest.mark.slow
def test_a_build_that_is_killed_anywhere_and_run_again_ends_in_the_same_bytes(
    isic: Isic, work: Path
) -> None:
    assert isic("dataset", "build", "set.toml", "whole", archive=None).code == 0
    whole = contents(work / "whole")
    events = int(killed_at(10**6, work))
    assert events > 30
    assert contents(work / "out") == whole
    for number in range(0, events, 6):
        for name in ("out/dataset.csv", "out/build.lock", "out/.isic/build/state.json"):
            (work / name).unlink(missing_ok=True)
        (work / "out").rename(work / f"done{number}")
        killed_at(number, work)
        done = isic("dataset", "build", "set.toml", "out", archive=None)
        assert done.code == 0, done.err
        assert contents(work / "out") == whole, number


def test_two_builds_of_a_folder_at_once_are_refused(isic: Isic, work: Path) -> None:
    with folder_lock(work / "lesions"):
        done = isic("dataset", "build", "set.toml", archive=None)
    assert (done.code, done.err.split(" (")[0]) == (10, "Error: another run holds lesions")
