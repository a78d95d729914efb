"""Stages that few recipes have: several sources, tables of labels, duplicates kept together."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.conftest import Isic
from tests.cli.test_build_lock import make_archive
from tests.cli.test_dataset_build import lines, rows
from tests.support.drawn import jpeg

RECIPE = """
recipe = 1
name = "both"

[source.clinic]
archive = "clinic"
ids = "wanted.txt"

[source.hospital]
archive = "hospital"
search = "diagnosis_1:*"

[[exclude]]
reason = "a ruler in the picture"
ids = ["ISIC_0000008"]

[dedupe]
method = "bytes"
action = "group"

[labels]
table = "labels.csv"
unmapped = "keep"

[split]
ratio = "50:50"
stratify = ""
hold_out = ["attribution=Hospital"]
previous = "earlier.csv"

[[export]]
to = "imagefolder"
name = "classes"

[document]
paper = false
"""


@pytest.fixture
def work(folder: Path) -> Path:
    """Two archives: the second has the images of the first from the ninth on, and four more."""
    work = folder.parent
    shutil.rmtree(folder)
    make_archive(work / "clinic")
    make_archive(work / "hospital", 16)
    table = work / "hospital/metadata.csv"
    table.write_text(table.read_text().replace("Clinic", "Hospital"))
    for at in range(12):
        (work / "clinic" / f"ISIC_{at:07d}.png").unlink()
        (work / "clinic" / f"ISIC_{at:07d}.jpg").write_bytes(jpeg(at % 11 if at < 11 else 0))
    (work / "wanted.txt").write_text("".join(f"ISIC_{at:07d}\n" for at in range(12)))
    (work / "labels.csv").write_text(
        "isic_id,label\nISIC_0000000,a\nISIC_0000001,b\nISIC_0000012,a\n"
    )
    (work / "earlier.csv").write_text("isic_id,split\nISIC_0000004,test\n")
    (work / "set.toml").write_text(RECIPE)
    return work


def test_every_kind_of_stage_does_what_the_recipe_says(isic: Isic, work: Path) -> None:
    done = isic("dataset", "build", "set.toml", archive=None)
    assert done.code == 0, done.err
    table = {row["isic_id"]: row for row in rows(work / "both/dataset.csv")}
    sources = Counter(row["source"] for row in table.values())
    assert sources == {"clinic": 11, "hospital": 3}
    (left_out,) = rows(work / "both/excluded.csv")
    assert left_out == {
        "isic_id": "ISIC_0000008",
        "source": "clinic",
        "stage": "exclude",
        "reason": "a ruler in the picture",
    }
    assert Counter(row["label"] for row in table.values()) == {"a": 2, "b": 1, "unmapped": 11}
    assert {row["split"] for row in table.values() if row["source"] == "hospital"} == {"holdout"}
    assert table["ISIC_0000004"]["split"] == "test"
    # The pictures of these two are the same bytes, and their patients are not.
    assert table["ISIC_0000000"]["split"] == table["ISIC_0000011"]["split"]
    folders = Counter(path.parent.name for path in (work / "both/classes").rglob("ISIC_*"))
    assert folders == {"a": 2, "b": 1, "unmapped": 11}


def test_one_stage_is_built_and_no_more(isic: Isic, work: Path) -> None:
    done = isic("dataset", "build", "set.toml", "--stage", "labels", archive=None)
    assert (done.code, done.err.splitlines()[-1]) == (
        0,
        "labels       a 2, b 1, unmapped 11; 0 left out",
    )
    assert not (work / "both/dataset.csv").exists()
    plan = isic("dataset", "build", "set.toml", "--dry-run", archive=None).lines
    assert plan[5:7] == [
        "split                    not done yet",
        "lock                     not done yet",
    ]


def test_pictures_that_cannot_be_had_stop_a_build_and_are_told(isic: Isic, work: Path) -> None:
    (work / "clinic/ISIC_0000003.jpg").write_bytes(b"no picture")
    done = isic("dataset", "build", "set.toml", "--report", "r.jsonl", archive=None)
    assert done.code == 3
    assert "1 pictures could not be had: nothing was built of the others" in done.err
    *items, last = lines(work / "r.jsonl")
    assert [one["isic_id"] for one in items if one["status"] == "failed"] == ["ISIC_0000003"]
    assert last["summary"]["exit_code"] == 3
    assert not (work / "both/dataset.csv").exists()


def test_a_split_that_cannot_be_met_has_its_place_and_leaves_no_table(
    isic: Isic, work: Path
) -> None:
    recipe = RECIPE.replace('ratio = "50:50"', "folds = 40").replace("previous", "# previous")
    (work / "set.toml").write_text(recipe)
    done = isic("dataset", "build", "set.toml", archive=None)
    assert (done.code, "Error: set.toml:25:1: " in done.err, "40 splits" in done.err) == (
        2,
        True,
        True,
    )
    missed = RECIPE.replace('ratio = "50:50"', 'ratio = "51:49"\ntolerance = 0.1')
    (work / "set.toml").write_text(missed)
    done = isic("dataset", "build", "set.toml", archive=None)
    assert (done.code, "Error: set.toml:27:1: the split " in done.err) == (7, True)
    assert not (work / "both/dataset.csv").exists()
