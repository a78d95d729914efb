"""Splits: no leak, the asked shares, and an image that keeps its split."""

import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from isic_cli.curation.groups import Groups, build_groups
from isic_cli.curation.leaks import Leak, SplitCheck, check_split
from isic_cli.curation.shares import SplitShares, folds, parse_ratio
from isic_cli.curation.split import Clash, Split, split
from isic_cli.errors import UsageError

Rows = list[dict[str, Any]]
RATIO = parse_ratio("70:10:20")


def patients(start: int, stop: int) -> Rows:
    """Three images for each patient; every tenth patient has a melanoma among them."""
    return [
        {
            "isic_id": f"ISIC_{patient:05d}{image}",
            "patient_id": f"IP_{patient:05d}",
            "label": "MEL" if image == 0 and patient % 10 == 0 else "NV",
        }
        for patient in range(start, stop)
        for image in range(3)
    ]


def made(rows: Rows, splits: SplitShares = RATIO, **options: Any) -> Split:
    return split(rows, build_groups(rows), splits, **options)


def shares(found: Split, value: str) -> list[float]:
    counts = [found.strata[value][split] for split in found.splits]
    return [count / sum(counts) for count in counts]


def test_no_group_is_divided_and_all_images_have_a_side() -> None:
    rows = patients(0, 400)
    groups = build_groups(rows)
    found = split(rows, groups, RATIO, stratify="label")
    assert list(found.of) == [row["isic_id"] for row in rows]
    assert check_split(groups, found.of) == SplitCheck([], 0, [])


def test_every_stratum_has_its_share_on_every_side() -> None:
    found = made(patients(0, 400), stratify="label")
    assert shares(found, "NV") == pytest.approx([0.7, 0.1, 0.2], abs=0.02)
    assert shares(found, "MEL") == pytest.approx([0.7, 0.1, 0.2], abs=0.02)


def test_a_rare_stratum_reaches_every_side() -> None:
    rows = patients(0, 31)  # four melanomas
    for seed in range(20):
        found = made(rows, seed=seed, stratify="label")
        assert min(found.strata["MEL"].values()) >= 1


def test_a_stratum_smaller_than_the_splits_is_placed_all_the_same() -> None:
    found = made(patients(0, 11), folds(5), stratify="label")  # two melanomas
    assert sum(found.strata["MEL"].values()) == 2
    assert max(found.strata["MEL"].values()) == 1


def test_folds_are_equal_within_the_tolerance() -> None:
    found = made(patients(0, 400), folds(5), stratify="label")
    assert found.splits == ("fold1", "fold2", "fold3", "fold4", "fold5")
    assert [count / 1200 for count in found.images.values()] == pytest.approx([0.2] * 5, abs=0.02)


def test_the_same_seed_gives_the_same_split_in_any_order_and_another_seed_another() -> None:
    rows = patients(0, 200)
    assert made(rows, stratify="label").of == made(rows[::-1], stratify="label").of
    assert made(rows, seed=1).of != made(rows).of


def test_stable_and_without_strata_no_image_ever_moves_as_the_data_set_grows() -> None:
    small = made(patients(0, 50), stable=True)
    for stop in (60, 200, 900):
        grown = made(patients(0, stop), stable=True)
        assert {name: grown.of[name] for name in small.of} == small.of


def test_without_strata_a_new_image_of_a_known_patient_joins_its_side() -> None:
    rows = patients(0, 50)
    small = made(rows, stable=True)
    grown = made([{"isic_id": "ISIC_0", "patient_id": "IP_00007"}, *rows], stable=True)
    assert grown.of["ISIC_0"] == small.of["ISIC_000070"]


def test_with_the_previous_split_no_image_moves_and_the_strata_come_back_to_their_shares() -> None:
    small = made(patients(0, 100), stratify="label")
    rows = patients(0, 1000)
    grown = made(rows, stratify="label", previous=small.of)
    assert {name: grown.of[name] for name in small.of} == small.of
    assert (grown.kept, grown.clashes) == (300, [])
    assert shares(grown, "NV") == pytest.approx([0.7, 0.1, 0.2], abs=0.02)
    assert shares(grown, "MEL") == pytest.approx([0.7, 0.1, 0.2], abs=0.02)


def test_a_lopsided_previous_split_is_kept_and_new_groups_make_up_for_it() -> None:
    rows = patients(0, 300)
    previous = {row["isic_id"]: "test" for row in rows[:30]}
    found = made(rows, stratify="label", previous=previous)
    assert {found.of[name] for name in previous} == {"test"}
    assert shares(found, "NV") == pytest.approx([0.7, 0.1, 0.2], abs=0.02)


