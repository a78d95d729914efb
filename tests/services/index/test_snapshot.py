"""A refresh from a snapshot: a file, or an address that the archive's client fetches."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from isic_cli.errors import LocalError, NotFoundError, TransferError
from isic_cli.index.index import Index
from isic_cli.services.index.events import Refreshed, RefreshOptions
from isic_cli.services.index.paths import index_folder
from isic_cli.services.index.refresh import Refresh
from isic_cli.services.index.snapshot import fetched_snapshot
from tests.support.changing import ChangingArchive, many
from tests.support.filehost import Loopback, cut, etag_of


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


@pytest.fixture
def host() -> Iterator[Loopback]:
    with Loopback() as loopback:
        yield loopback


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_snapshot_at_an_address_is_fetched_and_removed_again(
    host: Loopback, tmp_path: Path
) -> None:
    host.files["/s.parquet"] = b"PAR1 and so on"
    with fetched_snapshot(host.source(), f"{host.url}/s.parquet", tmp_path) as path:
        assert path.read_bytes() == b"PAR1 and so on"
    assert [target for target, _ in host.requests] == ["/s.parquet"]
    assert files_in(tmp_path) == []


def test_a_snapshot_that_is_cut_goes_on_where_it_was(host: Loopback, tmp_path: Path) -> None:
    content = bytes(range(256)) * 8000
    host.files["/s.parquet"] = content
    host.script["/s.parquet"] = [cut(content, 1_000_000, etag=etag_of(content))] * 2
    address = f"{host.url}/s.parquet"
    with (
        pytest.raises(TransferError, match="cut after 1000000 of 2048000 bytes"),
        fetched_snapshot(host.source(), address, tmp_path, retries=0),
    ):
        raise AssertionError("there was a file")
    host.script.clear()
    with fetched_snapshot(host.source(), address, tmp_path, retries=0) as path:
        assert path.read_bytes() == content
    assert [headers.get("range") for _, headers in host.requests] == [None, "bytes=1000000-"]


def test_a_snapshot_that_is_cut_and_cannot_be_resumed_leaves_nothing_behind(
    host: Loopback, tmp_path: Path
) -> None:
    host.script["/s.parquet"] = [cut(b"PAR1", 2)]
    with (
        pytest.raises(TransferError),
        fetched_snapshot(host.source(), f"{host.url}/s.parquet", tmp_path, retries=0),
    ):
        raise AssertionError("there was a file")
    assert files_in(tmp_path) == []


def test_an_address_without_a_snapshot_says_nothing_of_images(
    host: Loopback, tmp_path: Path
) -> None:
    with (
        pytest.raises(NotFoundError, match="HTTP 404") as caught,
        fetched_snapshot(host.source(), f"{host.url}/s.parquet", tmp_path),
    ):
        raise AssertionError("there was a file")
    assert caught.value.hint == "A Parquet file, or its URL."


def test_a_disk_that_cannot_take_the_snapshot_is_told(host: Loopback, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(LocalError, match="file"),
        fetched_snapshot(host.source(), f"{host.url}/s.parquet", tmp_path / "file"),
    ):
        raise AssertionError("there was a file")


def test_a_snapshot_that_is_not_there_is_told(tmp_path: Path) -> None:
    archive = ChangingArchive()
    with archive.open(tmp_path) as api, pytest.raises(NotFoundError, match="no snapshot"):
        list(Refresh(api, RefreshOptions(snapshot=str(tmp_path / "none.parquet"))).run())
