"""What an ISIC id looks like."""

import random

import pytest

from isic_cli.models.ids import (
    IdPlaces,
    IdSequence,
    as_isic_id,
    find_ids,
    id_pattern,
    is_isic_id,
    number_of,
)


@pytest.mark.parametrize(
    "text",
    ["ISIC_000000", "ISIC_00000000", "isic_0000000", " ISIC_0000000", "ISIC_0000000\n",
     "ISIC_\u0661\u0661\u0661\u0661\u0661\u0661\u0661"],
)  # fmt: skip
def test_only_the_archives_own_form_is_an_id(text: str) -> None:
    assert not is_isic_id(text)
    assert number_of(text) is None


def test_an_id_has_a_number() -> None:
    assert is_isic_id("ISIC_0024306")
    assert number_of("ISIC_0024306") == 24306


def test_an_id_in_any_case_is_understood() -> None:
    assert as_isic_id("isic_0024306") == "ISIC_0024306"
    assert as_isic_id("isic_0024306.jpg") is None


def test_ids_are_found_in_paths_and_addresses() -> None:
    text = "C:\\a\\ISIC_0000001.JPG https://h/i/isic_0000002_thumbnail.jpg?x=1 XISIC_0000003 ISIC_00000044"
    assert find_ids(text) == ["ISIC_0000001", "ISIC_0000002"]


def test_digits_of_other_scripts_are_no_digits() -> None:
    assert find_ids("ISIC_\u0661\u0661\u0661\u0661\u0661\u0661\u0661") == []
    assert (
        id_pattern(r"\.jpg").fullmatch("ISIC_\uff11\uff11\uff11\uff11\uff11\uff11\uff11.jpg")
        is None
    )


def test_a_sequence_of_ids_gives_them_back_and_any_other_text_too() -> None:
    texts = ["ISIC_0000007", "b.jpg", "ISIC_9999999", "", "b.jpg", "isic_0000007", "ISIC_0000007"]
    found = IdSequence(texts)
    assert [*found] == texts
    assert (found[-1], found[1:4]) == ("ISIC_0000007", texts[1:4])
    assert found.codes.tolist() == [7, 10_000_000, 9_999_999, 10_000_001, 10_000_000, 10_000_002, 7]


@pytest.mark.parametrize("is_sorted", [True, False])
def test_an_id_has_the_place_where_it_came_first(is_sorted: bool) -> None:
    numbers = random.Random(3).sample(range(10**7), 5000)
    texts = [f"ISIC_{number:07d}" for number in (sorted(numbers) if is_sorted else numbers)]
    places = IdPlaces()
    assert [places.add(text) for text in texts] == [*range(5000)]
    assert [places.find(text) for text in texts] == [*range(5000)]
    assert "ISIC_0000001" not in places
    assert places.find("cover.jpg") == -1
    assert [places.add(text) for text in ("cover.jpg", texts[7], "cover.jpg")] == [5000, 7, 5000]
    assert (len(places), [*places]) == (5001, [*texts, "cover.jpg"])
    assert [places.find(text) for text in texts] == [*range(5000)]
    more = [f"ISIC_{number:07d}" for number in range(4000) if number not in numbers][:2000]
    assert [places.add(text) for text in more] == [*range(5001, 7001)]
    assert [places.find(text) for text in (*more, *texts)] == [*range(5001, 7001), *range(5000)]
