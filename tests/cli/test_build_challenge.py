"""A source that is a challenge: its images are those of the tables on the challenge site."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Isic
from tests.cli.test_build_lock import make_archive
from tests.cli.test_dataset_build import lines, rows
from tests.support.challenges import mirror
from tests.support.filehost import Loopback

RECIPE = """
recipe = 1
name = "training"
[source]
archive = "archive"
challenge = "2018:3:training"
"""


@pytest.fixture
def host() -> Iterator[Loopback]:
    tables = {f"/{name}": body for name, body in mirror().items() if name.endswith(".csv")}
    with Loopback(files=tables) as loopback:
        yield loopback


@pytest.fixture
def work(folder: Path, host: Loopback) -> Path:
    work = folder.parent
    shutil.rmtree(folder)
    make_archive(work / "archive", 8)
    (work / "set.toml").write_text(RECIPE)
    (work / "isic.toml").write_text(f'retries = 0\nchallenge_url = "{host.url}"\n')
    return work


@pytest.mark.slow
def test_the_images_of_a_challenge_are_those_of_its_tables(isic: Isic, work: Path) -> None:
    table = work / "archive/metadata.csv"
    table.write_text(table.read_text().replace("ISIC_00000", "ISIC_00243"))
    for picture in sorted((work / "archive").glob("*.png")):
        picture.rename(picture.with_name(picture.name.replace("ISIC_00000", "ISIC_00243")))
    done = isic("dataset", "build", "set.toml", archive=None)
    assert done.code == 0, done.err
    assert "Warning: 4 images of source are not in the archive" in done.err
    found = [row["isic_id"] for row in rows(work / "training/dataset.csv")]
    assert found == ["ISIC_0024306", "ISIC_0024307"]
    header = lines(work / "training/build.lock")[0]
    assert list(header["challenge_files"]) == ["ISIC2018_Task3_Training_LesionGroupings.csv"]


def test_a_challenge_that_cannot_be_fetched_stops_the_build(isic: Isic, work: Path) -> None:
    (work / "isic.toml").write_text('retries = 0\nchallenge_url = "http://127.0.0.1:9"\n')
    done = isic("dataset", "build", "set.toml", archive=None)
    assert done.code == 5
    assert "of the challenge" in done.err
    assert not (work / "training/dataset.csv").exists()


def test_a_challenge_without_tables_of_images_is_a_mistake(isic: Isic, work: Path) -> None:
    (work / "set.toml").write_text(RECIPE.replace("2018:3:training", "2016:1"))
    done = isic("dataset", "check", "set.toml", archive=None)
    assert (done.code, done.err.splitlines()[0]) == (
        2,
        "set.toml:6:1: source.challenge 2016:1 has no tables that name its images",
    )
