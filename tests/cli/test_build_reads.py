"""What one change of an archive makes a build do again, and what it must not pass over."""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Isic
from tests.cli.test_build_lock import NEVUS, RECIPE, edit, make_archive
from tests.cli.test_dataset_build import contents, rows


@pytest.fixture
def work(folder: Path) -> Path:
    """A folder with a recipe of every stage, and its archive."""
    work = folder.parent
    shutil.rmtree(folder)
    make_archive(work / "archive")
    make_archive(work / "theirs", 2)
    for path in (work / "theirs").iterdir():
        path.rename(path.with_name(path.name.replace("ISIC_00000", "ISIC_00001")))
    edit_all(work / "theirs/metadata.csv", "_0000", "_9900")
    rules = '[[exclude]]\nsearch = "sex:male"\n[dedupe]\nmethod = "bytes"\n'
    theirs = '[reference.theirs]\narchive = "theirs"\n'
    (work / "set.toml").write_text(f"{RECIPE}{rules}{theirs}")
    edit_all(work / "set.toml", '[[exclude]]\nmissing = ["diagnosis_1"]\n', "")
    return work


def edit_all(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def stages(isic: Isic, *arguments: str) -> tuple[list[str], list[str], str]:
    """Build; return which stages were kept, which were done, and all that was said."""
    done = isic("dataset", "build", "set.toml", *arguments, archive=None)
    assert done.code == 0, done.err
    kept = re.findall(r"^As before: (.*)\.$", done.err, re.MULTILINE)
    named = [name for line in kept for name in line.split(", ")]
    known = "source|references|exclude|pictures|dedupe|labels|split|lock|tables|export:csv"
    return named, re.findall(rf"^({known}) ", done.err, re.MULTILINE), done.err


@pytest.mark.slow  # builds three times
def test_one_changed_label_does_labels_split_tables_and_exports_again(
    isic: Isic, work: Path
) -> None:
    assert stages(isic)[0] == []
    picture = work / f"lesions/pictures/{NEVUS}.png"
    before = picture.stat().st_mtime_ns
    edit(work / "archive/metadata.csv", NEVUS, "Benign", "Indeterminate")
    kept, done, _ = stages(isic, "--update")
    assert kept == ["exclude", "pictures", "dedupe"]
    assert done == ["source", "references", "labels", "split", "lock", "tables", "export:csv"]
    assert picture.stat().st_mtime_ns == before
    labels = {row["isic_id"]: row["label"] for row in rows(work / "lesions/dataset.csv")}
    assert labels[NEVUS] == "Indeterminate"
    # The pictures' own tables follow, and all is as a build from nothing has it.
    assert stages(isic)[1] == []
    (work / "lesions/changes.md").unlink()
    assert stages(isic, "fresh", "--locked", "--lock", "lesions/build.lock")[0] == []
    assert contents(work / "lesions") == contents(work / "fresh")


@pytest.mark.slow
def test_a_changed_label_in_a_table_of_ones_own_asks_no_archive(isic: Isic, work: Path) -> None:
    ids = [f"ISIC_{at:07d}" for at in range(12)]
    (work / "labels.csv").write_text("isic_id,diagnosis_1\n" + "".join(f"{i},a\n" for i in ids))
    edit_all(work / "set.toml", "[labels]\n", '[labels]\ntable = "labels.csv"\n')
    assert stages(isic)[0] == []
    edit_all(work / "labels.csv", f"{NEVUS},a", f"{NEVUS},b")
    kept, done, _ = stages(isic)
    assert kept == ["source", "references", "exclude", "pictures", "dedupe"]
    assert done == ["labels", "split", "lock", "tables", "export:csv"]


@pytest.mark.slow
def test_a_field_that_a_rule_reads_does_the_exclusions_again(isic: Isic, work: Path) -> None:
    edit_all(work / "set.toml", '"sex:male"', '"diagnosis_1:Malignant"')
    assert stages(isic)[0] == []
    edit(work / "archive/metadata.csv", NEVUS, "Benign", "Malignant")
    kept, done, _ = stages(isic, "--update")
    assert (kept, "exclude" in done, "pictures" in done) == ([], True, True)
    (row,) = (row for row in rows(work / "lesions/excluded.csv") if row["isic_id"] == NEVUS)
    assert row["reason"] == "diagnosis_1:Malignant"


def noise(path: Path) -> None:
    """Write a picture that takes as many bytes as any other of its size."""
    Image.effect_noise((64, 48), 50).convert("RGB").save(path, compress_level=0)


@pytest.mark.slow
@pytest.mark.parametrize("archive", ["archive", "theirs"])
def test_a_replaced_picture_of_the_same_size_is_told_and_fetched(
    isic: Isic, work: Path, archive: str
) -> None:
    name, folder = (NEVUS, "pictures") if archive == "archive" else ("ISIC_0000101", "references")
    theirs = work / f"{archive}/{name}.png"
    noise(theirs)
    size = theirs.stat().st_size
    assert stages(isic)[0] == []
    noise(theirs)
    assert theirs.stat().st_size == size
    _, done, said = stages(isic)
    assert done == []
    of = "source" if archive == "archive" else "theirs"
    assert f"Warning: the archive of {of} has changed since " in said
    assert "pictures" in stages(isic, "--update")[1]
    (ours,) = (work / "lesions" / folder).rglob(f"{name}.png")
    assert ours.read_bytes() == theirs.read_bytes()
    assert stages(isic)[1] == []
