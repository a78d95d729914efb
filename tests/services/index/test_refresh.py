import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from isic_cli.errors import LocalError, LockedError, NetworkError, NotFoundError
from isic_cli.index.index import Index
from isic_cli.index.lookups import listed_collections, member_counts, members
from isic_cli.index.state import index_lock
from isic_cli.models.image import ImageRecord
from isic_cli.models.outcomes import Outcome
from isic_cli.services.index.events import (
    Planned,
    Refreshed,
    RefreshEvent,
    RefreshOptions,
    Settled,
)
from isic_cli.services.index.paths import index_folder
from isic_cli.services.index.refresh import Refresh
from tests.support.changing import ChangingArchive, many
from tests.support.listing import make_record

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def refresh(
    archive: ChangingArchive,
    cache: Path,
    options: RefreshOptions | None = None,
    *,
    token: str | None = None,
    now: datetime = NOON,
) -> list[RefreshEvent]:
    with archive.open(cache, token=token) as api:
        return list(Refresh(api, options or RefreshOptions(), now=now).run())


def outcome(events: list[RefreshEvent]) -> dict[str, int]:
    last = events[-1]
    assert isinstance(last, Refreshed)
    return last.counts


def contents(archive: ChangingArchive, cache: Path, token: str | None = None) -> list[ImageRecord]:
    with archive.open(cache, token=token) as api:
        folder = index_folder(api.settings)
    with Index.open(folder) as index:
        return list(index.records(archive_order=True))


@pytest.mark.slow
def test_the_first_refresh_lists_everything_side_by_side(tmp_path: Path) -> None:
    archive = ChangingArchive(many())
    events = refresh(archive, tmp_path)
    assert outcome(events) == {"added": 2500, "changed": 0, "removed": 0}
    assert events[0] == Planned(2500)
    assert sum(event.images for event in events if isinstance(event, Settled)) == 2500
    found = contents(archive, tmp_path)
    expected = [make_record(isic_id, "http://127.0.0.1:8010") for isic_id in sorted(archive.ids)]
    assert found == [ImageRecord.of(record) for record in expected]
    assert not list(tmp_path.rglob("parts"))


@pytest.mark.slow
def test_an_unchanged_archive_costs_eleven_requests(tmp_path: Path) -> None:
    archive = ChangingArchive(many())
    refresh(archive, tmp_path)
    archive.requests.clear()
    later = NOON + timedelta(days=3)
    events = refresh(archive, tmp_path, now=later)
    assert outcome(events) == {"added": 0, "changed": 0, "removed": 0}
    assert len(archive.requests) == 11
    last = events[-1]
    assert isinstance(last, Refreshed)
    assert last.state.refreshed == later.isoformat()
    assert last.state.as_of == NOON.isoformat()


@pytest.mark.slow
def test_only_parts_whose_count_differs_are_listed_again(tmp_path: Path) -> None:
    archive = ChangingArchive(many())
    refresh(archive, tmp_path)
    archive.ids = [isic_id for isic_id in archive.ids if isic_id != "ISIC_0004000"]
    archive.ids += ["ISIC_0840001", "ISIC_0840002"]
    archive.requests.clear()
    events = refresh(archive, tmp_path, RefreshOptions(details=True))
    assert [event for event in events if isinstance(event, Outcome)] == [
        Outcome("ISIC_0004000", "removed"),
        Outcome("ISIC_0840001", "added"),
        Outcome("ISIC_0840002", "added"),
    ]
    assert [record.isic_id for record in contents(archive, tmp_path)] == sorted(archive.ids)
    listed = Counter("cursor=" in url for url in archive.requests)
    assert listed[True] < 25


