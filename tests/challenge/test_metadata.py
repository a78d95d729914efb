import shutil
from pathlib import Path

import pytest

from isic_cli.challenge.metadata import is_challenge_folder, read_metadata
from isic_cli.curation.labels import load_scheme
from isic_cli.services.dataset.label import Labelling
from isic_cli.services.tabular import open_table
from tests.support.challenges import ids, write_mirror


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every file of the site, the ZIPs unpacked by hand, each where it lies."""
    folder = write_mirror(tmp_path_factory.mktemp("site"))
    for path in folder.rglob("*.zip"):
        shutil.unpack_archive(path, path.parent)
        path.unlink()
    return folder


def row_of(folder: Path, isic_id: str) -> dict[str, str]:
    found = read_metadata(folder)
    return {
        name: cell
        for name, cell in zip(found.columns, found.rows[isic_id], strict=True)
        if cell and name != "isic_id"
    }


def test_the_words_of_2016_become_the_first_level(site: Path) -> None:
    expected = {
        "copyright_license": "CC-0",
        "challenge_split": "training",
        "challenge_class": "malignant",
        "benign_malignant": "malignant",
        "diagnosis_1": "Malignant",
    }
    assert row_of(site / "2016", "ISIC_0000001") == expected


def test_the_metadata_of_2017_lies_beside_the_pictures_and_unknown_is_no_value(site: Path) -> None:
    folder = site / "2017" / "ISIC-2017_Training_Data"
    assert row_of(folder, "ISIC_0000000") == {
        "copyright_license": "CC-0",
        "challenge_split": "training",
        "age_approx": "55",
        "sex": "female",
    }
    assert row_of(folder, "ISIC_0000005").keys() == {"copyright_license", "challenge_split"}
    assert row_of(site / "2017", "ISIC_0000002")["diagnosis_3"] == "Nevus"


def test_the_lesions_of_2018_come_from_their_own_table(site: Path) -> None:
    row = row_of(site / "2018", "ISIC_0024307")
    assert (row["lesion_id"], row["challenge_class"], row["copyright_license"]) == (
        *("HAM_0000000", "NV", "CC-BY-NC"),
    )
    assert row_of(site / "2018", "ISIC_0000000")["copyright_license"] == "CC-0"


def test_a_downsampled_picture_of_2019_is_its_image(site: Path) -> None:
    row = row_of(site / "2019", ids("Training", 13908)[0])
    assert (row["challenge_class"], row["anatom_site_general"]) == ("MEL", "anterior torso")
    assert "score_weight" not in read_metadata(site / "2019").columns


def test_the_duplicates_of_2020_are_named(site: Path) -> None:
    first, second = ids("Training", 15719)[:2]
    row = row_of(site / "2020", second)
    assert (row["duplicate_of"], row["patient_id"], row["diagnosis_1"]) == (
        *(first, "IP_0000000", "Benign"),
    )
    assert row_of(site / "2020", ids("Test", 15719)[1])["patient_id"] == "IP_0000001"


def test_the_levels_of_2024_are_those_of_the_site(site: Path) -> None:
    row = row_of(site / "2024", ids("Training", 15670)[2])
    assert [row.get(name) for name in ("challenge_class", "diagnosis_1")] == [
        *("malignant", "Malignant"),
    ]


def test_a_lesion_of_milk10k_gives_its_class_to_both_pictures(site: Path) -> None:
    rows = [row_of(site / "milk10k", f"ISIC_00{number}7001") for number in (4, 5)]
    assert [row["challenge_class"] for row in rows] == ["BCC", "BCC"]
    assert [row["image_type"] for row in rows] == ["clinical: close-up", "dermoscopic"]
    # The site's own name says more than the class.
    assert rows[0]["diagnosis_3"] == "Squamous cell carcinoma, Invasive"


@pytest.mark.parametrize(("year", "scheme"), [("2018", "isic2018"), ("2019", "isic2019")])
def test_the_labels_of_the_tree_give_the_classes_of_the_truth_back(
    site: Path, year: str, scheme: str
) -> None:
    rows = Labelling(load_scheme(scheme)).apply(open_table(site / year))
    classes = [(row["challenge_class"], row["label"]) for row in rows if row["challenge_class"]]
    assert len({told for told, _ in classes}) >= 6
    assert [told for told, _ in classes] == [label for _, label in classes]


def test_a_folder_with_a_table_of_its_own_is_no_challenge_folder(
    site: Path, tmp_path: Path
) -> None:
    shutil.copytree(site / "2020", tmp_path / "2020")
    assert is_challenge_folder(tmp_path / "2020")
    (tmp_path / "2020" / "metadata.csv").write_text("isic_id\n")
    assert not is_challenge_folder(tmp_path / "2020")
    assert read_metadata(tmp_path / "2020").rows == {}
    assert not is_challenge_folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "rows", "value"),
    [
        ("ISBI2016_ISIC_Part3_Training_GroundTruth.csv", 300, "benign"),
        ("ISIC-2017_Training_Part3_GroundTruth.csv", 2000, "neither"),
        ("ISIC2018_Task3_Test_GroundTruth.csv", 300, "NV"),
        ("ISIC_2019_Training_GroundTruth.csv", 400, "NV"),
        ("ISIC_2020_Training_GroundTruth_v2.csv", None, "benign"),
    ],
)
def test_the_real_tables_are_read(
    shared: Path, tmp_path: Path, name: str, rows: int | None, value: str
) -> None:
    shutil.copy(shared / "data" / "csv" / "challenge" / name, tmp_path)
    found = read_metadata(tmp_path)
    place = found.columns.index("challenge_class")
    assert rows is None or len(found.rows) == rows
    assert value in {row[place] for row in found.rows.values()}
