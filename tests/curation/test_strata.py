"""Strata: the rarest value of a group, and cuts that move no further than they must."""

import numpy as np
import pytest

from isic_cli.curation.groups import build_groups
from isic_cli.curation.strata import coded, place_by_stratum, strata_of


def placed(at: list[float], shares: list[float], *, strata: str = "") -> list[int]:
    """The splits of groups of one image each, by their hashes."""
    split = np.zeros(len(at), np.int64)
    ones = np.ones(len(at), np.int64)
    free = np.arange(len(at))
    place_by_stratum(split, free, np.array(at), ones, strata or "s" * len(at), shares)
    return split.tolist()


def test_a_group_counts_for_its_value_that_is_rarest_in_the_table() -> None:
    rows = [{"isic_id": f"ISIC_{at}", "patient_id": f"IP_{at // 2}"} for at in range(6)]
    groups = build_groups(rows)

    values = coded(["NV", "MEL", "NV", "NV", "NV", "BCC"])

    assert strata_of(groups, *values) == ["MEL", "NV", "BCC"]


def test_of_equally_rare_values_the_first_by_name_counts() -> None:
    rows = [{"isic_id": f"ISIC_{at}", "patient_id": f"IP_{at // 2}"} for at in range(4)]

    assert strata_of(build_groups(rows), *coded(["b", "a", "a", "b"])) == ["a", "a"]


@pytest.mark.parametrize(("nominal", "cut"), [(40, 49), (48, 49), (49, 49), (50, 50), (51, 51), (52, 51), (60, 51)])  # fmt: skip
def test_a_cut_moves_only_as_far_as_one_percent_of_the_stratum(nominal: int, cut: int) -> None:
    # So many of a hundred hashes lie below one half.
    at = [*np.linspace(0, 0.49, nominal), *np.linspace(0.51, 1, 100 - nominal)]

    assert placed(at, [0.5, 0.5]) == [0] * cut + [1] * (100 - cut)


def test_each_stratum_is_cut_by_itself() -> None:
    at = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]

    assert placed(at, [0.5, 0.5], strata="aaaabbbb") == [0, 0, 1, 1, 0, 0, 1, 1]


@pytest.mark.parametrize("at", [[0.1, 0.2, 0.3], [0.7, 0.8, 0.9]])
def test_every_side_gets_a_group_where_there_are_enough(at: list[float]) -> None:
    assert placed(at, [0.8, 0.1, 0.1]) == [0, 1, 2]


def test_no_side_is_left_out_between_two_cuts_at_one_place() -> None:
    # The nominal cuts both lie behind the first group; each split still gets one.
    assert placed([0.05, 0.9, 0.95], [0.2, 0.2, 0.6]) == [0, 1, 2]


def test_what_is_fixed_counts_for_its_side() -> None:
    split = np.array([0, 0, 2, 0, 0])  # two groups on the first split, one held out
    free, ones = np.array([3, 4]), np.ones(5, np.int64)

    place_by_stratum(split, free, np.array([0.1, 0.2, 0.3, 0.4, 0.5]), ones, "sssss", [0.5, 0.5])

    assert split.tolist() == [0, 0, 2, 1, 1]
