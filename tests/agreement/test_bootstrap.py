"""Percentile intervals: seeded, independent of the items' order, flat in memory."""

import re
from typing import Any

import numpy as np
import pytest

from isic_cli.agreement.alpha import Metric, krippendorff_alpha
from isic_cli.agreement.bootstrap import Bootstrap, Draws, Interval, Patterns, draw, gather, ratio
from isic_cli.agreement.counts import count_choices
from isic_cli.agreement.icc import intraclass_correlation
from isic_cli.agreement.kappa import fleiss_kappa, percent_agreement
from isic_cli.agreement.table import FloatArray, IntArray, Numbers
from isic_cli.errors import UsageError
from tests.agreement.tables import choices, numbers

WORDS = ["112", "222", "1.1", "212", "333", "31.", "2.2", "113", "332", "111"]


def each(counts: IntArray) -> Patterns:
    """Patterns whose sums are how often each of them occurs."""
    return Patterns(np.eye(len(counts)), counts)


def test_a_seed_gives_its_interval_again_and_another_seed_another() -> None:
    table = choices(WORDS, "123")
    first = fleiss_kappa(table, bootstrap=Bootstrap(seed=3))
    assert first == fleiss_kappa(table, bootstrap=Bootstrap(seed=3))
    assert first.interval != fleiss_kappa(table, bootstrap=Bootstrap(seed=4)).interval


def test_the_order_of_items_and_readers_does_not_matter() -> None:
    bootstrap = Bootstrap(rounds=50)
    forward = krippendorff_alpha(choices(WORDS, "123"), bootstrap=bootstrap)
    backward = krippendorff_alpha(
        choices([word[::-1] for word in reversed(WORDS)], "123"), bootstrap=bootstrap
    )
    assert forward == backward


@pytest.mark.parametrize("metric", ["nominal", "ordinal"])
def test_the_interval_of_alpha_is_that_of_its_value_on_every_sample(metric: Metric) -> None:
    counted = count_choices(choices(WORDS, "123"), pairable=True)
    # Each distinct item as a word again: its answers, sorted.
    words = ["".join(map(str, np.repeat([1, 2, 3], row.astype(int)))) for row in counted.votes]

    def value_of_each(weights: FloatArray) -> FloatArray:
        samples = (
            [word for word, times in zip(words, row, strict=True) for _ in range(int(times))]
            for row in weights
        )
        found = [
            krippendorff_alpha(choices(sample, "123"), metric=metric).value for sample in samples
        ]
        return np.array(found, np.float64)

    bootstrap = Bootstrap(rounds=60)
    expected = draw(value_of_each, each(counted.counts), bootstrap)
    found = krippendorff_alpha(choices(WORDS, "123"), metric=metric, bootstrap=bootstrap).interval
    assert expected is not None
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.low < found.high


def test_the_interval_of_a_share_is_the_binomial_one() -> None:
    # 30 of 100 items agree: their share in a sample is binomial, with known percentiles.
    table = choices(["11"] * 30 + ["12"] * 70, "12")
    found = percent_agreement(table, bootstrap=Bootstrap(rounds=20000, level=0.9))
    assert found.value == pytest.approx(0.30)
    assert found.interval == Interval(low=0.23, high=0.38, level=0.9, rounds=20000, undefined=0)


@pytest.mark.slow
def test_items_that_all_differ_are_drawn_as_often() -> None:
    # The standard error of a mean of n values is known: here of 400 normal numbers.
    values = np.random.default_rng(5).normal(size=400)
    counts = np.ones(400, np.int64)

    def mean(weights: FloatArray) -> FloatArray:
        return np.asarray(weights @ values / weights.sum(axis=1))

    found = draw(mean, each(counts), Bootstrap(rounds=20000))
    assert found is not None
    width = 2 * 1.959964 * values.std() / 20
    assert found.high - found.low == pytest.approx(width, rel=0.03)
    assert (found.high + found.low) / 2 == pytest.approx(values.mean(), abs=0.003)


