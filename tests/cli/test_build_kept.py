"""What a build must not keep: everything that its images, pictures and lock were made of."""

import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Isic
from tests.cli.test_build_lock import NEVUS, RECIPE, edit, make_archive
from tests.cli.test_dataset_build import contents, rows


@pytest.fixture
def work(folder: Path) -> Path:
    """A folder with a recipe and its archive."""
    work = folder.parent
    shutil.rmtree(folder)
    make_archive(work / "archive")
    (work / "set.toml").write_text(RECIPE)
    return work


def build(isic: Isic, *arguments: str) -> tuple[int, str]:
    done = isic("dataset", "build", "set.toml", *arguments, archive=None)
    return done.code, done.err


@pytest.mark.slow
def test_the_lock_of_another_build_is_followed_in_a_folder_that_is_built(
    isic: Isic, work: Path
) -> None:
    assert build(isic)[0] == 0
    text = (work / "lesions/build.lock").read_text()
    for old, new in (("fold1", "@"), ("fold2", "fold1"), ("@", "fold2")):
        text = text.replace(f'"split":"{old}"', f'"split":"{new}"')
    (work / "theirs.lock").write_text(text)
    code, said = build(isic, "--locked", "--lock", "theirs.lock")
    assert (code, (work / "lesions/build.lock").read_text()) == (0, text), said
    assert build(isic, "fresh", "--locked", "--lock", "theirs.lock")[0] == 0
    assert contents(work / "lesions") == contents(work / "fresh")

    (work / "theirs.lock").write_text(text.replace('"label":"Benign"', '"label":"Naevus"'))
    before = contents(work / "lesions")
    assert build(isic, "--locked", "--lock", "theirs.lock")[0] == 7
    assert contents(work / "lesions") == before


def test_a_picture_that_the_archive_replaced_is_fetched_by_an_update_and_refused_by_a_lock(
    isic: Isic, work: Path
) -> None:
    assert build(isic)[0] == 0
    theirs, ours = work / f"archive/{NEVUS}.png", work / f"lesions/pictures/{NEVUS}.png"
    Image.effect_noise((64, 48), 50).save(theirs)
    code, said = build(isic, "--locked")
    assert (code, "1 pictures are not those of the lock" in said) == (7, True), said
    assert build(isic, "--update")[0] == 0
    assert ours.read_bytes() == theirs.read_bytes()
    assert "1 image has another picture" in (work / "lesions/changes.md").read_text()


def test_a_build_of_another_archive_lists_that_archive(isic: Isic, work: Path) -> None:
    recipe = RECIPE.replace('archive = "archive"', 'search = "isic_id:*"')
    (work / "set.toml").write_text(recipe)
    shutil.copytree(work / "archive", work / "second")
    edit(work / "second/metadata.csv", NEVUS, "Benign", "Indeterminate")
    for archive, label in (("archive", "Benign"), ("second", "Indeterminate")):
        assert isic("dataset", "build", "set.toml", archive=archive).code == 0
        labels = {row["isic_id"]: row["label"] for row in rows(work / "lesions/dataset.csv")}
        assert labels[NEVUS] == label
    absolute = str(work / "set.toml")
    planned = isic("dataset", "build", absolute, "lesions", "-n", archive=str(work / "second"))
    assert {line.split(None, 1)[1] for line in planned.lines} == {"as it should be"}
    done = isic("dataset", "build", absolute, "lesions", archive=str(work / "second"))
    assert "Warning" not in done.err


