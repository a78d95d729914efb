"""Folders in Google Cloud Storage and Azure, as their emulators serve them."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.objectstore import azure_server, google_server, store

pytestmark = pytest.mark.slow

Server = Callable[[pytest.MonkeyPatch, Path], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("scheme", "package", "server"),
    [("gs", "gcsfs", google_server), ("az", "adlfs", azure_server)],
)
def test_a_folder_in_the_store_is_that_on_disk_and_goes_up_once(
    scheme: str, package: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    url = f"{scheme}://bucket/isic"

    def isic(*words: str) -> tuple[str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "isic_cli", *words],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert (done.returncode, "credentials" in done.stderr) == (0, False), done.stderr
        return done.stdout, done.stderr

    fetch = ("--archive", "demo", "image", "download", "-c", "1", "-l", "9")
    export = ("dataset", "export", "out", "--to", "webdataset", "--per-shard", "4")
    with server(monkeypatch, tmp_path):
        isic(*fetch, "out")
        isic(*export, "shards")
        assert f"{url}: 17 files uploaded" in isic(*fetch, url)[1]
        assert f"{url}: 0 files uploaded" in isic(*fetch, url)[1]
        assert (
            isic("--archive", url, "image", "list")[0]
            == isic("--archive", "out", "image", "list")[0]
        )
        isic(*export, f"{url}-shards")
        assert f"{url}-shards: 0 files uploaded" in isic(*export, f"{url}-shards")[1]
        picture = sorted(Path("out").glob("*.jpg"))[0]
        for name in (picture.as_posix(), "shards/images-000002.tar", "shards/dataset.json"):
            there = name.replace("out/", "bucket/isic/").replace("shards/", "bucket/isic-shards/")
            assert store(scheme).cat_file(there) == Path(name).read_bytes()
