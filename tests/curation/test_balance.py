"""Balanced splits: on the shape of 2020, and against StratifiedGroupKFold of scikit-learn."""

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest

from isic_cli.curation.groups import build_groups
from isic_cli.curation.leaks import check_split
from isic_cli.curation.shares import folds, parse_ratio
from isic_cli.curation.split import split

Rows = list[dict[str, Any]]


def shape_of_2020() -> Rows:
    """33,126 images of 2,056 patients with 2 to 115 each; 584 melanomas of 428 patients."""
    random = np.random.default_rng(2020)
    size = np.clip(random.lognormal(2.4, 0.85, 2056), 2, 115)
    size = np.clip(np.round(size * 33126 / size.sum()), 2, 115).astype(int)
    while size.sum() != 33126:
        patient, step = random.integers(2056), int(np.sign(33126 - size.sum()))
        size[patient] = np.clip(size[patient] + step, 2, 115)
    ill = random.choice(2056, 428, replace=False).tolist()
    found = Counter(ill)
    while found.total() < 584:
        patient = ill[random.integers(428)]
        found[patient] += int(found[patient] < size[patient] - 1)
    return [
        {
            "isic_id": f"ISIC_{patient:04d}{image:03d}",
            "patient_id": f"IP_{patient:07d}",
            "target": "1" if image < found[patient] else "0",
        }
        for patient in range(2056)
        for image in range(size[patient])
    ]


@pytest.mark.slow
def test_five_folds_of_2020_have_their_share_of_the_melanomas_and_of_the_images() -> None:
    rows = shape_of_2020()
    groups = build_groups(rows)
    assert (len(rows), len(groups.identities)) == (33126, 2056)
    for seed in range(10):
        found = split(rows, groups, folds(5), seed=seed, stratify="target")
        assert [abs(count - 116.8) < 1 for count in found.strata["1"].values()] == [True] * 5
        assert [round(100 * count / 33126, 1) for count in found.images.values()] == [20.0] * 5


def test_a_ratio_is_met_within_one_percent_with_strata_and_without() -> None:
    random = np.random.default_rng(5)
    rows = [
        {
            "isic_id": f"ISIC_{at:07d}",
            "patient_id": f"IP_{random.integers(300)}",
            "sex": str(random.choice(["male", "female", ""], p=[0.5, 0.4, 0.1])),
        }
        for at in range(3000)
    ]
    for stratify in ("sex", None):
        found = split(rows, build_groups(rows), parse_ratio("70:10:20"), stratify=stratify)
        for counts in found.strata.values():
            shares = [count / sum(counts.values()) for count in counts.values()]
            assert shares == pytest.approx([0.7, 0.1, 0.2], abs=0.01)


def test_one_large_group_leaves_the_other_splits_to_the_rest() -> None:
    rows = [
        {"isic_id": f"ISIC_{at}", "patient_id": "IP_1" if at < 90 else None} for at in range(92)
    ]
    found = split(rows, build_groups(rows), parse_ratio("70:10:20"))
    assert found.images == {"train": 90, "val": 1, "test": 1}


def spread(values: Any, side: Any, count: int) -> float:
    """The mean over the classes of the standard deviation of their shares."""
    found = []
    for value in np.unique(values):
        counts = np.bincount(side[values == value], minlength=count)
        found.append((counts / counts.sum()).std())
    return float(np.mean(found))


@pytest.mark.slow
def test_folds_are_as_balanced_as_those_of_scikit_learn_on_200_tables() -> None:
    reference = pytest.importorskip("sklearn.model_selection")
    ours, theirs = [], []
    for case in range(200):
        random = np.random.default_rng(case)
        count, patients = int(random.integers(150, 600)), int(random.integers(25, 120))
        number = int(random.integers(2, 6))
        patient = random.integers(0, patients, count)
        values = random.choice(["NV", "MEL", "BCC"], count, p=[0.8, 0.15, 0.05])
        rows = [
            {"isic_id": f"ISIC_{at}", "patient_id": str(patient[at]), "label": values[at]}
            for at in range(count)
        ]
        groups = build_groups(rows)
        found = split(rows, groups, folds(number), stratify="label", seed=case)
        assert check_split(groups, found.of).leaks == []
        side = np.array([found.splits.index(one) for one in found.of.values()])
        ours.append(spread(values, side, number))
        peer = reference.StratifiedGroupKFold(number, shuffle=True, random_state=case)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of classes with few groups
            for fold, (_, rest) in enumerate(peer.split(values, values, patient)):
                side[rest] = fold
        theirs.append(spread(values, side, number))
    better = np.array(ours) <= np.array(theirs) + 1e-9
    assert better.sum() >= 180
    assert np.mean(ours) < 0.8 * np.mean(theirs)
    assert (np.array(ours) - np.array(theirs)).max() < 0.005
