from collections import Counter
from math import inf, sqrt

import pytest

from isic_cli.curation.difference import difference_of_means, difference_of_shares, moments


def test_means_are_apart_by_their_common_deviation() -> None:
    assert moments({40: 1, 60: 1}) == (50, sqrt(200))
    # Means 50 and 60, variances 200 and 50: 10 over the root of 125.
    assert difference_of_means({40: 1, 60: 1}, {55: 1, 65: 1}) == pytest.approx(10 / sqrt(125))
    assert difference_of_means({50: 3}, {50: 9}) == 0
    assert difference_of_means({50: 3}, {60: 3}) == inf
    assert difference_of_means({}, {60: 3}) is None


def test_shares_of_two_values_are_apart_as_proportions_are() -> None:
    # 0.5 and 0.2: 0.3 over the root of (0.25 + 0.16) / 2.
    found = difference_of_shares(Counter(a=5, b=5), Counter(a=2, b=8))
    assert found == pytest.approx(0.3 / sqrt(0.205))
    assert found == difference_of_shares(Counter(b=8, a=2), Counter(b=5, a=5))
    assert difference_of_shares(Counter(a=5), Counter(a=1)) == 0
    assert difference_of_shares(Counter(a=5), Counter(b=1)) == inf
    assert difference_of_shares(Counter(), Counter(b=1)) is None


def test_which_value_is_left_out_does_not_matter() -> None:
    one, other = Counter(a=3, b=5, c=2), Counter(a=1, b=4, c=5)
    turned = {"a": "z", "b": "x", "c": "y"}
    renamed = [Counter({turned[k]: n for k, n in of.items()}) for of in (one, other)]
    assert difference_of_shares(one, other) == pytest.approx(difference_of_shares(*renamed))
