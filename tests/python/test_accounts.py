"""Collections that are changed from Python, cohorts, masks, and a login without a prompt."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli import Archive
from isic_cli.errors import AuthError, NotFoundError, UsageError
from isic_cli.python.images import IsicWarning
from tests.support.folder_server import served_folder
from tests.support.folders import make_folder
from tests.support.oauth import serve_oauth


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
