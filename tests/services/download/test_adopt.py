"""Files that are there already under another spelling of their names."""

from pathlib import Path

import pytest

from isic_cli.services.download.events import Failed, Finished, Skipped
from tests.services.download.test_engine import engine
from tests.support.drawn import jpeg
from tests.support.filehost import Loopback

PATH = "/ISIC_0000001.jpg"
PICTURE = jpeg(1)


@pytest.mark.parametrize(
    "name", ["ISIC_0000001.JPG", "ISIC_0000001.jpeg", "ISIC_0000001.JPEG", "isic_0000001.jpg"]
)
def test_a_file_of_another_spelling_is_renamed_and_not_fetched_again(
    host: Loopback, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(PICTURE)
    (skipped,) = engine(host, tmp_path).run([host.record(1, size=len(PICTURE))])
    assert isinstance(skipped, Skipped)
    assert (skipped.path, skipped.reason) == ("ISIC_0000001.jpg", f"adopted: it was called {name}")
    assert host.requests == []
    assert [path.name for path in tmp_path.glob("*.*") if path.is_file()] == ["ISIC_0000001.jpg"]
    (again,) = engine(host, tmp_path).run([host.record(1, size=len(PICTURE))])
    assert isinstance(again, Skipped)
    assert again.reason == "complete"


def test_a_damaged_file_of_another_spelling_is_replaced(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = PICTURE
    (tmp_path / "ISIC_0000001.JPG").write_bytes(PICTURE[:-500])
    *_, finished = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert finished.replaced
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["ISIC_0000001.jpg"]
    assert (tmp_path / "ISIC_0000001.jpg").read_bytes() == PICTURE


def test_a_damaged_file_of_another_spelling_stays_when_nothing_better_comes(
    host: Loopback, tmp_path: Path
) -> None:
    (tmp_path / "ISIC_0000001.JPG").write_bytes(PICTURE[:-500])
    *_, failed = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(failed, Failed)
    assert (tmp_path / "ISIC_0000001.JPG").exists()


def test_a_plan_finds_it_and_renames_nothing(host: Loopback, tmp_path: Path) -> None:
    (tmp_path / "ISIC_0000001.JPG").write_bytes(PICTURE)
    (planned,) = engine(host, tmp_path).plan([host.record(1)])
    assert (planned.action, planned.there) == ("skip", "ISIC_0000001.JPG")
    assert [path.name for path in tmp_path.iterdir()] == ["ISIC_0000001.JPG"]


def test_it_is_found_in_the_subfolder_of_a_layout(host: Loopback, tmp_path: Path) -> None:
    (tmp_path / "ISIC_00").mkdir()
    (tmp_path / "ISIC_00" / "ISIC_0000001.JPG").write_bytes(PICTURE)
    options = {"layout": "{isic_id:.7}/{isic_id}.{ext}"}
    (skipped,) = engine(host, tmp_path, **options).run([host.record(1)])
    assert isinstance(skipped, Skipped)
    assert (tmp_path / "ISIC_00" / "ISIC_0000001.jpg").read_bytes() == PICTURE


def test_other_pictures_and_links_are_left_alone(host: Loopback, tmp_path: Path) -> None:
    host.files[PATH] = PICTURE
    others = ["ISIC_0000011.JPG", "ISIC_0000001 (1).JPG", "ISIC_0000001.PNG", "photo.JPG"]
    for name in others:
        (tmp_path / name).write_bytes(PICTURE)
    (tmp_path / "ISIC_0000001.JPEG").symlink_to(tmp_path / "photo.JPG")
    *_, finished = engine(host, tmp_path).run([host.record(1)])
    assert isinstance(finished, Finished)
    assert all((tmp_path / name).exists() for name in [*others, "ISIC_0000001.JPEG"])


def test_a_folder_in_the_place_of_a_file_fails_that_image(host: Loopback, tmp_path: Path) -> None:
    (tmp_path / "ISIC_0000001.jpg").mkdir()
    (failed,) = engine(host, tmp_path, jobs=1).run([host.record(1)])
    assert isinstance(failed, Failed)
    assert failed.reason == "ISIC_0000001.jpg: a folder stands in its place"