def test_strata_move_few_groups_even_without_the_previous_split() -> None:
    small = made(patients(0, 1000), stratify="label", stable=True)
    grown = made(patients(0, 1100), stratify="label", stable=True)
    moved = sum(grown.of[name] != split for name, split in small.of.items())
    assert moved <= 0.03 * len(small.of)
    assert 0 < small.corrected < 50


def test_groups_that_merge_across_splits_go_to_the_split_with_more_images_and_are_named() -> None:
    rows = [
        {"isic_id": "ISIC_1", "patient_id": "IP_1"},
        {"isic_id": "ISIC_2", "patient_id": "IP_1"},
        {"isic_id": "ISIC_3", "patient_id": "IP_2"},
        {"isic_id": "ISIC_4", "patient_id": "IP_3"},
        {"isic_id": "ISIC_5", "patient_id": "IP_4"},
    ]
    previous = {
        "ISIC_1": "train",
        "ISIC_2": "train",
        "ISIC_3": "test",
        "ISIC_4": "val",
        "ISIC_5": "train",
        "ISIC_9": "test",
    }
    groups = build_groups(rows, pairs=[("ISIC_2", "ISIC_3")])
    found = split(rows, groups, RATIO, previous=previous)
    assert found.of == {
        "ISIC_1": "train",
        "ISIC_2": "train",
        "ISIC_3": "train",
        "ISIC_4": "val",
        "ISIC_5": "train",
    }
    assert found == Split(
        splits=("train", "val", "test"),
        of=found.of,
        groups={"train": 2, "val": 1, "test": 0},
        strata={"": {"train": 4, "val": 1, "test": 0}},
        kept=4,
        corrected=0,
        clashes=[Clash("patient_id:IP_1", "train", ("ISIC_3",), "merged")],
    )
    assert found.empty == ("test",)


def test_a_hold_out_takes_whole_groups_and_says_whom_it_took_from_a_side() -> None:
    rows = patients(0, 40)
    rows[4]["attribution"] = "Clinic X"
    rows[31]["attribution"] = "Clinic X"
    before = made(patients(0, 40))
    previous = {name: before.of[name] for name in list(before.of)[:6]}
    found = made(rows, hold_out=[("attribution", "Clinic X")], previous=previous)
    held = [name for name, split in found.of.items() if split == "holdout"]
    assert held == [row["isic_id"] for row in (*rows[3:6], *rows[30:33])]
    assert found.splits == ("train", "val", "test", "holdout")
    moved = tuple(row["isic_id"] for row in rows[3:6])
    assert found.clashes == [Clash("patient_id:IP_00001", "holdout", moved, "held out")]
    again = made(rows, hold_out=[("attribution", "Clinic X")], previous=found.of, stratify="label")
    assert (again.of, again.clashes, again.kept) == (found.of, [], 120)


def test_only_images_that_had_a_side_are_moved_by_a_hold_out() -> None:
    rows = patients(0, 40)
    rows[3]["site"] = "x"
    previous = {"ISIC_000010": "train", "ISIC_000011": "holdout"}  # ISIC_000012 is new

    found = made(rows, hold_out=[("site", "x")], previous=previous)

    assert found.clashes == [Clash("patient_id:IP_00001", "holdout", ("ISIC_000010",), "held out")]
    assert made(rows, hold_out=[("site", "x")], previous=found.of).clashes == []


def test_a_merge_that_is_held_out_is_reported_once() -> None:
    rows: Rows = [{"isic_id": f"ISIC_{at}", "site": str(at)} for at in range(6)]
    groups = build_groups(rows, pairs=[("ISIC_0", "ISIC_1")])
    found = split(
        rows,
        groups,
        parse_ratio("80:20"),
        hold_out=[("site", "0")],
        previous={"ISIC_0": "train", "ISIC_1": "test"},
    )
    clash = Clash("isic_id:ISIC_0", "holdout", ("ISIC_0", "ISIC_1"), "held out")
    assert found.clashes == [clash]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("70:10:10", "the ratio '70:10:10' adds up to 90, not to 100"),
        ("70:30:0", "the ratio '70:30:0' has a split without a share"),
        ("110:-10", "the ratio '110:-10' has a split without a share"),
        ("nan:50", "the ratio 'nan:50' has a split without a share"),
        ("70:x", "the ratio '70:x' is not made of numbers"),
        ("100", "the ratio '100' has 1 parts"),
        ("25:25:25:25", "the ratio '25:25:25:25' has 4 parts"),
    ],
)
def test_a_ratio_that_does_not_add_up_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_ratio(text)
    assert caught.value.message == message


