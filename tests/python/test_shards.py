"""WebDataset shards read from a folder and over HTTP, cut ones too."""

import io
import pickle
import tarfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from isic_cli import Archive, Dataset, ShardImages
from isic_cli.errors import DamagedError, NetworkError, NotFoundError, UsageError
from tests.support.filehost import Loopback, answer, cut, etag_of

pytestmark = pytest.mark.filterwarnings("ignore::isic_cli.python.warned.IsicWarning")


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight pictures of the demo in shards of a few pictures each."""
    place = tmp_path_factory.mktemp("shards")
    with Archive.open("demo") as archive:
        archive.search("diagnosis_3:Nevus", limit=8).download(place / "nevi")
    data = Dataset.open(place / "nevi")
    data.export(place / "out", "webdataset", label="isic2019", size="32")
    return place / "out"


@pytest.fixture
def served(shards: Path) -> Iterator[Loopback]:
    files = {f"/{path.name}": path.read_bytes() for path in shards.iterdir() if path.is_file()}
    with Loopback(files=files) as host:
        yield host


def size_of(picture: object) -> object:
    return getattr(picture, "size", None)


def test_a_folder_of_shards_gives_pictures_classes_and_ids(shards: Path) -> None:
    images = ShardImages.open(shards, transform=size_of)
    assert images.classes[:3] == ("MEL", "NV", "BCC")
    found = list(images)
    assert len(found) == 8
    assert {images.classes[number] for _, number, _ in found} == {"NV"}
    assert found[0][2] == "ISIC_9000000"
    assert max(found[0][0]) == 32
    assert list(pickle.loads(pickle.dumps(images))) == found  # noqa: S301 - our own bytes
    assert list(ShardImages(images.shards, transform=size_of)) == found
    assert repr(images) == "<ShardImages 1 shards, 9 classes>"


def test_shards_come_over_http_and_go_on_where_they_were_cut(
    shards: Path, served: Loopback
) -> None:
    expected = [row[1:] for row in ShardImages.open(shards, transform=size_of)]
    images = ShardImages.open(served.url, transform=size_of)
    body = (shards / "images-000000.tar").read_bytes()
    served.script["/images-000000.tar"] = [
        cut(body, 5_000, etag=etag_of(body)),
        answer("503 Service Unavailable"),
    ]
    assert [row[1:] for row in images] == expected
    asked = [headers.get("range") for path, headers in served.requests if path.endswith(".tar")]
    assert asked == [None, "bytes=5000-", "bytes=5000-"]


def test_what_is_no_shard_is_told(shards: Path, served: Loopback, tmp_path: Path) -> None:
    whole = (shards / "images-000000.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:3000])
    (tmp_path / "page.tar").write_bytes(b"<html>" * 200)
    with pytest.raises(DamagedError, match=r"cut\.tar is not a whole shard"):
        list(ShardImages([tmp_path / "cut.tar"]))
    with pytest.raises(DamagedError, match=r"page\.tar is not a whole shard"):
        list(ShardImages([tmp_path / "page.tar"]))
    with pytest.raises(NotFoundError, match=r"none\.tar"):
        list(ShardImages([tmp_path / "none.tar"]))
    with pytest.raises(NotFoundError):
        list(ShardImages([f"{served.url}/none.tar"]))
    with pytest.raises(NotFoundError, match=r"dataset\.json"):
        ShardImages.open(tmp_path)
    (tmp_path / "dataset.json").write_text("[]")
    with pytest.raises(UsageError, match="not that of an export"):
        ShardImages.open(tmp_path)
    with pytest.raises(UsageError, match="split='train': none of images-000000"):
        ShardImages.open(shards, split="train")
    with pytest.raises(UsageError, match="shards is a list"):
        ShardImages(tmp_path / "cut.tar")  # type: ignore[arg-type]
    served.script["/images-000000.tar"] = [cut(whole, 5_000, etag=None)]
    with pytest.raises(NetworkError):
        list(ShardImages([f"{served.url}/images-000000.tar"]))


def test_members_without_a_class_or_a_picture_are_no_surprise(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in ("x/ISIC_0000001.json", "x/ISIC_0000002.txt"):
            info = tarfile.TarInfo(name)
            info.size = 2
            archive.addfile(info, io.BytesIO(b"{}"))
    assert list(ShardImages([tmp_path / "a.tar"])) == []


@pytest.mark.handoffs
@pytest.mark.skipif(find_spec("torch") is None, reason="the extra handoffs is not installed")
def test_a_loader_of_torch_reads_folders_and_shards_with_spawned_workers(shards: Path) -> None:
    from torch import uint8
    from torch.utils.data import DataLoader, IterableDataset

    folder = shards.parent / "nevi"
    images = Dataset.open(folder).torch(label="isic2019", size="32:crop")
    for options in ({}, {"num_workers": 2, "multiprocessing_context": "spawn"}):
        batches = list(DataLoader(images, batch_size=4, **options))
        pictures, numbers, ids = batches[0]
        assert (tuple(pictures.shape), pictures.dtype) == ((4, 3, 32, 32), uint8)
        assert {images.classes[number] for number in numbers.tolist()} == {"NV"}
        assert [one for batch in batches for one in batch[2]] == [row[0] for row in images.items]
        assert ids[0] == "ISIC_9000000"
    streamed = ShardImages.open(shards)
    assert isinstance(streamed, IterableDataset)
    # One shard is one worker's: no picture comes twice.
    rows = list(DataLoader(streamed, batch_size=None, num_workers=2))
    assert [row[2] for row in rows] == [row[2] for row in streamed]
    assert rows[0][0].shape[0] == 3