@pytest.mark.slow
def test_a_corrected_value_is_found_by_a_full_refresh_only(tmp_path: Path) -> None:
    archive = ChangingArchive(many(600))
    refresh(archive, tmp_path)
    archive.corrected = {"ISIC_0002800": {"diagnosis_3": "Melanoma"}}
    assert outcome(refresh(archive, tmp_path))["changed"] == 0
    events = refresh(archive, tmp_path, RefreshOptions(full=True, details=True))
    assert [event for event in events if isinstance(event, Outcome)] == [
        Outcome("ISIC_0002800", "changed")
    ]
    assert contents(archive, tmp_path)[7].field("diagnosis_3") == "Melanoma"


def test_a_small_archive_is_listed_whole_in_its_own_order(tmp_path: Path) -> None:
    archive = ChangingArchive(many(120))
    refresh(archive, tmp_path)
    assert [record.isic_id for record in contents(archive, tmp_path)] == archive.ids
    archive.corrected = {"ISIC_0002800": {"sex": "male", "age_approx": 1}}
    assert outcome(refresh(archive, tmp_path)) == {"added": 0, "changed": 1, "removed": 0}


@pytest.mark.slow
def test_a_serial_refresh_keeps_the_order_of_a_large_archive(tmp_path: Path) -> None:
    archive = ChangingArchive(many(700))
    refresh(archive, tmp_path, RefreshOptions(serial=True))
    assert [record.isic_id for record in contents(archive, tmp_path)] == archive.ids


def test_an_empty_archive_has_an_empty_index(tmp_path: Path) -> None:
    archive = ChangingArchive()
    assert outcome(refresh(archive, tmp_path)) == {"added": 0, "changed": 0, "removed": 0}
    assert contents(archive, tmp_path) == []


@pytest.mark.slow
def test_a_refresh_that_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    archive = ChangingArchive(many())
    archive.dies_after = 40
    with pytest.raises(NetworkError):
        refresh(archive, tmp_path)
    with pytest.raises(NotFoundError):
        contents(archive, tmp_path)
    archive.dies_after = None
    first = len([url for url in archive.requests if "cursor=" in url])
    archive.requests.clear()
    refresh(archive, tmp_path, now=NOON + timedelta(hours=1))
    again = len([url for url in archive.requests if "cursor=" in url])
    assert [record.isic_id for record in contents(archive, tmp_path)] == sorted(archive.ids)
    assert first > 0
    assert again < 22  # 25 pages less the first ones, and those of the parts that were whole


@pytest.mark.slow
def test_what_was_listed_days_ago_is_listed_again(tmp_path: Path) -> None:
    archive = ChangingArchive(many())
    archive.dies_after = 40
    with pytest.raises(NetworkError):
        refresh(archive, tmp_path)
    archive.dies_after = None
    archive.corrected = {isic_id: {"sex": "female"} for isic_id in archive.ids}
    refresh(archive, tmp_path, now=NOON + timedelta(days=2))
    assert {record.field("sex") for record in contents(archive, tmp_path)} == {"female"}


@pytest.mark.slow
def test_a_refresh_that_breaks_off_leaves_the_last_good_index(tmp_path: Path) -> None:
    archive = ChangingArchive(many())
    refresh(archive, tmp_path)
    before = contents(archive, tmp_path)
    archive.ids = archive.ids[:1500]
    archive.requests.clear()
    archive.dies_after = 15
    with pytest.raises(NetworkError):
        refresh(archive, tmp_path)
    assert contents(archive, tmp_path) == before


def test_two_refreshes_at_once_are_refused(tmp_path: Path) -> None:
    archive = ChangingArchive(many(10))
    refresh(archive, tmp_path)
    with archive.open(tmp_path) as api:
        folder = index_folder(api.settings)
    with index_lock(folder, "the index"), pytest.raises(LockedError, match="the index of example"):
        refresh(archive, tmp_path)


