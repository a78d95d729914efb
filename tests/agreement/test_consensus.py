"""One answer from several readers, with ties said; votes on superpixels."""

import pytest

from isic_cli.agreement.consensus import Verdict, majority_answers, superpixel_votes
from isic_cli.errors import UsageError
from tests.agreement.tables import choices


def test_the_most_frequent_answer_wins_and_ties_are_named() -> None:
    table = choices(["1123", "21.3", "2211", "...1"], "123")
    assert majority_answers(table) == (
        Verdict("i0", answer="1", tied=(), votes=2, answers=4),
        Verdict("i1", answer=None, tied=("1", "2", "3"), votes=1, answers=3),
        Verdict("i2", answer=None, tied=("1", "2"), votes=2, answers=4),
        Verdict("i3", answer="1", tied=(), votes=1, answers=1),
    )


def test_an_item_that_the_chosen_readers_left_out() -> None:
    table = choices(["1.", "12"], "12").select(readers=["r1"])
    assert majority_answers(table) == (
        Verdict("i0", answer=None, tied=(), votes=0, answers=0),
        Verdict("i1", answer="2", tied=(), votes=1, answers=1),
    )


def test_superpixels_are_voted_on() -> None:
    found = superpixel_votes(
        {
            "anna": [0, 0.5, 1, 1],
            "ben": [0, 0, 1, 0],
            "cleo": [0, 0.5, 0.5, 0],
            "dan": [0, 0.5, 1, 1],
        }
    )
    assert found.readers == ("anna", "ben", "cleo", "dan")
    assert found.absent.tolist() == [4, 1, 0, 2]
    assert found.possible.tolist() == [0, 3, 1, 0]
    assert found.definite.tolist() == [0, 0, 3, 2]
    assert found.score.tolist() == [0.0, 0.375, 0.875, 0.5]
    assert found.present().tolist() == [False, True, True, False]
    assert found.tied().tolist() == [False, False, False, True]
    assert found.present(at_least=1.0).tolist() == [False, False, True, False]
    assert found.tied(at_least=1.0).tolist() == [False, False, False, True]


def test_a_threshold_that_no_markup_has() -> None:
    with pytest.raises(UsageError, match=r"not 0\.7"):
        superpixel_votes({"anna": [0.0]}).present(at_least=0.7)


def test_markups_of_different_lengths() -> None:
    with pytest.raises(UsageError, match="the markup of anna has 2 superpixels, and another has 3"):
        superpixel_votes({"anna": [0, 1], "ben": [0, 1, 1]})


def test_a_value_that_is_no_mark() -> None:
    with pytest.raises(UsageError, match=r"ben gave superpixel 1 the value 0\.25"):
        superpixel_votes({"anna": [0, 1], "ben": [0, 0.25]})


def test_no_markup_at_all() -> None:
    with pytest.raises(UsageError, match="there is no markup to vote on"):
        superpixel_votes({})
