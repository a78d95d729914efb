"""One real cluster of two worker processes: what it makes is what threads make."""

from pathlib import Path

import pytest

from tests.cli.conftest import Isic
from tests.support.lesions import drawn
from tests.support.optional import needs

pytestmark = needs("distributed")


@pytest.mark.slow
def test_a_cluster_finds_the_same_duplicates_as_threads(isic: Isic, tmp_path: Path) -> None:
    folder = tmp_path / "pile"
    folder.mkdir()
    for number in range(20):
        drawn(number % 12).save(folder / f"ISIC_{number:07d}.jpg", quality=80 + number)
    threads = isic("dataset", "dedupe", "pile")
    cluster = isic("dataset", "dedupe", "pile", "--executor", "dask", "-j", "2")
    assert (cluster.code, cluster.out) == (0, threads.out)
    assert len(threads.lines) == 8


@pytest.mark.slow
def test_a_cluster_verifies_a_download_as_threads_do(isic: Isic, tmp_path: Path) -> None:
    assert isic("image", "download", "-y", "out").code == 0
    path = tmp_path / "out" / "ISIC_0000003.jpg"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    threads = isic("dataset", "verify", "out", "--deep")
    cluster = isic("dataset", "verify", "out", "--deep", "--executor", "dask")
    assert (threads.code, cluster.code) == (7, 7)
    assert "Changed: ISIC_0000003.jpg" in cluster.err
