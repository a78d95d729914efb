"""Runs that work with processes, ended at any moment: nobody stays, and one line is said."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from isic_cli.cli.main import run
from tests.support.folders import make_folder

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="it reads /proc")

RUNS = {
    "generate": ("superpixel", "generate", "archive", "-o", "maps", "-j", "2"),
    "verify": ("dataset", "verify", "set", "--deep", "--executor", "processes"),
    "dedupe": ("dataset", "dedupe", "archive", "--executor", "processes", "-j", "2"),
    "export": (
        *("dataset", "export", "set", "out", "--to", "csv", "--size", "1900", "--encode", "png"),
        *("--executor", "processes", "-j", "2"),
    ),
}
WORDS = {signal.SIGINT: "Interrupted.\n", signal.SIGTERM: "Terminated.\n", signal.SIGKILL: ""}
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}

#: A command, the signal that ends it, and seconds after its first worker process has begun.
MOMENTS = [
    ("generate", signal.SIGINT, 0.0),
    ("dedupe", signal.SIGKILL, 0.4),
    *(
        pytest.param(name, number, after, marks=pytest.mark.slow)
        for name in RUNS
        for number in WORDS
        for after in (0.1, 0.3)
    ),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive of large pictures, so that work takes a while, and a download."""
    home = tmp_path_factory.mktemp("home")
    rows = [{"isic_id": f"ISIC_{number:07d}"} for number in range(1, 17)]
    folder = make_folder(home / "archive", rows, ())
    noise = Image.effect_noise((2000, 2000), 90).convert("RGB")
    for number, path in enumerate(sorted(folder.glob("*.jpg"))):
        noise.save(path, quality=60 + number)
    assert run(["--archive", str(folder), "image", "download", "-y", str(home / "set")]) == 0
    return home


def processes(mark: str) -> set[int]:
    """The processes that have a mark in their environment."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in path.read_bytes():
                found.add(int(path.parent.name))
    return found


def wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.slow
@pytest.mark.parametrize(("name", "number", "after"), MOMENTS)
def test_no_process_stays_and_one_line_is_said(
    name: str, number: signal.Signals, after: float, home: Path
) -> None:
    shutil.rmtree(home / "out", ignore_errors=True)  # of an export that was ended before
    mark = f"ISIC_TEST_MARK={uuid4()}"
    key, _, value = mark.partition("=")
    with subprocess.Popen(
        [sys.executable, "-m", "isic_cli", *RUNS[name], "--progress", "none"],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT), key: value},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert wait_until(lambda: len(processes(mark)) > 1, 30)
        time.sleep(after)
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    assert wait_until(lambda: not processes(mark), 3), processes(mark)
    assert (process.returncode, said) == (CODES[number], WORDS[number])
