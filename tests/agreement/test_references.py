"""The coefficients equal those of maintained packages on seeded random tables with empty cells."""

import itertools
import warnings
from types import ModuleType
from typing import Any

import krippendorff
import numpy as np
import pytest

from isic_cli.agreement.alpha import krippendorff_alpha
from isic_cli.agreement.bootstrap import Agreement
from isic_cli.agreement.gwet import gwet_ac1
from isic_cli.agreement.icc import Form, intraclass_correlation
from isic_cli.agreement.kappa import cohen_kappa, fleiss_kappa, percent_agreement
from isic_cli.agreement.table import Choices, FloatArray
from tests.agreement.tables import numbers

SEEDS = range(200)


def random_table(seed: int, *, readers: int | None = None) -> FloatArray:
    """Draw answers 1 … K that lean towards a truth, with up to 40 % of the cells empty."""
    generator = np.random.default_rng(seed)
    items, columns = int(generator.integers(15, 60)), readers or int(generator.integers(2, 7))
    top = int(generator.integers(2, 7))
    truth = generator.integers(1, top + 1, (items, 1))
    guess = generator.integers(1, top + 1, (items, columns))
    values = np.where(generator.random((items, columns)) < 0.6, truth, guess).astype(np.float64)
    values[generator.random((items, columns)) < generator.uniform(0, 0.4)] = np.nan
    return values


def close(found: Agreement, expected: float) -> bool:
    assert found.value is not None
    assert found.reason is None
    return abs(found.value - expected) < 1e-9


def as_choices(values: FloatArray) -> Choices:
    return numbers(values).to_choices()


def pairable(values: FloatArray) -> bool:
    two = (~np.isnan(values)).sum(axis=1) >= 2
    return len(np.unique(values[two][~np.isnan(values[two])])) > 1


@pytest.fixture(scope="module")
def inter_rater() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats import inter_rater  # type: ignore[import-untyped]
    assert isinstance(inter_rater, ModuleType)
    return inter_rater


@pytest.fixture(scope="module")
def pingouin() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pingouin  # type: ignore[import-untyped]
    return pingouin


def test_alpha_equals_krippendorff() -> None:
    compared = 0
    for seed in SEEDS:
        values = random_table(seed)
        if not pairable(values):
            continue
        for metric in ("nominal", "ordinal", "interval"):
            expected = krippendorff.alpha(values.T, level_of_measurement=metric)
            assert close(krippendorff_alpha(numbers(values), metric=metric), expected), seed
            compared += 1
    assert compared == 600


@pytest.mark.parametrize(
    ("weights", "name"), [("none", None), ("linear", "linear"), ("quadratic", "quadratic")]
)
def test_cohens_kappa_equals_statsmodels(
    weights: Any, name: str | None, inter_rater: ModuleType
) -> None:
    compared = 0
    for seed in SEEDS:
        values = random_table(seed, readers=2)
        table = as_choices(values)
        found = cohen_kappa(table, weights=weights)
        both = table.codes[(table.codes >= 0).all(axis=1)]
        square = np.zeros((len(table.categories), len(table.categories)))
        np.add.at(square, (both[:, 0], both[:, 1]), 1)
        expected = inter_rater.cohens_kappa(square, wt=name, return_results=False)
        assert close(found, expected), seed
        compared += 1
    assert compared == 200


def test_fleiss_kappa_equals_statsmodels_on_full_tables(inter_rater: ModuleType) -> None:
    for seed in SEEDS:
        values = random_table(seed)
        values = np.where(np.isnan(values), 1, values)
        table = as_choices(values)
        counts = (table.codes[:, :, np.newaxis] == np.arange(len(table.categories))).sum(axis=1)
        assert close(fleiss_kappa(table), inter_rater.fleiss_kappa(counts)), seed


def test_intraclass_correlations_equal_pingouin(pingouin: Any) -> None:
    forms: tuple[Form, ...] = (
        "ICC(1,1)",
        "ICC(2,1)",
        "ICC(3,1)",
        "ICC(1,k)",
        "ICC(2,k)",
        "ICC(3,k)",
    )
    compared = 0
    for seed in SEEDS:
        values = np.random.default_rng(seed + 1000).normal(size=random_table(seed).shape)
        values += np.nan_to_num(random_table(seed)) + 10
        full = values.copy()
        if len(values) > 8:
            values[[2, 5], [0, -1]] = np.nan
            full = np.delete(full, [2, 5], axis=0)
        expected = mixed_model(pingouin, full)
        for form, figure in zip(forms, expected, strict=True):
            assert close(intraclass_correlation(numbers(values), form=form), figure), (seed, form)
            compared += 1
    assert compared == 1200


def mixed_model(pingouin: Any, values: FloatArray) -> list[float]:
    import pandas as pd

    items, readers = np.indices(values.shape)
    frame = pd.DataFrame(
        {"item": items.ravel(), "reader": readers.ravel(), "value": values.ravel()}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pingouin's own use of pandas
        table = pingouin.intraclass_corr(frame, targets="item", raters="reader", ratings="value")
    return [float(figure) for figure in table["ICC"]]


def by_hand(values: FloatArray) -> tuple[float, float, float]:
    """Percent agreement, Fleiss' κ and AC1 from their definitions, pair by pair."""
    categories = sorted(set(values[~np.isnan(values)]))
    shares, agreeing = [], []
    for row in values:
        given = [answer for answer in row if not np.isnan(answer)]
        if given:
            shares.append([given.count(name) / len(given) for name in categories])
        if len(given) >= 2:
            pairs = list(itertools.combinations(given, 2))
            agreeing.append(sum(a == b for a, b in pairs) / len(pairs))
    observed = sum(agreeing) / len(agreeing)
    use = [sum(column) / len(shares) for column in zip(*shares, strict=True)]
    fleiss = sum(share**2 for share in use)
    gwet = sum(share * (1 - share) for share in use) / (len(categories) - 1)
    return observed, (observed - fleiss) / (1 - fleiss), (observed - gwet) / (1 - gwet)


def test_agreement_fleiss_and_ac1_equal_their_definitions_with_empty_cells() -> None:
    for seed in SEEDS:
        values = random_table(seed)
        table = as_choices(values)
        observed, fleiss, gwet = by_hand(values)
        assert close(percent_agreement(table), observed), seed
        assert close(fleiss_kappa(table), fleiss), seed
        assert close(gwet_ac1(table), gwet), seed
