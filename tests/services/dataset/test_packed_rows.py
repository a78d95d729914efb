"""Rows that are held in little memory are the rows that they were."""

from typing import Any

from isic_cli.services.dataset.compare import PackedRows


def test_packed_rows_give_back_what_was_packed_in_any_order() -> None:
    rows: list[dict[str, Any]] = [
        {"isic_id": "ISIC_0000001", "sex": "male", "age_approx": 5, "public": True},
        {"isic_id": "ISIC_0000002", "age_approx": None},
        {"isic_id": "ISIC_0000003", "sex": "male", "age_approx": 5.5, "public": False},
    ]
    packed = PackedRows(iter(rows))
    assert list(packed) == rows
    assert packed[1:] == rows[1:]
    assert packed[-1] == rows[-1]
    assert len(packed.shapes) == 2


def test_packed_rows_hold_a_value_that_comes_again_once() -> None:
    texts = ["".join(["a", "b", "c", str(number % 2)]) for number in range(4)]
    packed = PackedRows({"diagnosis": text} for text in texts)
    assert packed[0]["diagnosis"] is packed[2]["diagnosis"]
    assert packed[1]["diagnosis"] is packed[3]["diagnosis"]
