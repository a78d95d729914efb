"""The coefficients equal those of maintained packages on seeded random tables with empty cells."""

import itertools
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isic_cli.agreement.alpha import Metric, krippendorff_alpha
from isic_cli.agreement.icc import Form, intraclass_correlation
from isic_cli.agreement.kappa import Weights, cohen_kappa, fleiss_kappa, gwet_ac, percent_agreement
from isic_cli.agreement.result import Agreement
from isic_cli.agreement.table import Choices, FloatArray
from tests.agreement.tables import numbers

SEEDS = range(200)

#: What `by_packages` gave for the first seeds: the packages take ten seconds to load.
RECORDED = Path(__file__).resolve().parents[1] / "data" / "agreement.json"

METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval")
WEIGHTS: tuple[Weights, ...] = ("none", "linear", "quadratic")
FORMS: tuple[Form, ...] = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")


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


def two_readers(seed: int) -> FloatArray:
    return random_table(seed, readers=2)


def full_table(seed: int) -> FloatArray:
    values = random_table(seed)
    return np.where(np.isnan(values), 1, values)


def measured(seed: int) -> FloatArray:
    """Numbers, with two items that not every reader measured where there are enough."""
    values = np.random.default_rng(seed + 1000).normal(size=random_table(seed).shape)
    values += np.nan_to_num(random_table(seed)) + 10
    if len(values) > 8:
        values[[2, 5], [0, -1]] = np.nan
    return values


def by_packages(seed: int) -> dict[str, float]:
    """Every coefficient of the tables of a seed, from krippendorff, statsmodels and pingouin."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import krippendorff
        import pingouin  # type: ignore[import-untyped]
        from statsmodels.stats import inter_rater  # type: ignore[import-untyped]
    found: dict[str, float] = {}
    values = random_table(seed)
    if pairable(values):
        for metric in METRICS:
            found[f"alpha {metric}"] = krippendorff.alpha(values.T, level_of_measurement=metric)
    table = as_choices(two_readers(seed))
    both = table.codes[(table.codes >= 0).all(axis=1)]
    square = np.zeros((len(table.categories), len(table.categories)))
    np.add.at(square, (both[:, 0], both[:, 1]), 1)
    for weights in WEIGHTS:
        name = None if weights == "none" else weights
        found[f"cohen {weights}"] = inter_rater.cohens_kappa(square, wt=name, return_results=False)
    table = as_choices(full_table(seed))
    counts = (table.codes[:, :, np.newaxis] == np.arange(len(table.categories))).sum(axis=1)
    found["fleiss"] = inter_rater.fleiss_kappa(counts)
    given = measured(seed)
    complete = given[~np.isnan(given).any(axis=1)]
    found |= dict(zip(FORMS, mixed_model(pingouin, complete), strict=True))
    return {name: float(value) for name, value in found.items()}


def by_us(seed: int) -> dict[str, Agreement]:
    """The same coefficients from the package."""
    found: dict[str, Agreement] = {}
    values = random_table(seed)
    if pairable(values):
        for metric in METRICS:
            found[f"alpha {metric}"] = krippendorff_alpha(numbers(values), metric=metric)
    for weights in WEIGHTS:
        found[f"cohen {weights}"] = cohen_kappa(as_choices(two_readers(seed)), weights=weights)
    found["fleiss"] = fleiss_kappa(as_choices(full_table(seed)))
    for form in FORMS:
        found[form] = intraclass_correlation(numbers(measured(seed)), form=form)
    return found


def assert_equal(found: dict[str, Agreement], expected: dict[str, float], seed: int) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert close(found[name], value), (seed, name)


@pytest.mark.slow
def test_coefficients_equal_the_recorded_ones_of_maintained_packages() -> None:
    recorded = json.loads(RECORDED.read_text("utf-8"))
    assert len(recorded) == 40
    for seed, expected in enumerate(recorded):
        assert_equal(by_us(seed), expected, seed)


@pytest.mark.slow
def test_coefficients_equal_those_of_maintained_packages() -> None:
    recorded = json.loads(RECORDED.read_text("utf-8"))
    compared = 0
    for seed in SEEDS:
        expected = by_packages(seed)
        assert_equal(by_us(seed), expected, seed)
        if seed < len(recorded):
            assert recorded[seed] == pytest.approx(expected, abs=1e-12)
        compared += len(expected)
    assert compared == 13 * len(SEEDS)


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


@pytest.mark.slow
def test_agreement_fleiss_and_ac1_equal_their_definitions_with_empty_cells() -> None:
    for seed in SEEDS:
        values = random_table(seed)
        table = as_choices(values)
        observed, fleiss, gwet = by_hand(values)
        assert close(percent_agreement(table), observed), seed
        assert close(fleiss_kappa(table), fleiss), seed
        assert close(gwet_ac(table), gwet), seed
