"""Rows that wait in a file are the rows that they were."""

import tracemalloc
from typing import Any

import pytest

from isic_cli.files import spool
from isic_cli.tables.spooled import SpooledRows


def test_rows_come_back_in_any_order_from_memory_and_from_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows: list[dict[str, Any]] = [
        {"isic_id": "ISIC_0000001", "sex": "male", "age_approx": 5, "public": True},
        {"isic_id": "ISIC_0000002", "age_approx": None, "path": "\udcff"},
        {"isic_id": "ISIC_0000003", "sex": "male", "age_approx": 5.5, "parts": [1, {"a": "b"}]},
    ]
    for size in (spool.IN_MEMORY, 16):
        monkeypatch.setattr(spool, "IN_MEMORY", size)
        kept = SpooledRows(iter(rows))
        assert list(kept) == rows
        assert kept[1:] == rows[1:]
        assert kept[-1] == rows[-1]
        assert len(kept.shapes) == 3
        with pytest.raises(IndexError):
            kept[3]


def test_rows_come_back_from_any_place_of_many() -> None:
    kept = SpooledRows({"place": place} for place in range(1000))
    assert [row["place"] for row in kept] == [*range(1000)]
    assert [kept[place]["place"] for place in (999, 0, 15, 16, 17, 500)] == [
        999,
        0,
        15,
        16,
        17,
        500,
    ]
    assert list(SpooledRows([])) == []


def test_memory_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY", 1 << 12)
    tracemalloc.start()
    kept = SpooledRows({"place": place} for place in range(20_000))
    before, size = tracemalloc.get_traced_memory()[0], len(kept)
    del kept
    taken = before - tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert (size, taken < 40_000) == (20_000, True)


def test_memory_does_not_grow_with_the_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY", 1 << 16)
    tracemalloc.start()
    kept = SpooledRows({"isic_id": f"ISIC_{n:07d}", "note": f"{n:0500d}"} for n in range(2000))
    assert kept[1999]["note"].endswith("01999")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 250_000  # the rows are a megabyte and more