def test_a_damaged_index_is_made_anew_only_when_that_is_asked(tmp_path: Path) -> None:
    archive = ChangingArchive(many(10))
    refresh(archive, tmp_path)
    next(tmp_path.rglob("records-*.parquet")).write_bytes(b"torn")
    with pytest.raises(LocalError, match="damaged") as caught:
        refresh(archive, tmp_path)
    assert caught.value.hint == "Run `isic cache refresh --full`."
    assert outcome(refresh(archive, tmp_path, RefreshOptions(full=True)))["added"] == 10


@pytest.mark.slow
def test_users_and_the_public_have_indexes_of_their_own(tmp_path: Path) -> None:
    archive = ChangingArchive(many(3))
    refresh(archive, tmp_path)
    archive.ids = many(5)
    refresh(archive, tmp_path, token="one")
    archive.ids = many(7)
    refresh(archive, tmp_path, token="two")
    sizes = [len(contents(archive, tmp_path, token)) for token in (None, "one", "two")]
    assert sizes == [3, 5, 7]
    assert not [path for path in tmp_path.rglob("*.json") if "one" in path.read_text("utf-8")]


def test_a_login_that_no_refresh_has_seen_has_no_index(tmp_path: Path) -> None:
    archive = ChangingArchive(many(3))
    refresh(archive, tmp_path, token="one")
    with archive.open(tmp_path, token="two") as api, pytest.raises(NotFoundError, match="login"):
        index_folder(api.settings)


@pytest.mark.slow
def test_collections_bring_their_members(tmp_path: Path) -> None:
    archive = ChangingArchive(many(30))
    archive.collections = {1: archive.ids[:3], 2: archive.ids[2:20], 3: []}
    refresh(archive, tmp_path, RefreshOptions(collections=True))
    with archive.open(tmp_path) as api:
        folder = index_folder(api.settings)
    with Index.open(folder) as index:
        assert member_counts(index) == {1: 3, 2: 18}
        found = listed_collections(index)
        assert found is not None
        assert [(item.id, item.name, item.doi) for item in found] == [
            (3, "Collection 3", "10.1/3"),
            (2, "Collection 2", "10.1/2"),
            (1, "Collection 1", "10.1/1"),
        ]
        assert sorted(members(index, 1)) == sorted(archive.ids[:3])
    # Without --collections they stay, with their own time.
    refresh(archive, tmp_path, now=NOON + timedelta(days=1))
    with Index.open(folder) as index:
        assert member_counts(index) == {1: 3, 2: 18}
        assert index.state.collections_as_of == NOON.isoformat()


@pytest.mark.slow
def test_a_collection_of_the_same_size_is_not_listed_again(tmp_path: Path) -> None:
    archive = ChangingArchive(many(300))
    archive.collections = {1: archive.ids[:250]}
    refresh(archive, tmp_path, RefreshOptions(collections=True))
    archive.collections = {1: archive.ids[50:], 2: archive.ids[:1]}
    refresh(archive, tmp_path, RefreshOptions(collections=True))
    with archive.open(tmp_path) as api:
        folder = index_folder(api.settings)
    with Index.open(folder) as index:
        assert sorted(members(index, 1)) == sorted(archive.ids[:250])
        assert list(members(index, 2)) == archive.ids[:1]
    refresh(archive, tmp_path, RefreshOptions(collections=True, full=True))
    with Index.open(folder) as index:
        assert sorted(members(index, 1)) == sorted(archive.ids[50:])


def test_an_archive_that_changes_meanwhile_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    archive = ChangingArchive(many(600))
    answer = archive.handle_request
    ids = archive.ids

    def growing(request: object) -> object:
        if len(archive.requests) == 11:
            archive.ids = ids[:-1]
        return answer(request)  # type: ignore[arg-type]  # it is handed on as it came

    archive.handle_request = growing  # type: ignore[assignment, method-assign]  # a changing archive
    with caplog.at_level(logging.WARNING, logger="isic_cli"):
        refresh(archive, tmp_path)
    assert "did it change meanwhile?" in caplog.text
    assert len(contents(archive, tmp_path)) == 599
