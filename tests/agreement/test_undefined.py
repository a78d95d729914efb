"""A coefficient that cannot be computed says why; it is never nan."""

from collections.abc import Callable

import numpy as np
import pytest

from isic_cli.agreement.alpha import krippendorff_alpha
from isic_cli.agreement.bootstrap import Bootstrap
from isic_cli.agreement.icc import intraclass_correlation
from isic_cli.agreement.kappa import cohen_kappa, fleiss_kappa, gwet_ac, percent_agreement
from isic_cli.agreement.result import Agreement
from isic_cli.agreement.table import Choices
from isic_cli.errors import UsageError
from tests.agreement.tables import choices, numbers

EVERY = [percent_agreement, cohen_kappa, fleiss_kappa, gwet_ac, krippendorff_alpha]
ALL_EQUAL = "every answer is the same, so agreement by chance is complete"


def interval(table: Choices) -> Agreement:
    return krippendorff_alpha(table, metric="interval")


def ordinal(table: Choices) -> Agreement:
    return krippendorff_alpha(table, metric="ordinal")


def correlation(table: Choices) -> Agreement:
    return intraclass_correlation(table.to_numbers())


@pytest.mark.parametrize("coefficient", [*EVERY, interval, ordinal, correlation])
def test_a_table_without_answers(coefficient: Callable[[Choices], Agreement]) -> None:
    found = coefficient(Choices((), (), ("1", "2"), np.zeros((0, 0), np.int64)))
    assert (found.value, found.reason) == (None, "there are no answers")
    assert (found.readers, found.items, found.answers, found.missing) == (0, 0, 0, 0)


@pytest.mark.parametrize("coefficient", [*EVERY, interval, ordinal, correlation])
def test_one_reader(coefficient: Callable[[Choices], Agreement]) -> None:
    found = coefficient(choices(["1", "2", "2"], "12"))
    assert (found.value, found.reason) == (None, "only one reader answered")
    assert (found.readers, found.answers, found.missing) == (1, 3, 0)


def test_a_reader_without_answers_is_nobody() -> None:
    table = Choices(("a", "b"), ("x", "y"), ("1", "2"), np.array([[0, -1], [1, -1]]))
    found = cohen_kappa(table)
    assert (found.readers, found.reason) == (1, "only one reader answered")


@pytest.mark.parametrize("coefficient", [*EVERY, interval, ordinal])
def test_readers_who_never_met(coefficient: Callable[[Choices], Agreement]) -> None:
    found = coefficient(choices(["1.", ".2", "2."], "12"))
    assert (found.value, found.reason) == (None, "no item was answered by two readers")
    assert (found.readers, found.items, found.missing, found.left_out) == (2, 0, 3, 3)


@pytest.mark.parametrize(
    "coefficient", [cohen_kappa, fleiss_kappa, krippendorff_alpha, ordinal, interval]
)
def test_one_answer_everywhere(coefficient: Callable[[Choices], Agreement]) -> None:
    found = coefficient(choices(["11", "11", "11"], "12"))
    assert (found.value, found.reason) == (None, ALL_EQUAL)
    assert (found.readers, found.items, found.answers) == (2, 3, 6)


def test_one_answer_everywhere_is_full_agreement_where_chance_leaves_room() -> None:
    table = choices(["11", "11"], "12")
    assert gwet_ac(table).value == 1.0
    assert percent_agreement(table).value == 1.0


def test_ac1_with_a_single_known_choice() -> None:
    found = gwet_ac(choices(["11", "11"], "1"))
    assert found.reason == "every answer is the same, and no other possible choice is known"


def test_cohens_kappa_of_three_readers() -> None:
    found = cohen_kappa(choices(["112", "221"], "12"))
    assert (found.value, found.reason) == (None, "it compares two readers, and 3 answered")
    assert (found.items, found.left_out) == (0, 2)


def test_intraclass_correlation_of_equal_numbers() -> None:
    # 0.1 is no binary fraction: sums of it carry rounding errors, which are no variance.
    found = intraclass_correlation(numbers(np.full((7, 3), 0.1)))
    assert (found.value, found.reason) == (None, ALL_EQUAL)


def test_intraclass_correlation_of_items_with_one_mean() -> None:
    found = intraclass_correlation(numbers([[1, 2], [2, 1]]), form="ICC(3,k)")
    assert (found.value, found.reason) == (None, "the items do not differ")


def test_intraclass_correlation_without_full_items() -> None:
    found = intraclass_correlation(numbers([[1.0, np.nan], [1.0, 2.0], [np.nan, 3.0]]))
    assert (found.value, found.reason) == (
        None,
        "fewer than two items were answered by every reader",
    )
    assert (found.items, found.left_out, found.missing) == (1, 2, 2)


def test_an_undefined_coefficient_has_no_interval() -> None:
    assert fleiss_kappa(choices(["11", "11"], "12"), bootstrap=Bootstrap()).interval is None


def test_weights_of_the_wrong_shape() -> None:
    with pytest.raises(UsageError, match=r"weights of shape \(3, 3\) do not fit 2 choices"):
        cohen_kappa(choices(["12"], "12"), weights=np.zeros((3, 3)))


def test_negative_weights() -> None:
    with pytest.raises(UsageError, match="a weight of a disagreement is negative"):
        cohen_kappa(choices(["12"], "12"), weights=np.array([[0.0, -1.0], [1.0, 0.0]]))


def test_names_tell_the_weights() -> None:
    table = choices(["12", "21", "11"], "12")
    names = [
        cohen_kappa(table).name,
        cohen_kappa(table, weights="linear").name,
        cohen_kappa(table, weights="quadratic").name,
        cohen_kappa(table, weights=1 - np.eye(2)).name,
    ]
    assert names == ["Cohen's κ", "weighted κ (linear)", "weighted κ (quadratic)", "weighted κ"]
