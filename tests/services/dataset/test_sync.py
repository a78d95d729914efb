"""What a synchronisation says of images that its selections do not give any more."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from isic_cli import Archive
from isic_cli.services.dataset.lock import Lock
from isic_cli.services.dataset.sync import Synchronisation
from isic_cli.services.download.options import DownloadOptions
from isic_cli.services.opening import open_api
from isic_cli.settings import resolve
from tests.support.folders import ROWS, make_folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of four images; `out` holds all of them."""
    folder = make_folder(tmp_path / "archive")
    with Archive.open(folder) as opened:
        opened.download(opened.search(), tmp_path / "out")
    return folder


@contextmanager
def synchronising(archive: Path) -> Iterator[Synchronisation]:
    out = archive.parent / "out"
    with open_api(resolve(archive=str(archive))) as api, Lock(out) as lock:
        yield Synchronisation(api, lock, DownloadOptions(out))


def withdraw(archive: Path) -> None:
    """Take the first image out of the archive."""
    make_folder(archive, [row for row in ROWS if row["isic_id"] != "ISIC_0000001"])
    (archive / "ISIC_0000001.jpg").unlink()


def test_an_image_that_the_archive_does_not_list_any_more_is_leaving(archive: Path) -> None:
    withdraw(archive)
    with synchronising(archive) as job:
        list(job.run())
        assert [(one.isic_id, one.status) for one in job.leaving()] == [
            ("ISIC_0000001", "withdrawn")
        ]
        assert job.problems() == []


def test_before_everything_is_listed_nothing_is_leaving(archive: Path) -> None:
    withdraw(archive)
    with synchronising(archive) as job:
        assert job.leaving() == []
        events = job.run()
        next(events)
        events.close()  # type: ignore[attr-defined]  # it is a generator
        assert job.leaving() == []


def test_where_the_archive_listed_less_than_it_announced_nothing_is_leaving(archive: Path) -> None:
    withdraw(archive)
    with synchronising(archive) as job:
        list(job.run())
        job.images[0].missed = 1
        assert job.leaving() == []


def test_the_tables_are_written_with_their_licences_unless_it_is_in_a_hurry(archive: Path) -> None:
    out = archive.parent / "out"
    text = out / "licenses/CC-0.txt"
    text.unlink()
    with synchronising(archive) as job:
        job.write_sidecars(hurried=True)
        assert not text.exists()
        job.write_sidecars()
        assert text.exists()
