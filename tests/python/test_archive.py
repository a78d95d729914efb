"""The door for Python."""

import io
from pathlib import Path

import pytest
from PIL import Image

import isic_cli
from isic_cli import Archive
from isic_cli.errors import NotFoundError, QueryError, TransferError, UsageError
from isic_cli.models.selection import IdList, Selection
from isic_cli.services.dataset.lock import Lock
from isic_cli.services.download.events import Finished
from tests.support.folders import jpeg, make_folder
from tests.support.server import ArchiveServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "archive")


def test_the_front_door_names_what_is_public() -> None:
    assert isic_cli.__all__ == [
        *("Archive", "Cache", "Dataset", "DatasetRecipe", "Image", "ImageCollection"),
        *("ImageSelection", "ReaderStudy", "ShardImages", "__version__"),
        *("doctor", "validate_metadata"),
    ]
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        isic_cli.Nothing  # noqa: B018 - asking for it is the test


def test_a_search_is_counted_and_iterated(folder: Path) -> None:
    with Archive.open(folder) as archive:
        search = archive.search("sex:male")
        assert search.count() == 2
        assert [image.isic_id for image in search] == ["ISIC_0000001", "ISIC_0000003"]
        assert [image.field("age_approx") for image in search] == [40, 60]


def test_collections_narrow_by_id_name_or_doi(folder: Path) -> None:
    with Archive.open(folder) as archive:
        assert archive.search(collections=[7]).count() == 2
        assert archive.search(collections=["Nevi"], limit=1).count() == 1
        assert archive.collection("10.34970/123456").id == 9
        assert {item.id for item in archive.collections()} == {7, 8, 9}


def test_a_bad_query_fails_before_anything_is_sent(folder: Path) -> None:
    with Archive.open(folder) as archive, pytest.raises(QueryError):
        archive.search("sex=male")


def test_images_come_in_the_order_of_their_ids(folder: Path) -> None:
    with Archive.open(folder) as archive:
        found = archive.images(["ISIC_0000003", "ISIC_0000001"])
        assert [image.isic_id for image in found] == ["ISIC_0000003", "ISIC_0000001"]
        assert archive.image("ISIC_0000002").attribution == "Clinic A"
        with pytest.raises(NotFoundError, match="ISIC_9999999"):
            archive.images(["ISIC_0000001", "ISIC_9999999"])


def test_a_picture_is_read_as_bytes(folder: Path) -> None:
    with Archive.open(folder) as archive:
        image = archive.image("ISIC_0000001")
        assert archive.read(image) == jpeg(1)
        thumbnail = Image.open(io.BytesIO(archive.read(image, variant="thumbnail")))
        assert max(thumbnail.size) <= 256


def test_fetch_returns_the_path_and_does_not_fetch_twice(folder: Path, tmp_path: Path) -> None:
    with Archive.open(folder) as archive:
        image = archive.image("ISIC_0000001")
        path = archive.fetch(image, tmp_path / "out")
        assert path == tmp_path / "out" / "ISIC_0000001.jpg"
        assert path.read_bytes() == jpeg(1)
        before = path.stat().st_mtime_ns
        assert archive.fetch(image, tmp_path / "out") == path
        assert path.stat().st_mtime_ns == before


def test_fetch_raises_what_made_it_fail(folder: Path, tmp_path: Path) -> None:
    (folder / "ISIC_0000001.jpg").write_bytes(jpeg(1)[:-20])
    with Archive.open(folder, retries=0) as archive, pytest.raises(TransferError):
        archive.fetch(archive.image("ISIC_0000001"), tmp_path / "out")


def test_download_returns_what_became_of_each(folder: Path, tmp_path: Path) -> None:
    with Archive.open(folder, jobs=2) as archive:
        first = archive.download(archive.search(), tmp_path / "out")
        again = archive.download(archive.search(), tmp_path / "out", jobs=1)
    assert len(first.downloaded) == 4
    assert first.ok
    assert again.skipped == tuple(sorted(first.downloaded))
    assert [row["status"] for row in again.table] == ["skipped"] * 4


def test_a_failed_image_is_named_and_the_rest_is_there(folder: Path, tmp_path: Path) -> None:
    (folder / "ISIC_0000001.jpg").write_bytes(jpeg(1)[:-20])
    with Archive.open(folder, retries=0) as archive:
        result = archive.search(ids=["ISIC_0000001", "ISIC_0000002", "ISIC_0000009"]).download(
            tmp_path / "out"
        )
    assert not result.ok
    assert result.downloaded == ("ISIC_0000002",)
    assert list(result.failed) == ["ISIC_0000001", "ISIC_0000009"]
    assert "1 downloaded, 0 already there, 2 FAILED" in repr(result)


