"""A challenge folder is an archive: what works on a download works on it, years side by side."""

import csv
import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from isic_cli.challenge.tasks import TASKS
from tests.cli.conftest import Isic
from tests.support.challenges import write_mirror


@pytest.fixture
def ham(tmp_path: Path) -> Path:
    """The third task of 2018, unpacked by hand."""
    folder = write_mirror(tmp_path / "site", "2018") / "2018"
    for path in folder.glob("*.zip"):
        if "Task3" in path.name:
            shutil.unpack_archive(path, folder)
        path.unlink()
    return folder


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_it_is_listed_and_searched_by_what_its_truth_says(isic: Isic, ham: Path) -> None:
    done = isic("image", "list", "-s", "diagnosis_1:Malignant", "-q", archive=str(ham))
    assert (done.code, done.lines) == (
        0,
        [
            "ISIC_0024306",
            "ISIC_0024308",
            "ISIC_0024406",
            "ISIC_0024408",
            "ISIC_0024506",
            "ISIC_0035068",
        ],
    )
    facts = isic("lesion", "list", "-f", "csv", archive=str(ham))
    assert [row["lesion_id"] for row in table(facts.out)] == [
        "HAM_0000000",
        "HAM_0000001",
        "HAM_0000002",
    ]


def test_it_is_split_by_lesion_with_the_labels_of_the_challenge(isic: Isic, ham: Path) -> None:
    done = isic(
        "dataset", "split", str(ham), "--label", "isic2018", "--ratio", "50:50", "-o", "s.csv"
    )
    assert done.code == 0, done.err
    rows = table(Path("s.csv").read_text())
    assert {row["challenge_class"] for row in rows} >= {"MEL", "NV", "BCC"}
    of = {row["isic_id"]: row["split"] for row in rows}
    assert of["ISIC_0024306"] == of["ISIC_0024307"]


def test_labels_alone_are_split_into_the_usual_shares(isic: Isic, ham: Path) -> None:
    done = isic("dataset", "split", str(ham), "--label", "isic2018", "-o", "s.csv")
    assert done.code == 0, done.err
    assert {row["split"] for row in table(Path("s.csv").read_text())} == {"train", "val", "test"}


@pytest.mark.slow
def test_it_is_counted_compared_drawn_cited_and_exported(isic: Isic, ham: Path) -> None:
    counted = isic("dataset", "stats", str(ham), "-f", "csv")
    assert {"section": "total", "value": "images", "count": "12", "percent": ""} in table(
        counted.out
    )
    assert isic("dataset", "dedupe", str(ham)).code == 0
    assert isic("image", "sheet", "-o", "s.png", archive=str(ham)).code == 0
    with Image.open("s.png") as sheet:
        assert sheet.width > 100
    cited = isic("dataset", "cite", str(ham), "--style", "bibtex")
    assert cited.code == 0
    assert ("1902.03368" in cited.out, "sdata.2018.161" in cited.out) == (True, True)
    exported = isic("dataset", "export", str(ham), "e", "--to", "csv")
    assert exported.code == 0, exported.err
    assert len(list(Path("e").rglob("*.jpg"))) == 12


def test_the_pairs_of_2020_keep_duplicates_in_one_split(isic: Isic, tmp_path: Path) -> None:
    folder = write_mirror(tmp_path / "site", "2020") / "2020"
    pairs = str(folder / "ISIC_2020_Training_Duplicates.csv")
    done = isic(
        "dataset", "split", str(folder), "--ratio", "50:50", "--pairs", pairs, "-o", "s.csv"
    )
    assert done.code == 0, done.err
    of = {row["isic_id"]: row["split"] for row in table(Path("s.csv").read_text())}
    assert of["ISIC_0015719"] == of["ISIC_0015720"]


def test_downsampled_pictures_superpixels_and_masks_are_served(isic: Isic, tmp_path: Path) -> None:
    site = write_mirror(tmp_path / "site", "2019", "2017", "2016")
    for path in site.rglob("*.zip"):
        shutil.unpack_archive(path, path.parent)
    done = isic("image", "download", "ISIC_0013908", "copy", archive=str(site / "2019"))
    assert (done.code, Path("copy/ISIC_0013908.jpg").is_file()) == (0, True)
    done = isic("image", "list", "-q", archive=str(site / "2017"))
    assert (done.code, len(done.lines)) == (0, 12)
    folder = site / "2017" / "ISIC-2017_Training_Data"
    assert isic("superpixel", "info", str(folder)).code == 0


def test_a_broken_table_of_a_challenge_is_refused_with_its_line(isic: Isic, ham: Path) -> None:
    groups = ham / "ISIC2018_Task3_Training_LesionGroupings.csv"
    groups.write_bytes(groups.read_bytes() + b'ISIC_0024399,"HAM_1')
    done = isic("image", "list", archive=str(ham))
    assert (done.code, groups.name in done.err, "line" in done.err) == (2, True, True)


@pytest.mark.parametrize("task", [one.id for one in TASKS if one.kind == "classification"])
def test_the_truth_of_every_task_labels_a_split_and_an_export(
    isic: Isic, tmp_path: Path, task: str
) -> None:
    year = task.partition(":")[0]
    folder = write_mirror(tmp_path / "site", year) / year
    for path in folder.glob("*.zip"):
        shutil.unpack_archive(path, folder)
        path.unlink()
    done = isic("dataset", "split", str(folder), "--label", f"challenge:{task}", "-o", "s.csv")
    assert done.code == 0, done.err
    rows = table(Path("s.csv").read_text())
    assert {row["label"] for row in rows} - {"unmapped"}
    assert [row["label"] for row in rows] == [row["challenge_class"] or "unmapped" for row in rows]
    export = ("dataset", "export", str(folder), "classes", "--to", "imagefolder")
    done = isic(*export, "--label", f"challenge:{task}")
    assert done.code == 0, done.err
    of = {row["isic_id"]: row["label"] for row in rows}
    placed = {path.stem: path.parent.name for path in Path("classes/images").rglob("*.jpg")}
    assert placed
    assert {isic_id: of[isic_id] for isic_id in placed} == placed


def test_labels_of_a_challenge_that_is_not_there_are_refused(isic: Isic, folder: Path) -> None:
    done = isic("dataset", "split", str(folder), "--label", "challenge:2019")
    assert done.code == 2
    assert "has no truth of 2019:1" in done.err
    assert isic("dataset", "split", str(folder), "--label", "challenge:2018:1").code == 2
    done = isic("dataset", "split", str(folder), "--label", "challenge:2081")
    assert (done.code, "no challenge" in done.err) == (6, True)
