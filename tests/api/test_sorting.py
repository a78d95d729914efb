"""What keeps long listings in little memory: the bit set and the spooled."""

import tempfile
import tracemalloc
from pathlib import Path

import pytest

from isic_cli.api import spooled
from isic_cli.errors import LocalError
from isic_cli.files import spool
from isic_cli.models.ids import IdSet
from isic_cli.models.image import ImageRecord
from tests.support.listing import make_record, spread


def records(ids: list[str]) -> list[ImageRecord]:
    return [ImageRecord.of(make_record(name, "http://h")) for name in ids]


def test_an_id_is_new_once() -> None:
    seen = IdSet()
    ids = [
        "ISIC_0000000",
        "ISIC_9999999",
        "ISIC_0000008",
        "ISIC_x",
        "ISIC_00000008",
        "ISIC_٠٠٠٠٠٠٠",
    ]
    assert [seen.add(name) for name in ids] == [True] * 6
    assert [seen.add(name) for name in ids] == [False] * 6
    assert all(name in seen for name in ids)
    assert not any(name in seen for name in ("ISIC_0000009", "ISIC_0000010", "ISIC_y"))
    assert seen.add("ISIC_0000009")
    assert len(seen) == 7
    assert list(seen) == sorted(["ISIC_0000009", *ids[:3]]) + sorted(ids[3:])


def test_ids_of_the_whole_range_take_little_memory() -> None:
    tracemalloc.start()
    seen = IdSet()
    for number in range(0, 10_000_000, 1000):
        seen.add(f"ISIC_{number:07d}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_500_000


@pytest.mark.parametrize("most_held", [0, 299, 300])
def test_sorting_gives_every_record_unchanged(most_held: int) -> None:
    given = records(spread(300, step=31))
    found = list(spooled.sorted_by_id(given, most_held=most_held))
    assert found == sorted(given, key=lambda record: record.isic_id)
    # What was held is given as it is; what waited in the file is made anew.
    assert any(found[0] is one for one in given) == (most_held == 300)


@pytest.mark.parametrize("most_held", [0, 1])
def test_sorting_keeps_unknown_fields_and_adds_none(most_held: int) -> None:
    row = {**make_record("ISIC_0000001", "http://h"), "later": {"a": None}}
    (record,) = spooled.sorted_by_id([ImageRecord.of(row)], most_held=most_held)
    assert record.to_json() == row


def test_sorting_nothing_gives_nothing() -> None:
    assert list(spooled.sorted_by_id([])) == []


def test_more_than_memory_should_hold_goes_to_a_file_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY", 1000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ids = spread(50)
    found = spooled.sorted_by_id(records(ids), most_held=10)
    assert [record.isic_id for record in found] == sorted(ids)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_room_is_a_local_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY", 1000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(LocalError, match="cannot write a temporary file") as caught:
        list(spooled.sorted_by_id(records(spread(50)), most_held=10))
    assert caught.value.hint == "Set TMPDIR to a folder with room."
