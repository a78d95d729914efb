"""Table 1 and the flow against counts of pandas, and differences against the package tableone."""

import csv
import io
import re
import warnings
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import pytest

from isic_cli.curation.difference import difference_of_means
from isic_cli.services.paper.blocks import to_markdown
from isic_cli.services.paper.counts import BuildCounts, count_build
from isic_cli.services.paper.flow import flow_blocks, flow_steps
from isic_cli.services.paper.table_one import table_csv, table_one
from tests.services.paper.made import IMAGES, RULE, made_facts
from tests.services.paper.pandas_counts import FIELDS, columns, expected


@pytest.fixture(scope="module")
def counts() -> BuildCounts:
    return count_build(made_facts())


@pytest.fixture(scope="module")
def frame() -> Any:
    pandas = pytest.importorskip("pandas")
    rows = [{**one.metadata, "label": one.label, "split": one.split, "stage": one.stage,
             "reason": one.reason} for one in IMAGES]  # fmt: skip
    return pandas.DataFrame(rows)


def test_every_number_of_table_1_is_what_pandas_counts(counts: BuildCounts, frame: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv(counts))))
    groups = dict(
        columns(frame[frame.stage == ""], ("train", "val", "test"), ("MEL_x", "NV", "BCC"))
    )
    assert [*rows[0]][:2] == ["variable", "value"]
    assert [*rows[0]][2:-2] == [*groups]
    for row in rows:
        for name, of in groups.items():
            want = expected(of, row["variable"], row["value"])
            assert row[name] == want, (row["variable"], row["value"], name)
    assert {row["variable"] for row in rows} == {"Images", "Lesions", "Patients", "Age", *FIELDS}
    # Each value of each variable has its line.
    for variable, field in FIELDS.items():
        values = {row["value"] for row in rows if row["variable"] == variable}
        assert values - {"not given", "BCC"} == set(frame[frame.stage == ""][field].dropna())


def test_all_formats_of_table_1_say_the_same(counts: BuildCounts) -> None:
    rows = list(csv.reader(io.StringIO(table_csv(counts))))
    by_split, by_class, _ = to_markdown(table_one(counts)).split("Characteristics by ")
    cells = [line.strip("| ").split(" | ") for line in by_split.splitlines() if "| " in line]
    found = {line[0].replace("\\", ""): line[1:] for line in cells[2:]}
    for variable, value, *numbers in rows[1:]:
        line = found[f"{variable}: {value}" if value else variable]
        smd = [numbers[-2]] if numbers[-2] else []
        shown = [cell.replace("\\", "") for cell in line if cell.strip(" |")]
        assert shown == [*numbers[:4], *smd], (variable, value)
    assert "| MEL\\_x | NV | SMD |" in by_class


@pytest.mark.slow  # imports statsmodels
def test_differences_are_those_of_tableone(counts: BuildCounts, frame: Any) -> None:
    tableone = pytest.importorskip("tableone")
    kinds = ["sex", "anatom_site_1", "fitzpatrick_skin_type", "attribution", "label"]
    there = frame[frame.stage == ""].reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = tableone.TableOne(
            there, columns=["age_approx", *kinds], categorical=kinds, groupby="split", smd=True,
            include_null=False,
        ).tableone  # fmt: skip
    table.columns = [name for _, name in table.columns]
    theirs: dict[str, float] = {}
    for (name, _), row in table.iterrows():
        found = [row[column] for column in table.columns if str(column).startswith("SMD")]
        if all(str(one).strip() for one in found):
            theirs[name.partition(",")[0]] = max(abs(float(one)) for one in found)
    assert len(theirs) == 6
    ours = {
        row["variable"]: row["SMD of splits"]
        for row in csv.DictReader(io.StringIO(table_csv(counts)))
        if row["SMD of splits"]
    }
    for variable, field in {"Age": "age_approx", **FIELDS}.items():
        if field in theirs:
            assert float(ours[variable]) == pytest.approx(theirs[field], abs=0.001), variable


def test_the_flow_adds_up_and_is_what_pandas_counts(counts: BuildCounts, frame: Any) -> None:
    steps = flow_steps(made_facts(), counts)
    assert [step.images for step in steps] == [312, 300, 270, 240]
    assert [step.lost for step in steps] == [12, 30, 30, 0]
    for step, after in pairwise(steps):
        assert step.images - step.lost == after.images
    assert steps[1].reasons == ((RULE, 15), ("smaller than 450 px", 15))
    left = frame
    for step, stage in zip(steps[1:], ("exclude", "dedupe", ""), strict=True):
        assert step.left is not None
        assert (step.left.images, step.left.lesions, step.left.patients) == (
            len(left), left.lesion_id.nunique(), left.patient_id.nunique(),
        )  # fmt: skip
        left = left[left.stage != stage]
    text = to_markdown(flow_blocks(made_facts(), counts))
    there = frame[frame.stage == ""]
    for name, of in there.groupby("split"):
        numbers = (len(of), of.lesion_id.nunique(), of.patient_id.nunique())
        assert f"| {name} | {' | '.join(map(str, numbers))} |" in text


def test_many_values_are_counted_together() -> None:
    images = [
        replace(
            one,
            label="",
            split="",
            metadata={**one.metadata, "anatom_site_1": f"Site {number % 20:02}"},
        )
        for number, one in enumerate(one for one in IMAGES if one.is_in)
    ]
    found = table_csv(count_build(made_facts(images=images, split=None, labels=None)))
    sites = [line for line in found.splitlines() if line.startswith("Anatomic site")]
    assert len(sites) == 12
    assert sites[-1] == "Anatomic site,9 others,108 (45.0)"
    assert re.match(r"variable,value,All\n", found)


def test_every_pair_of_splits_is_compared(counts: BuildCounts) -> None:
    pairs = combinations(counts.splits.values(), 2)
    found = [difference_of_means(one.ages, other.ages) or 0 for one, other in pairs]
    assert len(found) == 3
    assert f",{max(found):.3f}," in table_csv(counts)
