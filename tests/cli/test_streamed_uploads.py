"""What is finished goes up while the rest is made: a run killed midway, and the next one."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from isic_cli.cli.main import run
from tests.support.objectstore import changes, s3_server, store

pytestmark = pytest.mark.slow

OUT = "s3://bucket/isic"
#: Seconds after which what should have been uploaded is given up.
_PATIENCE = 60

DOWNLOAD = ("--archive", "demo", "image", "download", "-y", "-l", "40", "-j", "1")
EXPORT = ("dataset", "export", "images", "--to", "webdataset", "--per-shard", "2", "-j", "1")

#: `isic`, which waits for a byte on its standard input before it reads a picture: however slow the
#: store is beside it, the run does not come to its end.
STEPPED = """
import os, sys

def wait(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".jpg") and "staging" not in str(arguments[0]):
        os.read(0, 1)

sys.addaudithook(wait)
from isic_cli.__main__ import main
main()
"""


@pytest.fixture
def images(demo_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forty of the demo's pictures, an S3 with an empty bucket, and a cache of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ISIC_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "demo").symlink_to(demo_cache / "demo")
    assert run([*DOWNLOAD, "images"]) == 0
    with s3_server(monkeypatch):
        yield


def started(*words: str, program: Sequence[str] = ("-m", "isic_cli")) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *program, *words],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def killed_midway(*words: str, ending: str) -> dict[str, str]:
    """Kill a run when some of its files are in the bucket; return what is there then."""
    process = started(*words, program=("-c", STEPPED))
    read(process, 8)
    wait_until(lambda: bool(changes(OUT)), process)
    # Each upload takes along what was finished during the one before.
    for _ in range(14):
        read(process, 2)
        if wait_until(lambda: sum(name.endswith(ending) for name in changes(OUT)) > 2, seconds=1):
            break
    assert process.poll() is None, process.communicate()[1]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there: dict[str, str] = {}
    while there != (there := changes(OUT)):  # the store may still hold what it was sent
        time.sleep(0.05)
    return there


def read(process: subprocess.Popen[str], pictures: int) -> None:
    assert process.stdin is not None
    process.stdin.write("." * pictures)
    process.stdin.flush()


def wait_until(
    is_so: Callable[[], bool],
    process: subprocess.Popen[str] | None = None,
    *,
    seconds: float = _PATIENCE,
) -> bool:
    """Wait for what a process does, if that is given; return whether it came about in time."""
    end = time.monotonic() + seconds
    while not (came := is_so()) and time.monotonic() < end:
        assert process is None or process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    return came


def files_of(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    names = {path: path.relative_to(folder).as_posix() for path in paths}
    return {
        name: path.read_bytes()
        for path, name in names.items()
        if not name.startswith(".") and name != "isic.lock"
    }


@pytest.mark.parametrize(
    ("words", "ending", "machine"),
    [
        (EXPORT, ".tar", "the same machine"),
        (EXPORT, ".tar", "another machine"),
        (DOWNLOAD, ".jpg", "another machine"),
    ],
    ids=["an export, here", "an export, elsewhere", "a download, elsewhere"],
)
def test_a_run_that_was_killed_goes_on_and_uploads_nothing_twice(
    images: None, tmp_path: Path, words: tuple[str, ...], ending: str, machine: str
) -> None:
    there = killed_midway(*words, OUT, ending=ending)
    assert sum(name.endswith(ending) for name in there) > 2
    assert not any(name.endswith(("dataset.json", "metadata.csv", ".lock")) for name in there)
    if machine == "another machine":
        shutil.rmtree(tmp_path / "cache" / "staging")

    again = started(*words, OUT)
    _, told = again.communicate(timeout=_PATIENCE)

    assert again.returncode == 0, told
    after = changes(OUT)
    assert {name: after[name] for name in there} == there
    (count,) = re.findall(rf"{OUT}: ([\d,]+) files uploaded", told)
    assert int(count) == len(after.keys() - there.keys())
    local = started(*words, "here")
    assert (local.communicate(timeout=_PATIENCE), local.returncode)[1] == 0
    files = files_of(tmp_path / "here")
    assert {name: store().cat_file(f"bucket/isic/{name}") for name in files} == files
