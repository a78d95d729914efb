"""The recipes of the gallery, each on an archive that was made for it."""

import csv
import io
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from isic_cli.cli.main import run
from isic_cli.models.ids import find_ids
from tests.support.challenges import mirror
from tests.support.drawn import jpeg
from tests.support.filehost import Loopback

ROOT = Path(__file__).resolve().parents[1]
RECIPES = {path.stem: path for path in sorted((ROOT / "examples/recipes").glob("*.toml"))}

NEVUS = ("Benign", "Benign melanocytic proliferations", "Nevus")
MELANOMA = ("Malignant", "Malignant melanocytic proliferations (Melanoma)", "Melanoma, NOS")
COLUMNS = [
    *("isic_id", "attribution", "copyright_license", "age_approx", "anatom_site_1", "diagnosis_1"),
    *("diagnosis_2", "diagnosis_3", "diagnosis_confirm_type", "image_type", "lesion_id"),
    *("patient_id", "pixels_x", "pixels_y"),
]


def ids_of(year: str, start: str) -> list[str]:
    """The images that the tables of a challenge name."""
    found: dict[str, None] = {}
    for name, body in mirror().items():
        if name.startswith(f"{year}/{start}") and name.endswith(".csv"):
            for line in csv.reader(io.StringIO(body.decode())):
                found |= dict.fromkeys(one for cell in line for one in find_ids(cell)[:1])
    return list(found)


def write_archive(folder: Path, isic_ids: list[str]) -> None:
    """Naevi and melanomas in turns, two images of each lesion, of people of 25 to 64."""
    folder.mkdir()
    tiles = set(ids_of("2024", ""))
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for at, isic_id in enumerate(isic_ids):
            (folder / f"{isic_id}.jpg").write_bytes(jpeg(at))
            kind = MELANOMA if at // 2 % 2 else NEVUS
            lesion = f"IL_{at // 2:07d}"
            patient = f"IP_{at if isic_id in tiles else at // 2:07d}"
            age = 25 + 13 * (at // 2 % 4)
            row = [isic_id, "Clinic", "CC-0", age, "Trunk", *kind, "histopathology", "dermoscopic"]
            writer.writerow([*row, lesion, patient, 600, 450 + at])


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "dataset.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def host() -> Iterator[Loopback]:
    files = {f"/{name}": body for name, body in mirror().items() if name.endswith(".csv")}
    with Loopback(files=files) as loopback:
        yield loopback


@pytest.fixture
def work(tmp_path: Path, host: Loopback, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an archive of all images that the tables of challenges name."""
    named = [
        *(one for year in ("2018", "2019", "2024", "milk10k") for one in ids_of(year, "")),
        *(f"ISIC_05{number:05d}" for number in range(24)),
    ]
    write_archive(tmp_path / "archive", list(dict.fromkeys(named)))
    (tmp_path / "isic.toml").write_text(f'retries = 0\nchallenge_url = "{host.url}"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build(name: str) -> list[dict[str, str]]:
    """Build a recipe of the gallery on the archive; return its table."""
    assert run(["--archive", "archive", "dataset", "build", str(RECIPES[name]), "out"]) == 0
    return table(Path("out"))


@pytest.mark.slow
def test_melanomas_and_naevi_are_of_people_under_40(work: Path) -> None:
    rows = build("melanoma-under-40")
    assert {row["label"] for row in rows} == {"MEL", "NV"}
    assert {float(row["age_approx"]) < 40 for row in rows} == {True}
    assert Counter(
        path.parent.name for path in (work / "out/imagefolder").rglob("*.jpg")
    ) == Counter(row["label"] for row in rows)
    sides = {(row["patient_id"], row["split"]) for row in rows}
    assert len(sides) == len({patient for patient, _ in sides})


@pytest.mark.slow
def test_ham10000_loses_what_2019_has_too(work: Path) -> None:
    (copied, *_), (first, *_) = (
        ids_of("2019", "ISIC_2019_Test"),
        ids_of("2018", "ISIC2018_Task3_Training_L"),
    )
    shutil.copy(work / "archive" / f"{copied}.jpg", work / "archive" / f"{first}.jpg")
    rows = build("ham10000-without-2019")
    wanted = {*ids_of("2018", "ISIC2018_Task3_Training_L")} - {*ids_of("2019", "ISIC_2019_Test")}
    found = {row["isic_id"] for row in rows}
    assert found
    assert found < wanted
    assert first not in found


@pytest.mark.slow
def test_slice_3d_has_as_many_of_each_kind(work: Path) -> None:
    rows = build("slice-3d-balanced")
    counts = Counter(row["label"] for row in rows)
    assert abs(counts["Benign"] - counts["Malignant"]) <= 2
    assert {row["split"] for row in rows} <= {f"fold{number}" for number in range(1, 6)}


@pytest.mark.slow
def test_the_pairs_of_milk10k_are_in_one_split(work: Path) -> None:
    rows = build("milk10k-pairs")
    sides = {(row["lesion_id"], row["split"]) for row in rows}
    assert len(sides) == len({lesion for lesion, _ in sides})


@pytest.mark.slow
def test_an_external_test_set_shares_nobody_with_2019(work: Path) -> None:
    rows = build("external-test-set")
    training = {*ids_of("2019", "ISIC_2019_Training")}
    with (work / "archive/metadata.csv").open(encoding="utf-8", newline="") as stream:
        known = {row["isic_id"]: row["patient_id"] for row in csv.DictReader(stream)}
    assert rows
    assert not {row["patient_id"] for row in rows} & {known[isic_id] for isic_id in training}


def test_every_recipe_of_the_gallery_is_good_and_named_in_its_readme() -> None:
    text = (ROOT / "examples/recipes/README.md").read_text("utf-8")
    assert len(RECIPES) == 5
    for path in RECIPES.values():
        assert run(["dataset", "check", os.fspath(path)]) == 0
        assert f"`{path.name}`" in text