def test_a_lock_that_is_no_lock_and_an_export_that_is_a_link_are_told(
    isic: Isic, work: Path
) -> None:
    assert build(isic)[0] == 0
    lock, export = work / "lesions/build.lock", work / "lesions/csv"
    lock.write_text("")
    code, said = build(isic)
    assert (code, "or remove it" in said) == (2, True), said
    (work / "set.toml").write_text(RECIPE.replace("folds = 2", "folds = 3"))
    before = (work / "lesions/.isic/build/state.json").read_bytes()
    lock.write_text('{"isic_build": 99}\n')
    code, said = build(isic)
    assert (code, "the version 99 is not known here" in said) == (2, True), said
    assert (work / "lesions/.isic/build/state.json").read_bytes() == before
    (work / "set.toml").write_text(RECIPE)
    lock.unlink()
    assert build(isic)[0] == 0
    export.rename(work / "elsewhere")
    export.symlink_to(work / "elsewhere")
    (work / "set.toml").write_text(RECIPE.replace('to = "csv"', 'to = "csv"\nsize = "32"'))
    code, said = build(isic)
    assert (code, "lesions/csv" in said) == (8, True), said
    assert (work / "elsewhere/data.csv").is_file()


def test_a_label_that_is_wanted_and_that_no_image_has_is_told(isic: Isic, work: Path) -> None:
    wanted = 'column = "diagnosis_1"\nonly = ["Benign", "Malignantt"]'
    (work / "set.toml").write_text(RECIPE.replace('column = "diagnosis_1"', wanted))
    code, said = build(isic)
    assert (code, "Warning: no image has the label Malignantt" in said) == (0, True), said


def test_a_link_to_nothing_in_an_archive_is_passed_over(isic: Isic, work: Path) -> None:
    (work / "archive/notes.txt").symlink_to(work / "nothing")
    code, said = build(isic)
    assert code == 0, said


@pytest.mark.slow
def test_a_changed_folder_of_splits_and_a_class_without_images_are_taken_on(
    isic: Isic, work: Path
) -> None:
    (work / "earlier").mkdir()
    (work / "earlier/fold1.txt").write_text("ISIC_0000000\n")
    (work / "rules.csv").write_text("prefix,label\nBenign,B\nMalignant,M\n")
    recipe = RECIPE.replace("folds = 2", 'folds = 2\nprevious = "earlier"\nkeep = false')
    (work / "set.toml").write_text(recipe.replace('column = "diagnosis_1"', 'scheme = "rules.csv"'))
    code, said = build(isic)
    assert code == 0, said
    (work / "earlier/fold1.txt").unlink()
    (work / "earlier/fold2.txt").write_text("ISIC_0000000\n")
    with (work / "rules.csv").open("a") as file:
        file.write("Indeterminate,I\n")
    assert build(isic)[0] == 0
    splits = {row["isic_id"]: row["split"] for row in rows(work / "lesions/dataset.csv")}
    assert splits["ISIC_0000000"] == "fold2"
    assert build(isic, "fresh")[0] == 0
    assert contents(work / "lesions/csv") == contents(work / "fresh/csv")


@pytest.mark.slow
def test_an_export_is_made_anew_for_other_classes_and_splits_and_in_a_moved_folder(
    isic: Isic, work: Path
) -> None:
    assert build(isic)[0] == 0
    edit(work / "archive/metadata.csv", NEVUS, "Benign", "Indeterminate")
    code, said = build(isic, "--update")
    assert code == 0, said
    (work / "set.toml").write_text(RECIPE.replace("[split]\nfolds = 2\n", ""))
    code, said = build(isic)
    assert code == 0, said
    (work / "lesions").rename(work / "moved")
    (work / "set.toml").write_text(RECIPE)
    code, said = build(isic, "moved")
    assert code == 0, said
    assert build(isic, "fresh")[0] == 0
    assert contents(work / "moved/csv") == contents(work / "fresh/csv")


def test_a_label_table_with_two_labels_of_an_image_is_refused_and_may_be_a_folder(
    isic: Isic, work: Path
) -> None:
    recipe = RECIPE.replace("[labels]\n", '[labels]\ntable = "archive"\n')
    (work / "set.toml").write_text(recipe)
    code, said = build(isic)
    assert code == 0, said
    (work / "labels.csv").write_text(f"isic_id,diagnosis_1\n{NEVUS},A\n{NEVUS},A\n{NEVUS},B\n")
    (work / "set.toml").write_text(recipe.replace('table = "archive"', 'table = "labels.csv"'))
    checked = isic("dataset", "check", "set.toml", archive=None)
    assert checked.code == 2
    assert f"labels.csv: {NEVUS} is A and B" in checked.out + checked.err


