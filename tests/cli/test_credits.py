"""Whom a folder and a table credit: the image's own attribution, whatever was selected."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Isic, Result
from tests.support.server import ArchiveServer, Fault

IDS = [f"ISIC_000000{number}" for number in range(5)]
OWN = {isic_id: f'Dr. "{isic_id[-1]}", Wien'.replace('"', "") for isic_id in IDS}

SELECTIONS = {
    "everything": ["-y"],
    "a search": ["-s", "sex:male OR sex:female"],
    "an id file": ["--from", "ids.txt"],
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ArchiveServer]:
    """An archive whose records have `Clinic 0` to `Clinic 4`, and whose ZIP tables have OWN."""
    (tmp_path / "ids.txt").write_text("\n".join(IDS) + "\n")
    with ArchiveServer(IDS, size=2_000) as served:
        served.credits = dict(OWN)
        yield served


@pytest.fixture
def remote(isic: Isic, server: ArchiveServer) -> Callable[..., Result]:
    return lambda *arguments: isic(*arguments, archive=server.url)


def tabled(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["isic_id"]: row["attribution"] for row in csv.DictReader(file)}


def locked(folder: Path) -> dict[str, str]:
    lines = (folder / "isic.lock").read_text("utf-8").splitlines()[1:]
    return {row["isic_id"]: row["attribution"] for row in map(json.loads, lines)}


@pytest.mark.parametrize("selection", SELECTIONS.values(), ids=SELECTIONS.keys())
def test_a_download_credits_each_image_as_the_archive_does(
    remote: Callable[..., Result], tmp_path: Path, selection: list[str]
) -> None:
    done = remote("image", "download", "-y", *selection, "out")

    assert done.code == 0
    assert tabled(tmp_path / "out/metadata.csv") == locked(tmp_path / "out") == OWN
    text = (tmp_path / "out/attribution.txt").read_text("utf-8")
    assert text.split("\n\n") == sorted(OWN.values())
    assert "Attribution: the image's own for 5.\n" in done.err


@pytest.mark.parametrize("selection", [["-s", "sex:male OR sex:female"], ["--from", "ids.txt"]])
def test_a_metadata_table_credits_each_image_as_the_archive_does(
    remote: Callable[..., Result], tmp_path: Path, selection: list[str]
) -> None:
    done = remote("metadata", "download", *selection, "-o", "m.csv")

    assert (done.code, tabled(tmp_path / "m.csv")) == (0, OWN)
    assert done.err.endswith("Attribution: the image's own for 5.\n")


def test_images_whose_own_credit_is_unknown_are_counted(
    remote: Callable[..., Result], server: ArchiveServer, tmp_path: Path
) -> None:
    server.credits = {IDS[1]: "Dr. One", IDS[2]: "Dr. Two"}

    done = remote("metadata", "download", "-o", "m.csv")

    assert tabled(tmp_path / "m.csv") == {
        IDS[0]: "Clinic 0",
        IDS[1]: "Dr. One",
        IDS[2]: "Dr. Two",
        IDS[3]: "Clinic 3",
        IDS[4]: "Clinic 4",
    }
    assert done.err.endswith(
        "Attribution: the image's own for 2; for 3 only the archive's default is known.\n"
    )


@pytest.mark.parametrize("status", [404, 405, 401])
def test_a_route_that_does_not_answer_is_asked_once_and_counted(isic: Isic, status: int) -> None:
    def refuse(_method: str, path: str, _number: int) -> Fault | None:
        return Fault("status", status=status) if "zip-download" in path else None

    ids = [f"ISIC_{number:07}" for number in range(250)]
    with ArchiveServer(ids, hook=refuse) as server:
        server.credits = {}
        done = isic("metadata", "download", "-o", "m.csv", archive=server.url)
        asked = [path for _, path, _ in server.requests if "zip-download" in path]

    assert done.code == 0
    assert done.err.endswith(
        "Attribution: the image's own for 0; for 250 only the archive's default is known.\n"
    )
    assert asked == ["/api/v2/zip-download/url/"]


def test_a_sync_keeps_own_credits_that_the_archive_does_not_tell_any_more(
    remote: Callable[..., Result], server: ArchiveServer, tmp_path: Path
) -> None:
    assert remote("image", "download", "-y", "out").code == 0
    server.credits = None

    synced = remote("dataset", "sync", "out")
    rebuilt = remote("dataset", "sync", "out", "--locked")
    again = remote("image", "download", "-y", "out")

    assert (synced.code, rebuilt.code, again.code) == (0, 0, 0)
    assert "Relabelled" not in rebuilt.err
    assert tabled(tmp_path / "out/metadata.csv") == locked(tmp_path / "out") == OWN


def test_a_default_that_a_folder_has_is_not_taken_for_an_own_credit(
    remote: Callable[..., Result], server: ArchiveServer
) -> None:
    server.credits = {IDS[1]: "Dr. One"}
    assert remote("image", "download", "-y", "out").code == 0
    server.credits = None

    done = remote("dataset", "sync", "out")

    assert "own for 1; for 4 only the archive's default is known." in done.err


def test_a_sync_takes_an_own_credit_that_changed(
    remote: Callable[..., Result], server: ArchiveServer, tmp_path: Path
) -> None:
    assert remote("image", "download", "-y", "out").code == 0
    server.credits = OWN | {IDS[0]: "Dr. New"}

    assert remote("dataset", "sync", "out", "--locked").code == 7
    assert remote("dataset", "sync", "out").code == 0
    assert locked(tmp_path / "out") == OWN | {IDS[0]: "Dr. New"}


def test_a_folder_has_the_own_credits_in_its_records(isic: Isic) -> None:
    done = isic("metadata", "download", "-c", "Nevi")
    assert (done.code, done.err) == (0, "")
