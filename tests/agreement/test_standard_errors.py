"""Coefficients for any number of readers, and their standard errors."""

import json
from pathlib import Path

import numpy as np
import pytest

from isic_cli.agreement.alpha import Metric, krippendorff_alpha
from isic_cli.agreement.icc import FORMS, Form, intraclass_correlation
from isic_cli.agreement.kappa import (
    Weights,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    percent_agreement,
)
from isic_cli.agreement.result import Agreement
from isic_cli.agreement.table import FloatArray
from tests.agreement.tables import choices, numbers
from tests.agreement.test_references import as_choices, random_table

#: `[value, standard error]` of irrCAC 0.4.4, 12 digits, of the items of `random_table(seed)` with
#: two answers or more. The package asks for a numpy before 2, so it cannot be run beside ours.
RECORDED = Path(__file__).resolve().parents[1] / "data" / "agreement_irrcac.json"

WEIGHTS: tuple[tuple[str, Weights], ...] = (
    ("identity", "none"),
    ("linear", "linear"),
    ("quadratic", "quadratic"),
)


def test_kappa_ac1_and_ac2_and_their_standard_errors_equal_those_of_irrcac() -> None:
    recorded = json.loads(RECORDED.read_text("utf-8"))
    assert len(recorded) == 40
    for seed, expected in enumerate(recorded):
        values = random_table(seed)
        table = as_choices(values[(~np.isnan(values)).sum(axis=1) >= 2])
        found = {"fleiss identity": fleiss_kappa(table)}
        for name, weights in WEIGHTS:
            found[f"gwet {name}"] = gwet_ac(table, weights=weights)
            found[f"conger {name}"] = conger_kappa(table, weights=weights)
        assert found.keys() == expected.keys()
        for name, figure in found.items():
            assert [figure.value, figure.error] == pytest.approx(expected[name], abs=1e-11), name


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_congers_kappa_of_two_readers_is_cohens(weights: Weights) -> None:
    table = choices(["11", "12", "22", "23", "33", "31", "22", "13"], "123")
    conger, cohen = conger_kappa(table, weights=weights), cohen_kappa(table, weights=weights)
    assert (conger.value, conger.error) == pytest.approx((cohen.value, cohen.error), abs=1e-12)


def test_the_error_of_a_share_is_that_of_a_mean() -> None:
    found = percent_agreement(choices(["11"] * 30 + ["12"] * 70, "12"))
    assert found.error == pytest.approx((0.3 * 0.7 / 99) ** 0.5, abs=1e-12)


def test_one_item_has_no_standard_error_and_complete_agreement_has_none_to_speak_of() -> None:
    assert percent_agreement(choices(["11"], "12")).error is None
    assert fleiss_kappa(choices(["11", "22", "11"], "12")).error == pytest.approx(0, abs=1e-9)


def jackknifed(values: FloatArray, coefficient: str) -> tuple[Agreement, float]:
    """A coefficient, and its standard error with each item left out in turn."""

    def of(rows: FloatArray) -> Agreement:
        if coefficient in FORMS:
            form: Form = next(form for form in FORMS if form == coefficient)
            return intraclass_correlation(numbers(rows), form=form)
        metric: Metric = "ordinal" if coefficient == "ordinal" else "interval"
        return krippendorff_alpha(numbers(rows), metric=metric)

    total = len(values)
    without = np.array([of(np.delete(values, item, axis=0)).value for item in range(total)])
    return of(values), float(np.sqrt((total - 1) * without.var()))


@pytest.mark.slow
@pytest.mark.parametrize("coefficient", [*FORMS, "ordinal", "interval"])
def test_errors_of_correlations_and_alpha_are_near_those_of_leaving_items_out(
    coefficient: str,
) -> None:
    generator = np.random.default_rng(7)
    truth = generator.normal(size=(300, 1))
    values = truth + generator.normal(size=(300, 4)) + [0, 0.2, 0.4, 0]
    if coefficient not in FORMS:
        values[generator.random(values.shape) < 0.2] = np.nan
    if coefficient == "ordinal":
        values = np.round(values)
    found, expected = jackknifed(values, coefficient)
    # The two differ by terms of the order of one over the number of items.
    assert found.error == pytest.approx(expected, rel=5 / 300)


def test_the_error_of_a_correlation_does_not_depend_on_the_unit() -> None:
    many = numbers(np.random.default_rng(3).normal(size=(200, 3)))
    scaled = numbers(many.values * 1000 + 5)
    first, second = intraclass_correlation(many), intraclass_correlation(scaled)
    assert (first.value, first.error) == pytest.approx((second.value, second.error), rel=1e-9)


def test_weighted_coefficients_say_that_their_readers_never_met() -> None:
    table = choices(["1.", ".2", "2."], "12")
    for found in (conger_kappa(table, weights="linear"), gwet_ac(table, weights="linear")):
        assert (found.value, found.reason) == (None, "no item was answered by two readers")


def test_equal_answers_leave_congers_kappa_undefined_and_ac2_at_one() -> None:
    table = choices(["111", "111"], "123")
    assert conger_kappa(table, weights="quadratic").reason is not None
    assert gwet_ac(table, weights="quadratic").value == pytest.approx(1.0)


def test_two_items_have_a_standard_error() -> None:
    assert percent_agreement(choices(["11", "12"], "12")).error == pytest.approx(0.5)