def test_an_interrupted_download_leaves_its_credits(folder: Path, tmp_path: Path) -> None:
    def stop(event: object) -> None:
        if isinstance(event, Finished):
            raise KeyboardInterrupt

    with Archive.open(folder, jobs=1) as archive:
        with pytest.raises(KeyboardInterrupt):
            archive.search().download(tmp_path / "out", progress=stop)
        # The texts of the licences would be a request.
        assert beside(tmp_path / "out") == ["attribution.txt", "isic.lock", "metadata.csv"]
        assert archive.search().download(tmp_path / "out").ok
        assert beside(tmp_path / "out") == LEFT


LEFT = ["attribution.txt", "isic.lock", "licenses", "metadata.csv"]


def beside(folder: Path) -> list[str]:
    """What lies in a folder beside its pictures."""
    return sorted(path.name for path in folder.iterdir() if path.name[:5] not in {"ISIC_", ".isic"})


def test_a_download_leaves_what_the_command_leaves(folder: Path, tmp_path: Path) -> None:
    with Archive.open(folder) as archive:
        archive.search("sex:male", collections=["Nevi"]).download(tmp_path / "out")

    assert beside(tmp_path / "out") == LEFT
    rows = (tmp_path / "out/metadata.csv").read_text("utf-8").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["isic_id", "ISIC_0000003"]
    assert "Clinic B, Vienna" in (tmp_path / "out/attribution.txt").read_text("utf-8")
    with Lock(tmp_path / "out") as lock:
        assert lock.header.selections == (Selection("sex:male", ("7",)),)
        assert [one.name for one in lock.header.collections] == ["Nevi"]
        assert list(lock.ids()) == ["ISIC_0000003"]


def test_fetched_pictures_have_their_credits_and_one_list_of_ids(
    folder: Path, tmp_path: Path
) -> None:
    with Archive.open(folder) as archive:
        for image in archive.search():
            archive.fetch(image, tmp_path / "out")
            assert beside(tmp_path / "out") == LEFT

    with Lock(tmp_path / "out") as lock:
        ids = [f"ISIC_000000{number}" for number in range(1, 5)]
        assert list(lock.ids()) == ids
        assert lock.header.selections == (Selection(ids=IdList("isic.lock", tuple(ids))),)


def test_many_pictures_fetched_into_a_large_folder_are_recorded_when_the_archive_closes(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with Archive.open(folder) as archive:
        image, other, *_ = archive.search()
        archive.fetch(image, out)
        journal = out / ".isic/journal.jsonl"
        line = journal.read_text("utf-8")
        known = [line.replace(image.isic_id, f"ISIC_1{number:06}") for number in range(100)]
        journal.write_text(line + "".join(known), "utf-8")
        archive.fetch(other, out)
        assert other.isic_id not in (out / "metadata.csv").read_text("utf-8")

    assert other.isic_id in (out / "metadata.csv").read_text("utf-8")


def test_python_takes_the_images_own_credit(tmp_path: Path) -> None:
    with ArchiveServer(["ISIC_0000001"], size=2_000) as server:
        server.credits = {"ISIC_0000001": "Dr. Own"}
        with Archive.open(server.url, retries=0) as archive:
            archive.fetch(archive.image("ISIC_0000001"), tmp_path / "out")

    assert (tmp_path / "out/attribution.txt").read_text("utf-8") == "Dr. Own"


def test_the_archive_is_chosen_like_on_the_command_line() -> None:
    with pytest.raises(UsageError, match="unknown archive"):
        Archive.open("nowhere")


def test_a_token_can_be_handed_in_and_is_not_shown() -> None:
    with Archive.open("http://127.0.0.1:9", token="my-secret") as archive:
        assert "my-secret" not in repr(vars(archive))


def test_with_a_cache_nothing_is_fetched_twice(folder: Path, tmp_path: Path) -> None:
    with Archive.open(folder, cache=True) as archive:
        image = archive.image("ISIC_0000001")
        archive.fetch(image, tmp_path / "one")
        picture = folder / "ISIC_0000001.jpg"
        picture.write_bytes(b"x" * picture.stat().st_size)
        assert archive.read(image) == jpeg(1)
        assert archive.fetch(image, tmp_path / "two").read_bytes() == jpeg(1)
    with Archive.open(folder) as archive, pytest.raises(TransferError):
        archive.fetch(archive.image("ISIC_0000001"), tmp_path / "three")


def test_whatever_ends_a_download_its_tables_are_written(folder: Path, tmp_path: Path) -> None:
    def fail(event: object) -> None:
        if not isinstance(event, Finished):
            return
        raise LookupError("of the caller")

    with Archive.open(folder, jobs=1) as archive, pytest.raises(LookupError, match="of the caller"):
        archive.search().download(tmp_path / "out", progress=fail)
    assert beside(tmp_path / "out") == LEFT
