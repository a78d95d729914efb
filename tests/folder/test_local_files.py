"""Pictures of a folder, taken without a request within the process."""

import ssl
from pathlib import Path

import httpx
import pytest

from isic_cli.api.files import FileHost
from isic_cli.config import LOCAL_URL, ArchiveSpec, Settings
from isic_cli.errors import NotFoundError
from isic_cli.folder.store import FolderStore
from isic_cli.folder.transport import FolderTransport
from isic_cli.models.image import RemoteFile
from tests.folder.conftest import Make, png


class Counting(FolderTransport):
    """Counts what is asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(FolderStore.open(folder))
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        return super().handle_request(request)


def host_of(transport: Counting) -> FileHost:
    return FileHost(
        ssl_context=ssl.create_default_context,
        transport=transport,
        settings=Settings(
            archive=ArchiveSpec("folder", "x", LOCAL_URL), cache_dir=Path("/nonexistent")
        ),
    )


def test_a_picture_is_read_where_it_lies_and_its_rest_comes_by_a_request(make: Make) -> None:
    picture = png(30, 20)
    transport = Counting(make({"ISIC_0000001.PNG": picture}))
    host = host_of(transport)
    file = RemoteFile(f"{LOCAL_URL}/images/ISIC_0000001.png")
    with host.open_file(file) as stream:
        assert b"".join(stream.chunks()) == picture
        assert (stream.status, stream.start, stream.total) == (200, 0, len(picture))
        etag = stream.etag
    assert transport.asked == []
    with host.open_file(file, offset=10, etag=etag) as stream:
        assert b"".join(stream.chunks()) == picture[10:]
        assert (stream.status, stream.start, stream.etag) == (206, 10, etag)
    assert transport.asked == ["/images/ISIC_0000001.png"]


@pytest.mark.parametrize("name", ["ISIC_0000001.jpg", "ISIC_0000002.png"])
def test_what_the_folder_does_not_have_under_that_name_is_not_found(make: Make, name: str) -> None:
    host = host_of(Counting(make({"ISIC_0000001.png": png(30, 20)})))
    with (
        pytest.raises(NotFoundError, match="HTTP 404"),
        host.open_file(RemoteFile(f"{LOCAL_URL}/images/{name}")),
    ):
        pass


def test_a_picture_that_went_away_is_not_found(make: Make) -> None:
    folder = make({"ISIC_0000001.png": png(30, 20)})
    host = host_of(Counting(folder))
    (folder / "ISIC_0000001.png").unlink()
    with (
        pytest.raises(NotFoundError, match="HTTP 404"),
        host.open_file(RemoteFile(f"{LOCAL_URL}/images/ISIC_0000001.png")),
    ):
        pass