@pytest.mark.slow
def test_a_reference_compares_with_no_picture_that_it_had_before(isic: Isic, work: Path) -> None:
    shutil.copytree(work / "archive", work / "theirs")
    for name in ("metadata.csv", f"{NEVUS}.png", "ISIC_0000005.png"):
        path = work / "theirs" / name
        path.rename(path.with_name(path.name.replace("ISIC_00000", "ISIC_00001")))
    table = work / "theirs/metadata.csv"
    table.write_text(
        "isic_id,attribution,copyright_license\n"
        "ISIC_0000103,Clinic,CC-BY\nISIC_0000105,Clinic,CC-BY\n"
    )
    reference = '[reference.r]\narchive = "theirs"\nids = ["ISIC_0000103", "ISIC_0000105"]\n'
    recipe = RECIPE + reference
    (work / "set.toml").write_text(recipe)
    code, said = build(isic)
    assert code == 0, said
    (work / "set.toml").write_text(recipe.replace('"ISIC_0000103", ', ""))
    assert build(isic)[0] == 0
    assert build(isic, "fresh")[0] == 0
    assert rows(work / "lesions/excluded.csv") == rows(work / "fresh/excluded.csv")


@pytest.mark.slow
def test_a_lock_gives_the_same_documents_for_collections_and_sources_that_overlap(
    isic: Isic, work: Path
) -> None:
    (work / "set.toml").write_text(
        'recipe = 1\nname = "lesions"\n'
        '[source.a]\narchive = "demo"\ncollections = [2]\nsearch = "sex:male"\n'
        '[source.b]\narchive = "demo"\nsearch = "sex:male AND age_approx:[40 TO 60]"\n'
    )
    code, said = build(isic)
    assert code == 0, said
    assert build(isic, "other", "--locked", "--lock", "lesions/build.lock")[0] == 0
    assert contents(work / "lesions") == contents(work / "other")


def test_a_removed_picture_under_a_link_of_an_export_is_fetched_again(
    isic: Isic, work: Path
) -> None:
    (work / "set.toml").write_text(RECIPE.replace('to = "csv"', 'to = "csv"\nlink = "sym"'))
    assert build(isic)[0] == 0
    (work / f"lesions/pictures/{NEVUS}.png").unlink()
    planned = isic("dataset", "build", "set.toml", "--dry-run", archive=None)
    assert planned.code == 0, planned.err
    assert build(isic)[0] == 0
    assert (work / f"lesions/csv/images/{NEVUS}.png").is_file()


def test_stages_that_do_not_add_up_to_the_images_are_refused(isic: Isic, work: Path) -> None:
    assert build(isic)[0] == 0
    state = work / "lesions/.isic/build/exclude.jsonl"
    times = state.stat()
    state.write_text(state.read_text().replace("ISIC_0000011", "ISIC_9999999"))
    os.utime(state, ns=(times.st_atime_ns, times.st_mtime_ns))
    (work / "lesions/dataset.csv").unlink()
    code, said = build(isic)
    assert code == 8
    assert "the build does not add up: 1 images were left out, 0 are" in said
    assert not (work / "lesions/dataset.csv").exists()


def test_a_collection_that_got_another_name_is_named_so_by_an_update(
    isic: Isic, work: Path
) -> None:
    collections = work / "archive/collections.json"
    one = {"id": 1, "name": "Old name", "public": True, "pinned": False, "locked": False}
    ids = [f"ISIC_{at:07d}" for at in range(12)]
    collections.write_text(json.dumps([one | {"isic_ids": ids}]))
    text = RECIPE.replace('archive = "archive"', 'archive = "archive"\ncollections = [1]')
    (work / "set.toml").write_text(text)
    code, said = build(isic)
    assert code == 0, said
    collections.write_text(json.dumps([one | {"name": "New name", "isic_ids": ids}]))
    assert build(isic, "--update")[0] == 0
    assert "New name" in (work / "lesions/build.lock").read_text()
