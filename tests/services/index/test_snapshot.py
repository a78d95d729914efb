"""A refresh from a snapshot: a file, or an address that the archive's client fetches."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from isic_cli.errors import LocalError, NetworkError, NotFoundError
from isic_cli.index.index import Index
from isic_cli.services.index.events import Refreshed, RefreshOptions
from isic_cli.services.index.paths import index_folder
from isic_cli.services.index.refresh import Refresh
from isic_cli.services.index.snapshot import fetched_snapshot
from tests.support.changing import ChangingArchive, many


def snapshot(path: Path, ids: list[str]) -> Path:
    values = ", ".join(f"('{isic_id}')" for isic_id in ids)
    with duckdb.connect() as database:
        database.execute(
            f"COPY (SELECT isic_id, 'Clinic' AS attribution, 'CC-0' AS copyright_license FROM"
            f" (VALUES {values}) AS t(isic_id)) TO '{path}' (FORMAT parquet, KV_METADATA"
            " {snapshot_timestamp: '2026-04-01T00:00:00+00:00'})"
        )
    return path


def test_a_snapshot_makes_the_index_without_a_request(tmp_path: Path) -> None:
    archive = ChangingArchive(many(20))
    path = snapshot(tmp_path / "s.parquet", archive.ids[:15])
    with archive.open(tmp_path / "cache") as api:
        *_, last = Refresh(api, RefreshOptions(snapshot=str(path))).run()
        assert isinstance(last, Refreshed)
        assert last.counts == {"added": 15, "changed": 0, "removed": 0}
        assert last.state.as_of == last.state.refreshed == "2026-04-01T00:00:00+00:00"
        assert archive.requests == []
        *_, last = Refresh(api, RefreshOptions()).run()
        assert isinstance(last, Refreshed)
        assert last.counts == {"added": 5, "changed": 15, "removed": 0}


def test_a_torn_snapshot_leaves_the_last_good_index(tmp_path: Path) -> None:
    archive = ChangingArchive(many(20))
    good = snapshot(tmp_path / "good.parquet", archive.ids)
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(good.read_bytes()[:-20])
    with archive.open(tmp_path / "cache") as api:
        list(Refresh(api, RefreshOptions(snapshot=str(good))).run())
        with pytest.raises(LocalError, match=r"torn\.parquet"):
            list(Refresh(api, RefreshOptions(snapshot=str(torn))).run())
        with Index.open(index_folder(api.settings)) as index:
            assert index.count() == 20


class Host:
    """Opens one file, as the archive's client does."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[str] = []

    @contextmanager
    def open_file(self, file: Any) -> Iterator["Host"]:
        self.asked.append(file.url)
        yield self

    def chunks(self) -> Iterator[bytes]:
        yield self.data[:5]
        yield self.data[5:]


def test_a_snapshot_at_an_address_is_fetched_and_removed_again(tmp_path: Path) -> None:
    host = Host(b"PAR1 and so on")
    with fetched_snapshot(host, "https://files.example/s.parquet", tmp_path) as path:
        assert path.read_bytes() == b"PAR1 and so on"
    assert host.asked == ["https://files.example/s.parquet"]
    assert list(tmp_path.iterdir()) == []


class CutHost(Host):
    """Its line breaks off within the body."""

    def chunks(self) -> Iterator[bytes]:
        yield self.data
        raise NetworkError("the connection was reset")


def test_a_snapshot_that_is_cut_leaves_no_part_behind(tmp_path: Path) -> None:
    with (
        pytest.raises(NetworkError),
        fetched_snapshot(CutHost(b"PAR1"), "https://files.example/s.parquet", tmp_path),
    ):
        raise AssertionError("there was a file")
    assert list(tmp_path.iterdir()) == []


class EmptyHost(Host):
    """It answers as the file host does for a picture that it does not have."""

    @contextmanager
    def open_file(self, file: Any) -> Iterator[Host]:
        raise NotFoundError(f"{file.url}: HTTP 404", hint="The archive lists the image.")
        yield self


def test_an_address_without_a_snapshot_says_nothing_of_images(tmp_path: Path) -> None:
    with (
        pytest.raises(NotFoundError, match="HTTP 404") as caught,
        fetched_snapshot(EmptyHost(b""), "https://files.example/s.parquet", tmp_path),
    ):
        raise AssertionError("there was a file")
    assert caught.value.hint == "A Parquet file, or its URL."


def test_a_disk_that_cannot_take_the_snapshot_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(LocalError, match="cannot write"),
        fetched_snapshot(Host(b""), "https://files.example/s.parquet", tmp_path / "none"),
    ):
        raise AssertionError("there was a file")


def test_a_snapshot_that_is_not_there_is_told(tmp_path: Path) -> None:
    archive = ChangingArchive()
    with archive.open(tmp_path) as api, pytest.raises(NotFoundError, match="no snapshot"):
        list(Refresh(api, RefreshOptions(snapshot=str(tmp_path / "none.parquet"))).run())
