"""Collections that are changed from Python, cohorts, masks, and a login without a prompt."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli import Archive
from isic_cli.errors import (
    AuthError,
    CheckError,
    NotFoundError,
    RefusedError,
    StateError,
    UsageError,
)
from isic_cli.python.warned import IsicWarning
from tests.support.folder_server import served_folder
from tests.support.folders import jpeg, make_folder
from tests.support.oauth import Html, serve_oauth


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "archive")


def test_a_collection_is_listed_compared_added_to_and_removed_from(folder: Path) -> None:
    with Archive.open(folder) as archive:
        nevi = archive.collection("Nevi")
        assert (nevi.id, nevi.name, nevi.locked) == (7, "Nevi", False)
        assert nevi.images().ids() == ["ISIC_0000002", "ISIC_0000003"]
        assert nevi.images("sex:male").ids() == ["ISIC_0000003"]

        with pytest.warns(IsicWarning, match="ISIC_9999999: not in the archive"):
            told = nevi.add(["ISIC_0000001", "ISIC_0000002", "ISIC_9999999"])
        assert [row["status"] for row in told] == ["added", "already_member", "not_found"]
        assert nevi.images().count() == 3

        told = nevi.remove(archive.search("sex:male"))
        assert {row["isic_id"]: row["status"] for row in told} == {
            "ISIC_0000001": "removed",
            "ISIC_0000003": "removed",
        }
        assert nevi.images().ids() == ["ISIC_0000002"]
        pairs = {row["isic_id"]: row["in"] for row in nevi.diff(9)}
        assert pairs["ISIC_0000002"] in {"a", "both"}
        assert nevi.cite().startswith("Nevi")
        assert repr(nevi) == "<ImageCollection 7 Nevi>"
        with pytest.raises(UsageError, match=r"images is a list of ISIC ids"):
            nevi.add("ISIC_0000001")
        with pytest.raises(NotFoundError):
            nevi.diff("nothing like it")


def test_cohorts_are_those_of_the_user(folder: Path) -> None:
    accounts = {
        "users": [{"id": 2, "token": "owner"}],
        "contributors": [{"id": 1, "owners": [2], "institution_name": "Clinic"}],
        "cohorts": [{"id": 1, "contributor": 1, "name": "A", "accession_count": 4}],
    }
    (folder / "accounts.json").write_text(json.dumps(accounts))
    with served_folder(folder) as url:
        with Archive.open(url, token="owner") as archive:
            assert [(one.id, one.name) for one in archive.cohorts()] == [(1, "A")]
        with Archive.open(url, guest=True) as archive, pytest.raises(AuthError):
            list(archive.cohorts())


def test_pictures_are_uploaded_once_and_checked_before(folder: Path, tmp_path: Path) -> None:
    accounts = {
        "users": [{"id": 2, "token": "owner"}],
        "contributors": [{"id": 1, "owners": [2], "institution_name": "Clinic"}],
        "cohorts": [{"id": 4, "contributor": 1, "name": "A"}],
    }
    (folder / "accounts.json").write_text(json.dumps(accounts))
    photos, table = tmp_path / "photos", tmp_path / "upload.csv"
    photos.mkdir()
    for number in (1, 2):
        (photos / f"mole{number}.jpg").write_bytes(jpeg(number))
    table.write_text("filename,sex\nmole1.jpg,male\nmole2.jpg,unicorn\n")
    with served_folder(folder) as url, Archive.open(url, token="owner") as archive:
        assert [one.institution_name for one in archive.contributors()] == ["Clinic"]
        assert (archive.contributor(1).id, archive.cohort("A").id, archive.cohort(4).name) == (
            1,
            4,
            "A",
        )
        with pytest.raises(CheckError, match="row 3: sex"):
            archive.upload("A", photos, metadata=table)
        planned = archive.upload("A", [photos], dry_run=True)
        assert [row["status"] for row in planned] == ["ready", "ready"]
        told = archive.upload("A", photos / "mole1.jpg")
        assert [(row["status"], row["accession"]) for row in told] == [("uploaded", 1)]
        again = archive.upload(4, photos)
        assert [row["status"] for row in again] == ["present", "uploaded"]
        with pytest.raises(NotFoundError, match="no cohort 'B' of yours"):
            archive.upload("B", photos)
        with pytest.raises(NotFoundError, match="none.jpg"):
            archive.upload("A", "none.jpg")


def test_a_collection_is_made_and_deleted_by_who_may(demo_by_name: None) -> None:
    with Archive.open("demo", token="demo-curator") as archive:
        assert archive.token() == "demo-curator"
        with pytest.warns(IsicWarning, match="ISIC_9999999"):
            made = archive.create_collection("Two", ["ISIC_9000002", "ISIC_9999999"])
        try:
            assert archive.collection("Two").images().ids() == ["ISIC_9000002"]
            with pytest.raises(RefusedError):
                archive.create_collection("Two", ["ISIC_9000002"])
        finally:
            made.delete()
        with pytest.raises(NotFoundError):
            archive.collection("Two")
        with pytest.raises(StateError, match="is locked and cannot be deleted"):
            archive.collection(1).delete()
        with pytest.raises(NotFoundError, match="has no DOI"):
            archive.collection(2).files()
    with Archive.open("demo") as archive:
        for call in (archive.token, lambda: archive.create_collection("x", ["ISIC_9000002"])):
            with pytest.raises(AuthError):
                call()


def test_frozen_files_are_fetched_and_a_failed_one_is_told(tmp_path: Path) -> None:
    with serve_oauth() as served:
        served.pages = {
            "/api/v2/collections/4/": {"id": 4, "name": "Nevi", "doi": "10.5555/x"},
            "/doi/nevi/": Html(
                "<p>10.5555/x</p><table>"
                '<tr><td>Metadata.</td><td>3 bytes</td><td>JSON</td><td><a href="/files/m.json">'
                '</a></td></tr><tr><td>Gone.</td><td>1 GB</td><td>ZIP</td><td><a href="/files/g">'
                "</a></td></tr></table>"
            ),
            "/files/m.json": [1],
        }
        with Archive.open(served.url, retries=0) as archive:
            collection = archive.collection(4)
            assert [row["name"] for row in collection.files()] == ["m.json", "g"]
            result = collection.download_files(tmp_path / "out")
            assert (result.downloaded, list(result.failed)) == (("m.json",), ["g"])
            assert collection.download_files(tmp_path / "out").skipped == ("m.json",)
    assert (tmp_path / "out" / "m.json").read_bytes() == b"[1]"


def test_the_masks_of_an_image_are_named_by_what_they_outline(folder: Path) -> None:
    inside = np.zeros((6, 8), np.uint8)
    inside[2:4, 3:6] = 255
    for what in ("segmentation", "attribute_globules"):
        Image.fromarray(inside).save(folder / f"ISIC_0000001_{what}.png")
    with Archive.open(folder) as archive:
        found = archive.image("ISIC_0000001").segmentations()
        assert list(found) == ["globules", "lesion"]
        np.testing.assert_array_equal(found["lesion"], inside > 0)
        assert archive.segmentations("ISIC_0000002") == {}


@pytest.mark.slow
def test_a_login_needs_no_prompt_and_is_that_of_the_shell() -> None:
    with serve_oauth() as served, Archive.open(served.url) as archive:
        pending = archive.login()
        assert pending.url in repr(pending)
        with pytest.raises(AuthError, match="does not accept"):
            pending.finish("wrong")
        pending = archive.login()
        assert pending.finish(served.sign_in(pending.url)).full_name == "Olga Owner"
        with Archive.open(served.url) as again:
            assert again.me().full_name == "Olga Owner"
        archive.logout()
        assert not served.access
        with pytest.raises(AuthError):
            archive.me()


def test_nobody_logs_in_to_an_archive_of_this_machine(folder: Path) -> None:
    with Archive.open(folder) as archive, pytest.raises(UsageError, match="has no users"):
        archive.login()
