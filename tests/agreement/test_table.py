"""Ratings tables: from answers, to parts, and between choices and numbers."""

import numpy as np
import pytest

from isic_cli.agreement.table import Choices, Numbers
from isic_cli.errors import UsageError
from tests.agreement.tables import choices, numbers


def test_answers_become_a_table_in_the_order_they_came() -> None:
    table = Choices.from_answers([("b", "anna", "no"), ("a", "anna", "yes"), ("b", "ben", "yes")])
    assert table.items == ("b", "a")
    assert table.readers == ("anna", "ben")
    assert table.categories == ("no", "yes")
    assert table.codes.tolist() == [[0, 1], [1, -1]]
    assert table.answered.tolist() == [[True, True], [True, False]]


def test_known_choices_keep_their_order() -> None:
    table = Choices.from_answers([("a", "anna", "mild")], categories=["none", "mild", "severe"])
    assert table.categories == ("none", "mild", "severe")
    assert table.codes.tolist() == [[1]]


def test_an_answer_outside_the_choices() -> None:
    with pytest.raises(UsageError, match="anna answered 'perhaps' to a") as caught:
        Choices.from_answers([("a", "anna", "perhaps")], categories=["yes", "no"])
    assert caught.value.hint == "the choices are: yes, no"


def test_two_answers_of_one_reader_to_one_item() -> None:
    with pytest.raises(UsageError, match="anna answered a twice"):
        Numbers.from_answers([("a", "anna", 1.0), ("a", "anna", 1.0)])


def test_numbers_become_a_table() -> None:
    table = Numbers.from_answers([("a", "anna", 4.5), ("b", "ben", 4.0)])
    assert (table.items, table.readers) == (("a", "b"), ("anna", "ben"))
    np.testing.assert_array_equal(table.values, [[4.5, np.nan], [np.nan, 4.0]])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite(value: float) -> None:
    with pytest.raises(UsageError, match=r"anna answered (nan|inf) to a"):
        Numbers.from_answers([("a", "anna", value)])


def test_part_of_a_table_keeps_its_order_and_its_choices() -> None:
    part = choices(["12.", "211", "1.2"], "123").select(items=["i2", "i0"], readers=["r2", "r0"])
    assert (part.items, part.readers) == (("i0", "i2"), ("r0", "r2"))
    assert part.categories == ("1", "2", "3")
    assert part.codes.tolist() == [[0, -1], [0, 1]]
    same = numbers([[1, 2], [3, 4]]).select(readers=["r1"])
    assert (same.items, same.readers, same.values.tolist()) == (("i0", "i1"), ("r1",), [[2], [4]])


def test_part_of_a_table_with_an_unknown_name() -> None:
    with pytest.raises(UsageError, match="no such reader: zoe"):
        choices(["12"], "12").select(readers=["zoe", "r0"])
    with pytest.raises(UsageError, match="no such item: i7"):
        numbers([[1.0]]).select(items=["i7"])


def test_choices_that_are_numbers_have_distances() -> None:
    table = Choices.from_answers(
        [("a", "anna", "10"), ("a", "ben", "2.5"), ("b", "anna", "2.5")]
    ).to_numbers()
    np.testing.assert_array_equal(table.values, [[10, 2.5], [2.5, np.nan]])


@pytest.mark.parametrize(
    ("answer", "message"),
    [("red", "'red' is not a finite number"), ("inf", "'inf' is not a finite number")],
)
def test_choices_that_are_words_have_none(answer: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Choices.from_answers([("a", "anna", answer)]).to_numbers()


def test_numbers_are_ranked_as_choices() -> None:
    table = numbers([[10, 2.5], [2.5, np.nan]]).to_choices()
    assert table.categories == ("2.5", "10")
    assert table.codes.tolist() == [[1, 0], [0, -1]]
