"""`build.lock`: the same data set again, what an archive changed, and what is refused."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from isic_cli.services.build.graph import recipe_digest
from isic_cli.services.build.recipe import load_recipe
from tests.cli.conftest import Isic
from tests.cli.test_dataset_build import contents, lines, rows

RECIPE = """
recipe = 1
name = "lesions"
[source]
archive = "archive"
[[exclude]]
missing = ["diagnosis_1"]
[labels]
column = "diagnosis_1"
[split]
folds = 2
[export]
to = "csv"
[document]
paper = false
"""

NEVUS = "ISIC_0000003"


def make_archive(folder: Path, count: int = 12) -> None:
    """An archive of drawn pictures: two of each lesion, one without a diagnosis."""
    folder.mkdir()
    names = [
        "isic_id",
        "attribution",
        "copyright_license",
        "diagnosis_1",
        "lesion_id",
        "patient_id",
    ]
    with (folder / "metadata.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        for at in range(count):
            Image.new("RGB", (64, 48), (20 * at, 255 - 20 * at, 99)).save(
                folder / f"ISIC_{at:07d}.png"
            )
            diagnosis = "" if at == count - 1 else ("Malignant" if at % 4 == 0 else "Benign")
            writer.writerow(
                [
                    f"ISIC_{at:07d}",
                    "Clinic",
                    "CC-BY",
                    diagnosis,
                    f"IL_{at // 2:07d}",
                    f"IP_{at // 4:07d}",
                ]
            )


def edit(table: Path, isic_id: str, old: str, new: str) -> None:
    """Change one row of the archive."""
    found = [
        line.replace(old, new) if line.startswith(isic_id) else line
        for line in table.read_text().splitlines()
    ]
    table.write_text("\n".join(line for line in found if line) + "\n")


@pytest.fixture
def work(folder: Path) -> Path:
    """A folder with a recipe and its archive."""
    work = folder.parent
    shutil.rmtree(folder)
    make_archive(work / "archive")
    (work / "set.toml").write_text(RECIPE)
    return work


@pytest.mark.slow
def test_a_lock_alone_makes_the_same_data_set_on_another_machine(isic: Isic, work: Path) -> None:
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    (work / "other").mkdir()
    shutil.copy(work / "lesions/build.lock", work / "other/build.lock")
    done = isic("dataset", "build", "set.toml", "other", "--locked", archive=None)
    assert done.code == 0, done.err
    assert contents(work / "other") == contents(work / "lesions")
    again = isic(
        "dataset",
        "build",
        "set.toml",
        "third",
        "--locked",
        "--lock",
        "lesions/build.lock",
        archive=None,
    )
    assert (again.code, contents(work / "third")) == (0, contents(work / "lesions"))


def test_a_lock_is_not_met_by_an_archive_that_changed(isic: Isic, work: Path) -> None:
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    before = contents(work / "lesions")
    edit(work / "archive/metadata.csv", NEVUS, "Benign", "Malignant")
    edit(
        work / "archive/metadata.csv",
        "ISIC_0000005",
        "ISIC_0000005,Clinic,CC-BY,Benign,IL_0000002,IP_0000001",
        "",
    )
    (work / "archive/ISIC_0000005.png").unlink()
    done = isic("dataset", "build", "set.toml", "--locked", "--report", "r.jsonl", archive=None)
    assert done.code == 7
    assert "Error: 2 images are not as lesions/build.lock has them" in done.err
    *items, last = lines(work / "r.jsonl")
    assert {one["isic_id"]: one["status"] for one in items} == {
        NEVUS: "relabelled",
        "ISIC_0000005": "withdrawn",
    }
    assert last["summary"]["exit_code"] == 7
    assert contents(work / "lesions") == before


def test_a_lock_is_not_met_by_another_picture(isic: Isic, work: Path) -> None:
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    Image.new("RGB", (64, 48), "white").save(work / "archive" / f"{NEVUS}.png")
    done = isic(
        "dataset",
        "build",
        "set.toml",
        "other",
        "--locked",
        "--lock",
        "lesions/build.lock",
        archive=None,
    )
    assert done.code == 7
    assert "Error: 1 pictures are not those of the lock" in done.err
    assert not (work / "other/dataset.csv").exists()


@pytest.mark.parametrize("picture", ["ISIC_0000005.png", "ISIC_0000099.png"])
def test_a_picture_that_is_new_or_another_is_told(picture: str, isic: Isic, work: Path) -> None:
    assert isic("dataset", "build", "set.toml").code == 0
    assert "Warning" not in isic("dataset", "build", "set.toml").err
    Image.new("RGB", (64, 48), "red").save(work / "archive" / picture)
    told = isic("dataset", "build", "set.toml")
    assert (told.code, told.lines) == (0, [])
    assert "Warning: the archive of source has changed since" in told.err


def test_an_update_says_what_changed_for_which_split(isic: Isic, work: Path) -> None:
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    splits = {row["isic_id"]: row["split"] for row in rows(work / "lesions/dataset.csv")}
    edit(work / "archive/metadata.csv", NEVUS, "Benign", "Malignant")
    told = isic("dataset", "build", "set.toml", archive=None)
    assert told.code == 0
    assert "Warning: the archive of source has changed since" in told.err
    assert {row["isic_id"]: row["label"] for row in rows(work / "lesions/dataset.csv")}[
        NEVUS
    ] == "Benign"

    done = isic("dataset", "build", "set.toml", "--update", archive=None)
    assert done.code == 0, done.err
    assert {row["isic_id"]: row["split"] for row in rows(work / "lesions/dataset.csv")} == splits
    text = (work / "lesions/changes.md").read_text()
    assert f"- 1 image has other metadata ({splits[NEVUS]}).\n" in text
    assert f"- 1 image has the label Malignant in place of Benign ({splits[NEVUS]}).\n" in text
    data = {row["isic_id"]: row["label"] for row in rows(work / "lesions/csv/data.csv")}
    assert data[NEVUS] == "Malignant"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--locked", "--update"), 2, "--locked and --update contradict each other"),
        (("--lock", "x"), 2, "--lock needs --locked"),
        (("--locked",), 6, "no lock lesions/build.lock"),
        (("--locked", "--lock", "newer.lock"), 2, "newer.lock: the version 9 is not known here"),
        (("--locked", "--lock", "set.toml"), 2, "set.toml is not the lock of a build"),
        (("--stage", "train"), 2, "no stage train"),
        (("archive",), 2, "archive is not empty: ISIC_0000000.png"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_made(
    isic: Isic, work: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    (work / "newer.lock").write_text('{"isic_build":9}\n')
    done = isic("dataset", "build", "set.toml", *arguments, archive=None)
    assert (done.code, done.err.splitlines()[0][: len(message) + 7]) == (code, f"Error: {message}")
    assert not (work / "lesions").exists() or list((work / "lesions").iterdir()) == [
        work / "lesions/.isic"
    ]


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (('archive = "archive"', 'archive = "archive"\nsearch = "sex:male"'), 2, "set.toml:4:1: source selects no image"),
        (('archive = "archive"', 'archive = "archive"\nids = ["ISIC_0000001", "ISIC_9999999"]'), 7, "Error: set.toml:6:1: 1 id not in the archive or not visible: ISIC_9999999"),
        (('missing = ["diagnosis_1"]', 'search = "isic_id:*"'), 2, "Error: set.toml:6:1: every image was left out: "),
        (("folds = 2", "folds = 7"), 2, "Error: set.toml:10:1: 3 groups cannot fill 7 splits"),
        (("folds = 2", 'ratio = "50:50"\ntolerance = 1'), 7, "Error: set.toml:12:1: the split"),
        (("folds = 2", 'folds = 2\nstratify = "colour"'), 2, "Error: set.toml:10:1: no image has a value of colour"),
        (("folds = 2", 'folds = 2\ngroup = ["rcm"]'), 2, "Error: set.toml:10:1: no image has a value of rcm_case_id"),
        (('column = "diagnosis_1"', 'column = "diagnosis_5"\nunmapped = "refuse"'), 7, "Error: set.toml:10:1: 11 images have no label of diagnosis_5"),
    ],
)  # fmt: skip
def test_a_recipe_that_its_archive_does_not_meet_makes_nothing(
    isic: Isic, work: Path, change: tuple[str, str], code: int, message: str
) -> None:
    text = RECIPE.replace(*change)
    (work / "set.toml").write_text(text)
    done = isic("dataset", "build", "set.toml", archive=None)
    assert done.code == code, done.err
    assert message in done.err
    if code:
        assert not (work / "lesions/dataset.csv").exists()
        assert not (work / "lesions/build.lock").exists()


def test_a_folder_holds_one_recipe(isic: Isic, work: Path) -> None:
    assert isic("dataset", "build", "set.toml", "out", "--stage", "exclude", archive=None).code == 0
    (work / "set.toml").write_text(RECIPE.replace("lesions", "others"))
    done = isic("dataset", "build", "set.toml", "out", archive=None)
    assert (done.code, done.err.splitlines()[0]) == (
        2,
        "Error: out holds the build of lesions, not of others",
    )


def test_only_what_a_change_concerns_is_done_again(isic: Isic, work: Path) -> None:
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    (work / "set.toml").write_text(RECIPE.replace('to = "csv"', 'to = "csv"\nsize = "32"'))
    planned = isic("dataset", "build", "set.toml", "--dry-run", archive=None)
    plan = dict(line.split(None, 1) for line in planned.lines)
    assert plan.pop("export:csv") == "size changed"
    assert plan.pop("lock") == "recipe changed"
    assert set(plan.values()) == {"as it should be"}
    done = isic("dataset", "build", "set.toml", archive=None)
    assert (done.code, done.err.splitlines()[0]) == (
        0,
        "As before: source, exclude, pictures, labels, split.",
    )
    picture = next((work / "lesions/csv").rglob("*.jpg"))
    with Image.open(picture) as image:
        assert image.size == (32, 24)


def test_an_export_that_was_touched_is_made_again(isic: Isic, work: Path) -> None:
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    before = contents(work / "lesions")
    next((work / "lesions/csv").rglob("*.png")).unlink()
    planned = isic("dataset", "build", "set.toml", "-n", archive=None)
    assert "export:csv               csv is not as it was left\n" in planned.out
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    assert contents(work / "lesions") == before


def test_a_lock_has_no_line_twice_and_says_its_seeds(isic: Isic, work: Path) -> None:
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    header, *images = lines(work / "lesions/build.lock")
    assert (header["isic_build"], header["seeds"]) == (1, {"split": 0})
    assert [one["isic_id"] for one in images] == [f"ISIC_{at:07d}" for at in range(12)]
    assert images[-1] == {
        "isic_id": "ISIC_0000011",
        "source": "source",
        "metadata_sha256": images[-1]["metadata_sha256"],
        "stage": "exclude",
        "reason": "no diagnosis_1",
    }
    assert json.dumps(images[0]).count("sha256") == 2


def test_what_the_recipe_has_no_more_is_no_part_of_the_build(isic: Isic, work: Path) -> None:
    assert isic("dataset", "build", "set.toml", archive=None).code == 0
    head, _, _ = RECIPE.partition("[labels]")
    (work / "set.toml").write_text(
        head.replace('[[exclude]]\nmissing = ["diagnosis_1"]\n', "") + "[document]\npaper = false\n"
    )
    done = isic("dataset", "build", "set.toml", archive=None)
    assert done.code == 0, done.err
    assert isic("dataset", "build", "set.toml", "fresh", archive=None).code == 0
    (work / "lesions/changes.md").unlink()
    assert contents(work / "lesions") == contents(work / "fresh")
    assert not (work / "lesions/csv").exists()
    assert "split" not in rows(work / "lesions/dataset.csv")[0]


@pytest.mark.parametrize("line", ["[]", "3", '{"isic_id": 3}', '{"isic_id": "ISIC_0000001"}', "{"])
def test_a_damaged_lock_and_state_are_told_with_a_way_out(
    isic: Isic, work: Path, line: str
) -> None:
    stop = ("--stage", "exclude")
    assert isic("dataset", "build", "set.toml", *stop, archive=None).code == 0
    state = work / "lesions/.isic/build/state.json"
    kept = state.read_text()
    state.write_text(line)
    done = isic("dataset", "build", "set.toml", *stop, archive=None)
    assert (done.code, done.err.splitlines()[1]) == (8, "Hint: Remove it: all is built anew.")
    state.write_text(kept)
    recipe = recipe_digest(load_recipe(work / "set.toml"))
    header = json.dumps({"isic_build": 1, "recipe": recipe, "listed": "2026-01-01"})
    (work / "x.lock").write_text(f"{header}\n{line}\n")
    done = isic("dataset", "build", "set.toml", "--locked", "--lock", "x.lock", archive=None)
    assert done.code == 8, done.err
    (work / "x.lock").write_text(f"{line}\n")
    done = isic("dataset", "build", "set.toml", "--locked", "--lock", "x.lock", archive=None)
    assert (done.code, done.err.splitlines()[0]) == (2, "Error: x.lock is not the lock of a build")
