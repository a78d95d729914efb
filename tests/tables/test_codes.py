"""Texts and their numbers."""

import tracemalloc

import pytest

from isic_cli.tables import codes
from isic_cli.tables.codes import CodedTexts, TextCodes


def test_texts_are_numbered_in_the_order_in_which_they_first_come() -> None:
    texts = [f"IL_{number % 5000 * 7919}" for number in range(20_000)]
    known = TextCodes()
    assert [known.code(text) for text in texts] == [number % 5000 for number in range(20_000)]
    assert [*known] == texts[:5000]
    assert (len(known), known[4999]) == (5000, texts[4999])


def test_texts_that_are_looked_for_at_one_place_are_told_apart() -> None:
    # So many of them that every place is taken twice over before the table grows.
    known = TextCodes()
    texts = [*(chr(number) for number in range(0xD7F0, 0xE010)), "", "a\0", "a", "é", "e\u0301"]
    assert [known.code(text) for text in texts] == [*range(len(texts))]
    assert [known.code(text) for text in texts] == [*range(len(texts))]
    assert [*known] == texts


def test_texts_come_after_the_end_and_beyond_the_short_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codes, "_SHORT", 12)
    known = TextCodes()
    for text in ("IP_1", "IP_22", "IP_333", "IP_4444"):
        known.code(text)
        known.finish()
    assert [known.code(text) for text in ("IP_4444", "IP_5", "IP_1")] == [3, 4, 0]
    assert [*known] == ["IP_1", "IP_22", "IP_333", "IP_4444", "IP_5"]


def test_rows_without_a_text_have_no_number() -> None:
    column = CodedTexts(["IP_2", "", "IP_1", "IP_1", "", "IP_2"])
    assert column.codes.tolist() == [0, -1, 1, 1, -1, 0]
    assert [*column] == ["IP_2", "", "IP_1", "IP_1", "", "IP_2"]
    assert (column[-1], column[1:3], "" in column) == ("IP_2", ["", "IP_1"], True)


def test_a_text_takes_little_more_than_its_bytes() -> None:
    tracemalloc.start()
    column = CodedTexts(f"IL_{number:07d}" for number in range(6_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(column.known) == 6_000
    assert peak < 6_000 * 45  # in a dictionary it takes 150
