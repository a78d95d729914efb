"""`isic dataset build` on the demo: one file, one command."""

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from isic_cli.cli.main import run
from isic_cli.services.build.gather import build_facts
from isic_cli.services.build.recipe import load_recipe
from isic_cli.services.build.state import BuildState
from tests.cli.conftest import Isic

RECIPE = """
recipe = 1
name = "lesions"

[source]
archive = "demo"
search = "image_type:dermoscopic"
license = "cc-by"

[reference.training]
archive = "demo"
collections = [3]

[[exclude]]
reason = "no diagnosis"
missing = ["diagnosis_1"]

[dedupe]

[labels]
scheme = "isic2019"

[split]
ratio = "60:20:20"

[[export]]
to = "imagefolder"
size = "64"

[[export]]
to = "csv"
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a build that is the data set: without its state and the pictures fetched."""
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not (name := path.relative_to(folder).as_posix()).startswith((".isic/", "pictures/", "references/"))
        and "/.isic/" not in name
    }  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, demo_cache: Path) -> Path:
    """A folder with the recipe and its build, made once."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "set.toml").write_text(RECIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("ISIC_CACHE_DIR", str(demo_cache))
        assert run(["dataset", "build", "set.toml", "--report", "first.jsonl"]) == 0
    return folder


@pytest.fixture
def work(built: Path, folder: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder as working folder."""
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    shutil.copytree(built, folder.parent, dirs_exist_ok=True)
    return folder.parent


def test_every_image_is_in_the_table_or_left_out_with_a_reason(built: Path) -> None:
    table, excluded = rows(built / "lesions/dataset.csv"), rows(built / "lesions/excluded.csv")
    lock = lines(built / "lesions/build.lock")
    listed = [row["isic_id"] for row in lock[1:] if "reference" not in row]
    assert sorted(row["isic_id"] for row in (*table, *excluded)) == listed
    assert Counter((row["stage"], row["reason"]) for row in excluded) == {
        ("exclude", "an image of training"): 5,
        ("exclude", "shares a patient with training"): 4,
        ("labels", "no label of isic2019"): 2,
    }
    assert {row["split"] for row in table} == {"train", "val", "test"}
    patients = {(row["patient_id"], row["split"]) for row in table if row["patient_id"]}
    assert len(patients) == len({patient for patient, _ in patients})


def test_the_exports_hold_the_images_of_the_table(built: Path) -> None:
    table = {row["isic_id"]: row for row in rows(built / "lesions/dataset.csv")}
    pictures = {path.stem: path for path in (built / "lesions/imagefolder").rglob("ISIC_*.jpg")}
    assert pictures.keys() == table.keys()
    for isic_id, path in pictures.items():
        assert (path.parent.parent.name, path.parent.name) == (
            table[isic_id]["split"],
            table[isic_id]["label"],
        )
    assert len(rows(built / "lesions/csv/data.csv")) == len(table)


def test_the_report_has_the_fate_of_every_image(built: Path) -> None:
    *items, last = lines(built / "first.jsonl")
    fates = Counter(one["status"] for one in items if "stage" in one)
    assert fates == {"ok": 25, "removed": 11}
    assert last["summary"]["exit_code"] == 0


def test_nothing_is_done_again_when_nothing_changed(isic: Isic, work: Path) -> None:
    before = {
        path: path.stat().st_mtime_ns
        for path in (work / "lesions").rglob("*")
        if path.name != "lock"
    }
    done = isic("dataset", "build", "set.toml", archive=None)
    assert (done.code, done.err.split(":")[0]) == (0, "As before")
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.slow
def test_the_facts_of_a_build_say_what_its_tables_hold(built: Path) -> None:
    file = load_recipe(built / "set.toml")
    facts = build_facts(file, BuildState.open(built / "lesions", "lesions"))
    images = list(facts.images)
    table = {row["isic_id"]: row for row in rows(built / "lesions/dataset.csv")}
    assert {one.isic_id: (one.label, one.split) for one in images if one.is_in} == {
        isic_id: (row["label"], row["split"]) for isic_id, row in table.items()
    }
    left_out = Counter((one.stage, one.reason) for one in images if not one.is_in)
    removals = {(one.stage, one.reason): one.images for one in facts.removals}
    assert removals == left_out | {("exclude", "no diagnosis"): 0}
    assert (facts.sources[0].archive, facts.sources[0].images) == ("demo", len(images))
    assert facts.references[0].source.collections == (("drawn nevi", None),)
    assert facts.dedupe is not None
    assert (facts.dedupe.groups, facts.dedupe.shared_groups, facts.dedupe.shared_images) == (0,) * 3
    assert facts.dedupe.pictures == sum(one.stage != "exclude" for one in images) + 6
    assert facts.split is not None
    assert facts.split.leaks == 0
    assert facts.labels is not None
    assert (facts.labels.scheme, facts.labels.version) == ("isic2019", "1")