def test_ratios_are_percentages_or_fractions() -> None:
    assert parse_ratio("70:10:20") == SplitShares(("train", "val", "test"), (0.7, 0.1, 0.2))
    assert parse_ratio("0.8:0.2") == SplitShares(("train", "test"), (0.8, 0.2))
    assert parse_ratio("33.3:33.3:33.4").names == ("train", "val", "test")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stratify": "site"}, "no row has the field site"),
        ({"hold_out": [("site", "x")]}, "no row has the field site"),
        ({"hold_out": [("label", "x")]}, "no image has label=x to hold out"),
        (
            {"previous": {"ISIC_000000": "dev"}},
            "the previous split has dev, and this one has train, val, test",
        ),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        made(patients(0, 10), **options)
    assert caught.value.message == message


def test_fewer_groups_than_folds_are_refused() -> None:
    with pytest.raises(UsageError, match="4 groups cannot fill 5 splits"):
        made(patients(0, 4), folds(5))
    with pytest.raises(UsageError, match="1 folds cannot be made"):
        folds(1)
    with pytest.raises(UsageError, match="0 groups cannot fill 3 splits"):
        made([])


def test_a_check_names_the_leaking_groups_with_their_images() -> None:
    rows = patients(0, 3)
    splits = {row["isic_id"]: "train" for row in rows[:7]}
    splits |= {"ISIC_000011": "test", "ISIC_000020": ""}
    found = check_split(build_groups(rows), splits)
    leak = Leak(
        "patient_id:IP_00001", {"test": ("ISIC_000011",), "train": ("ISIC_000010", "ISIC_000012")}
    )
    assert found == SplitCheck([leak], 3, ["ISIC_000020", "ISIC_000021", "ISIC_000022"])
    assert str(leak) == (
        "patient_id:IP_00001 is in test (ISIC_000011) and train (ISIC_000010, ISIC_000012)"
    )


@pytest.mark.slow
def test_random_data_sets_never_leak_whatever_is_asked() -> None:
    random = np.random.default_rng(11)
    for case in range(40):
        rows = _random_rows(random, int(random.integers(30, 120)))
        groups = build_groups(rows)
        splits = RATIO if case % 2 else folds(3)
        if len(groups.identities) < 3:
            continue
        first = split(rows[:20], build_groups(rows[:20]), splits, stratify="label")
        found = split(rows, groups, splits, stratify="label", previous=first.of, seed=case)
        assert check_split(groups, found.of).leaks == []
        moved = {name for clash in found.clashes for name in clash.moved}
        assert {name for name, split in first.of.items() if found.of[name] != split} == moved
        assert _total(found) == len(rows)


def _random_rows(random: np.random.Generator, count: int) -> Rows:
    return [
        {
            "isic_id": f"ISIC_{at}",
            "patient_id": f"IP_{random.integers(0, 60)}" if random.random() < 0.5 else None,
            "lesion_id": f"IL_{random.integers(0, 90)}" if random.random() < 0.7 else None,
            "label": str(random.choice(["NV", "NV", "MEL", "DF"])),
        }
        for at in range(count)
    ]


def _total(found: Split) -> int:
    return sum(sum(counts.values()) for counts in found.strata.values())


def test_an_image_takes_few_bytes_beside_its_row() -> None:
    rows = [
        row | {"isic_id": f"ISIC_{at:07d}", "lesion_id": f"IL_{at:07d}"}
        for at, row in enumerate(patients(0, 2_000))
    ]
    tracemalloc.start()
    found = made(rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(found.images.values()) == 6_000
    assert peak < 6_000 * 130


def test_the_splits_of_images_are_told_in_order_and_by_id_and_once_for_an_image() -> None:
    rows = [
        {"isic_id": "ISIC_0000002", "picture": "a"},
        {"isic_id": "ISIC_0000001"},
        {"isic_id": "ISIC_0000002", "picture": "b"},
    ]
    found = made(rows, parse_ratio("50:50")).of
    assert [*found] == ["ISIC_0000002", "ISIC_0000001"]
    assert len(found) == 2
    assert [*found.of_rows()] == [found[row["isic_id"]] for row in rows]
    assert dict(found.items()) == {name: found[name] for name in found}
    assert "ISIC_0000003" not in found


def test_groups_and_rows_stay_in_step() -> None:
    rows = patients(0, 5)
    groups: Groups = build_groups(rows)
    members: Sequence[str] = groups.members(2)
    assert members == ["ISIC_000020", "ISIC_000021", "ISIC_000022"]