def test_rounds_beyond_a_block_are_drawn_block_by_block() -> None:
    seen = []

    def share(weights: FloatArray) -> FloatArray:
        seen.append(weights.shape)
        assert (weights.sum(axis=1) == 900_000).all()
        return np.asarray(weights[:, 0] / weights.sum(axis=1))

    found = draw(share, each(np.array([300_000, 600_000])), Bootstrap(rounds=5))
    assert seen == [(2, 2), (2, 2), (1, 2)]
    assert found is not None
    assert 0.33 < found.low < found.high < 0.34


def test_undefined_rounds_are_left_out_and_counted() -> None:
    found = fleiss_kappa(choices(["11", "11", "12"], "12"), bootstrap=Bootstrap(rounds=500))
    assert found.interval is not None
    # (2/3)**3 of the samples miss the third item.
    assert 120 < found.interval.undefined < 180
    assert found.interval.low >= -1


def test_no_interval_where_every_round_is_undefined() -> None:
    def never(weights: FloatArray) -> FloatArray:
        return np.full(len(weights), np.nan)

    assert draw(never, each(np.array([3])), Bootstrap(rounds=5)) is None


def test_numbers_have_intervals_around_their_value() -> None:
    generator = np.random.default_rng(0)
    table = numbers(generator.normal(size=(80, 1)) + 0.5 * generator.normal(size=(80, 3)))
    for found in (
        intraclass_correlation(table, bootstrap=Bootstrap()),
        krippendorff_alpha(table, metric="interval", bootstrap=Bootstrap()),
    ):
        assert found.value is not None
        assert found.interval is not None
        assert 0.6 < found.interval.low < found.value < found.interval.high < 0.95


def test_a_shift_and_a_unit_do_not_change_a_correlation() -> None:
    base = np.array([[9, 2, 5], [6, 1, 3], [8, 4, 6], [7, 1, 2]], np.float64)
    plain = intraclass_correlation(numbers(base)).value
    moved = intraclass_correlation(numbers(base * 1e-3 + 1e6)).value
    assert plain is not None
    assert moved == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"level": 1.0}, "an interval covers between 0 and 1, not 1.0"),
        ({"level": 0.0}, "an interval covers between 0 and 1, not 0.0"),
        ({"rounds": 0}, "a bootstrap needs at least one round, not 0"),
        ({"seed": -1}, "a seed is not negative, unlike -1"),
    ],
)
def test_settings_out_of_range(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        Bootstrap(**wrong)


def test_equal_rows_are_gathered() -> None:
    rows, counts = gather(np.array([[2, 1], [1, 9], [2, 1], [1, 2], [2, 1]]))
    assert rows.tolist() == [[1, 2], [1, 9], [2, 1]]
    assert counts.tolist() == [1, 1, 3]


def test_a_denominator_that_is_a_rounding_error_is_zero() -> None:
    found = ratio(np.ones(3), np.array([2.0, 1e-16, 0.0]), scale=np.ones(3))
    np.testing.assert_array_equal(found, [0.5, np.nan, np.nan])


def test_one_item_is_enough_for_alpha_of_numbers() -> None:
    found = krippendorff_alpha(
        Numbers(("a",), ("x", "y"), np.array([[1.0, 2.0]])), metric="interval"
    )
    assert found.value == pytest.approx(0.0)


def test_many_items_are_drawn_as_often_as_one_by_one() -> None:
    count, rounds = 2000, 400
    draws = Draws(np.random.default_rng(1), count)
    times = np.stack([draws.times() for _ in range(rounds)]).astype(np.int64)
    assert (times.sum(axis=1) == count).all()
    generator = np.random.default_rng(2)
    for values in (times, generator.multinomial(count, np.full(count, 1 / count), rounds)):
        shares = np.bincount(values.ravel(), minlength=8)[:8] / values.size
        # A binomial number of 2,000 draws with a chance of 1 in 2,000: nearly Poisson of mean 1.
        expected = [0.3678, 0.3679, 0.1840, 0.0613, 0.0153, 0.0031, 0.0005, 0.0001]
        assert shares == pytest.approx(expected, abs=0.0015)
        # The sum is fixed, so two items are drawn independently but for -1 in 2,000.
        assert np.var(values[:, : count // 2].sum(axis=1)) == pytest.approx(count / 4, rel=0.25)
