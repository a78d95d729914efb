"""A cache that fails in several threads at once says so once."""

import threading
from pathlib import Path

import pytest

from isic_cli.errors import LocalError
from isic_cli.index.blobs import BlobKey, BlobStore
from isic_cli.models.image import ImageFiles, ImageRecord, RemoteFile
from isic_cli.services.download.cache import FileCache


class FullStore(BlobStore):
    """A store that takes nothing, and tells so to two threads at the same moment."""

    def add(self, key: BlobKey, file: Path, *, stated: int | None = None) -> None:  # type: ignore[override]  # it gives nothing back
        both.wait(10)
        raise LocalError(f"cannot store {key.name}")


both = threading.Barrier(2)


def test_two_threads_that_cannot_store_give_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = FileCache(FullStore(tmp_path), "archive", "full")
    image = ImageRecord(
        isic_id="ISIC_0000001", files=ImageFiles(full=RemoteFile(url="http://x/1.jpg"))
    )
    threads = [threading.Thread(target=cache.add, args=(image, tmp_path)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.message for record in caplog.records] == [
        "nothing more goes into the cache: cannot store ISIC_0000001"
    ]
