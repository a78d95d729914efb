"""A reproducible sample, and the stable parts of the archive."""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from isic_cli.curation.sample import Sample, SamplePlan, sample
from isic_cli.curation.shard import Shard, parse_shard
from isic_cli.errors import UsageError

Row = Mapping[str, Any]


def rows(count: int) -> list[Row]:
    """Two images for each lesion, four for each patient; 1 melanoma in 8, the last ones unlabelled."""
    return [
        {
            "isic_id": f"ISIC_{at:07d}",
            "lesion_id": f"IL_{at // 2}",
            "patient_id": f"IP_{at // 4}",
            "label": "MEL" if at % 8 == 0 else "NV",
        }
        for at in range(count)
    ]


def drawn(items: list[Row], plan: SamplePlan) -> Sample[Row]:
    return sample(items, plan, row_of=lambda row: row)


def ids(found: Sample[Row]) -> list[str]:
    return [row["isic_id"] for row in found.items]


def test_a_sample_has_its_size_and_keeps_the_order_of_the_listing() -> None:
    found = drawn(rows(200), SamplePlan(20))
    assert len(set(ids(found))) == 20
    assert ids(found) == sorted(ids(found))
    assert (found.counts, found.without_value) == ({"": 20}, 0)


def test_a_sample_does_not_depend_on_the_order_and_does_on_the_seed() -> None:
    items = rows(300)
    plan = SamplePlan(30, by="label", one_per="patient", seed=4)
    shuffled = random.Random(1).sample(items, len(items))
    assert sorted(ids(drawn(shuffled, plan))) == ids(drawn(items, plan))
    assert ids(drawn(items, SamplePlan(30, seed=5))) != ids(drawn(items, SamplePlan(30, seed=4)))


def test_an_added_image_only_takes_the_place_of_another() -> None:
    small, grown = drawn(rows(400), SamplePlan(50)), drawn(rows(440), SamplePlan(50))
    stayed = set(ids(small)) & set(ids(grown))
    assert len(stayed) == 50 - sum(name >= "ISIC_0000400" for name in ids(grown))
    assert len(stayed) >= 40


def test_a_sample_is_balanced_over_the_values() -> None:
    found = drawn(rows(800), SamplePlan(41, by="label"))
    assert found.counts == {"MEL": 21, "NV": 20}


def test_a_value_that_has_too_few_leaves_its_share_to_the_others() -> None:
    found = drawn(rows(80), SamplePlan(50, by="label"))
    assert found.counts == {"MEL": 10, "NV": 40}


def test_a_sample_larger_than_the_selection_is_the_selection() -> None:
    assert ids(drawn(rows(7), SamplePlan(50))) == [row["isic_id"] for row in rows(7)]
    assert drawn([], SamplePlan(3)) == Sample([], {}, 0)


def test_images_without_a_value_are_counted_and_passed_over() -> None:
    items = [*rows(16), {"isic_id": "ISIC_9", "label": None}, {"isic_id": "ISIC_8"}]
    found = drawn(items, SamplePlan(18, by="label"))
    assert (found.counts, found.without_value) == ({"MEL": 2, "NV": 14}, 2)
    with pytest.raises(UsageError, match="no image has a value of site to balance over"):
        drawn(rows(3), SamplePlan(2, by="site"))


@pytest.mark.parametrize("field", ["lesion", "patient"])
def test_at_most_one_image_of_each_lesion_or_patient(field: str) -> None:
    found = drawn(rows(400), SamplePlan(60, by="label", one_per=field))
    units = Counter(row[f"{field}_id"] for row in found.items)
    assert (len(found.items), set(units.values())) == (60, {1})
    assert found.counts == {"MEL": 30, "NV": 30}


def test_an_image_without_the_id_stands_alone() -> None:
    items: list[Row] = [{"isic_id": f"ISIC_{at}", "lesion_id": None} for at in range(5)]
    assert len(drawn(items, SamplePlan(5, one_per="lesion")).items) == 5


def test_a_value_whose_units_are_all_used_up_ends_its_turns() -> None:
    items: list[Row] = [
        {"isic_id": "ISIC_1", "patient_id": "IP_1", "label": "A"},
        {"isic_id": "ISIC_2", "patient_id": "IP_1", "label": "B"},
        {"isic_id": "ISIC_3", "patient_id": "IP_2", "label": "B"},
    ]
    found = drawn(items, SamplePlan(3, by="label", one_per="patient"))
    assert (ids(found), found.counts) == (["ISIC_1", "ISIC_3"], {"A": 1, "B": 1})


