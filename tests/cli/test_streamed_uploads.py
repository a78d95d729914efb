"""What is finished goes up while the rest is made: a run killed midway, and the next one."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from isic_cli.cli.main import run
from tests.support.objectstore import changes, s3_server, store

pytestmark = pytest.mark.slow

OUT = "s3://bucket/isic"
#: Seconds after which what should have been uploaded is given up.
_PATIENCE = 60

DOWNLOAD = ("--archive", "demo", "image", "download", "-y", "-l", "40", "-j", "1", "--rate", "15")
EXPORT = (
    *("dataset", "export", "images", "--to", "webdataset", "--per-shard", "2", "-j", "1"),
    *("--size", "400:pad", "--encode", "png"),  # slow enough to be killed midway
)


@pytest.fixture
def images(demo_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forty of the demo's pictures, an S3 with an empty bucket, and a cache of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ISIC_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "demo").symlink_to(demo_cache / "demo")
    assert run([*DOWNLOAD[:-2], "images"]) == 0
    with s3_server(monkeypatch):
        yield


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "isic_cli", *words],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def killed_midway(*words: str, ending: str) -> set[str]:
    """Kill a run as soon as some of its files are in the bucket; return what is there then."""
    process = started(*words)
    end = time.monotonic() + _PATIENCE
    while sum(name.endswith(ending) for name in changes(OUT)) < 3:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return set(changes(OUT))


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
    before = changes(OUT)
    assert not any(name.endswith(("dataset.json", "metadata.csv", ".lock")) for name in there)
    if machine == "another machine":
        shutil.rmtree(tmp_path / "cache" / "staging")

    again = started(*words, OUT)
    _, told = again.communicate(timeout=_PATIENCE)

    assert again.returncode == 0, told
    after = changes(OUT)
    assert {name: after[name] for name in there} == before
    (count,) = re.findall(rf"{OUT}: ([\d,]+) files uploaded", told)
    assert int(count) == len(after.keys() - there)
    local = started(*(word for word in words if word not in {"--rate", "15"}), "here")
    assert (local.communicate(timeout=_PATIENCE), local.returncode)[1] == 0
    files = files_of(tmp_path / "here")
    assert {name: store().cat_file(f"bucket/isic/{name}") for name in files} == files