@pytest.mark.parametrize(
    ("size", "one_per", "message"),
    [(0, None, "a sample of 0 images is none"), (3, "clinic", "one per clinic is unknown")],
)
def test_a_sample_that_cannot_be_is_refused(size: int, one_per: str | None, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        SamplePlan(size, one_per=one_per)
    assert caught.value.message == message


def test_shards_part_the_archive_and_no_image_ever_changes_its_part() -> None:
    names = [f"ISIC_{at:07d}" for at in range(3000)]
    parts = [[name for name in names if Shard(number, 7).holds(name)] for number in range(1, 8)]
    assert sorted(name for part in parts for name in part) == names
    assert min(map(len, parts)) > 340
    assert [name for name in names[:20] if Shard(6, 7).holds(name)] == FOREVER


#: What the sixth of seven parts holds of the first twenty ids.
FOREVER = ["ISIC_0000000", "ISIC_0000006"]


@pytest.mark.parametrize(
    ("text", "environment", "shard"),
    [
        ("3/10", {}, Shard(3, 10)),
        (" 1 / 1 ", {}, Shard(1, 1)),
        ("auto", {"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "4"}, Shard(1, 4)),
        (
            "auto",
            {
                "SLURM_ARRAY_TASK_ID": "7",
                "SLURM_ARRAY_TASK_MIN": "1",
                "SLURM_ARRAY_TASK_STEP": "3",
                "SLURM_ARRAY_TASK_COUNT": "4",
            },
            Shard(3, 4),
        ),
        ("auto", {"JOB_COMPLETION_INDEX": "4", "JOB_COMPLETIONS": "5"}, Shard(5, 5)),
        ("auto", {"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETION_COUNT": "5"}, Shard(1, 5)),
        (
            "auto",
            {
                "SGE_TASK_ID": "7",
                "SGE_TASK_FIRST": "3",
                "SGE_TASK_LAST": "9",
                "SGE_TASK_STEPSIZE": "2",
            },
            Shard(3, 4),
        ),
        ("auto", {"LSB_JOBINDEX": "2", "LSB_JOBINDEX_END": "3"}, Shard(2, 3)),
        (
            "auto",
            {"LSB_JOBINDEX": "5", "LSB_JOBINDEX_END": "10", "LSB_JOBINDEX_STEP": "2"},
            Shard(3, 5),
        ),
        ("auto", {"PBS_ARRAY_INDEX": "4", "ISIC_SHARD_COUNT": "10"}, Shard(4, 10)),
        ("auto", {"PBS_ARRAYID": "1", "ISIC_SHARD_COUNT": "2"}, Shard(1, 2)),
        (
            "auto",
            {"AWS_BATCH_JOB_ARRAY_INDEX": "0", "AWS_BATCH_JOB_ARRAY_SIZE": "3"},
            Shard(1, 3),
        ),
        (
            "auto",
            {
                "SGE_TASK_ID": "undefined",
                "LSB_JOBINDEX": "0",
                "AWS_BATCH_JOB_ARRAY_INDEX": "1",
                "AWS_BATCH_JOB_ARRAY_SIZE": "3",
            },
            Shard(2, 3),
        ),
    ],
)
def test_a_shard_is_read(text: str, environment: dict[str, str], shard: Shard) -> None:
    assert parse_shard(text, environment) == shard


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        ("0/3", {}, "the shard '0/3' is part 0 of 3"),
        ("4/3", {}, "the shard '4/3' is part 4 of 3"),
        ("1/0", {}, "the shard '1/0' is part 1 of 0"),
        ("3", {}, "the shard '3' is not I/N"),
        ("-1/3", {}, "the shard '-1/3' is not I/N"),
        ("auto", {}, "--shard auto outside of an array job"),
        ("auto", {"SLURM_ARRAY_TASK_ID": "1"}, "--shard auto needs SLURM_ARRAY_TASK_COUNT"),
        ("auto", {"JOB_COMPLETION_INDEX": "1"}, "--shard auto needs JOB_COMPLETIONS"),
        ("auto", {"PBS_ARRAY_INDEX": "1"}, "--shard auto needs ISIC_SHARD_COUNT"),
        ("auto", {"SGE_TASK_ID": "undefined"}, "--shard auto outside of an array job"),
        ("auto", {"LSB_JOBINDEX": "0"}, "--shard auto outside of an array job"),
        (
            "auto",
            {"PBS_ARRAY_INDEX": "0", "ISIC_SHARD_COUNT": "2"},
            "PBS_ARRAY_INDEX=0 is part 0 of 2",
        ),
        (
            "auto",
            {"SLURM_ARRAY_TASK_ID": "x", "SLURM_ARRAY_TASK_COUNT": "4"},
            "SLURM_ARRAY_TASK_ID='x' is not a number",
        ),
        (
            "auto",
            {"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_COUNT": "4"},
            "SLURM_ARRAY_TASK_ID=4 is part 5 of 4",
        ),
        (
            "auto",
            {
                "SLURM_ARRAY_TASK_ID": "4",
                "SLURM_ARRAY_TASK_COUNT": "4",
                "SLURM_ARRAY_TASK_STEP": "3",
            },
            "SLURM_ARRAY_TASK_ID=4 is not on the steps of its array",
        ),
        (
            "auto",
            {
                "SLURM_ARRAY_TASK_ID": "4",
                "SLURM_ARRAY_TASK_COUNT": "4",
                "SLURM_ARRAY_TASK_STEP": "0",
            },
            "SLURM_ARRAY_TASK_ID=4 is not on the steps of its array",
        ),
        (
            "auto",
            {"JOB_COMPLETION_INDEX": "5", "JOB_COMPLETIONS": "5"},
            "JOB_COMPLETION_INDEX=5 is part 6 of 5",
        ),
    ],
)
def test_nonsense_is_refused(text: str, environment: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_shard(text, environment)
    assert caught.value.message == message
