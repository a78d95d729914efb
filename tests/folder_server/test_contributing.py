"""Uploading to the folder server: what is kept, who may, and what goes wrong."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.folder_server.conftest import client_of
from tests.support.folders import jpeg

ACCOUNTS = json.dumps(
    {
        "users": [{"id": 2, "token": "owner"}, {"id": 3, "token": "other"}],
        "contributors": [{"id": 1, "owners": [2], "institution_name": "Clinic"}],
        "cohorts": [
            {"id": 1, "contributor": 1, "name": "A", "accession_count": 4},
            {"id": 2, "contributor": 1, "name": "B"},
        ],
    }
)
OWNER = {"Authorization": "Bearer owner"}
OTHER = {"Authorization": "Bearer other"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "accounts.json").write_text(ACCOUNTS)
    (tmp_path / "ISIC_0000001.jpg").write_bytes(jpeg(1))
    return tmp_path


def begun(client: httpx.Client, content: bytes) -> Any:
    body = {
        "field_id": "ingest.Accession.original_blob",
        "file_name": "../mole é.jpg",
        "file_size": len(content),
        "content_type": "image/jpeg",
    }
    return client.post("s3-upload/upload-initialize/", json=body).json()


def uploaded(client: httpx.Client, content: bytes) -> str:
    upload = begun(client, content)
    (part,) = upload["parts"]
    etag = client.put(part["upload_url"], content=content).headers["ETag"]
    joined = client.post(
        "s3-upload/upload-complete/",
        json={
            "upload_signature": upload["upload_signature"],
            "upload_id": upload["upload_id"],
            "parts": [{"part_number": 1, "size": part["size"], "etag": etag}],
        },
    ).json()
    assert client.post(joined["complete_url"], content=joined["body"]).status_code == 200
    final = client.post(
        "s3-upload/finalize/", json={"upload_signature": upload["upload_signature"]}
    )
    return str(final.json()["field_value"])


def test_an_uploaded_file_is_kept_and_counted_in_its_cohort(folder: Path) -> None:
    with client_of(folder) as client:
        body = {"cohort": 1, "original_blob": uploaded(client, b"picture"), "metadata": {"age": 50}}
        assert client.post("accessions/", json=body, headers=OWNER).json() == {"id": 5}
        assert client.get("cohorts/1/", headers=OWNER).json()["accession_count"] == 5

    (kept,) = (folder / ".isic" / "contributions" / "files").rglob("*.jpg")
    assert (kept.name, kept.read_bytes()) == ("_mole_é.jpg", b"picture")
    assert not list((folder / ".isic" / "contributions" / "parts").iterdir())


def test_an_upload_is_no_image_of_the_folder(folder: Path) -> None:
    with client_of(folder) as client:
        uploaded(client, b"picture")
    with client_of(folder) as again:
        assert again.get("images/").json()["count"] == 1


def test_one_sees_and_fills_ones_own_cohorts_only(folder: Path) -> None:
    with client_of(folder) as client:

        def listed(path: str, headers: dict[str, str]) -> list[int]:
            return [one["id"] for one in client.get(path, headers=headers).json()["results"]]

        assert (listed("cohorts/", OWNER), listed("cohorts/", OTHER)) == ([2, 1], [])
        assert (listed("contributors/", OWNER), listed("contributors/", OTHER)) == ([1], [])
        assert client.get("cohorts/1/", headers=OTHER).status_code == 404
        assert client.get("contributors/1/", headers=OTHER).status_code == 404
        assert client.get("contributors/1/", headers=OWNER).json() == {
            "id": 1,
            "owners": [2],
            "institution_name": "Clinic",
            "cohorts": [
                {"id": 1, "name": "A", "accession_count": 4},
                {"id": 2, "name": "B", "accession_count": 0},
            ],
            "cohort_count": 2,
            "accession_count": 4,
        }
        body = {"cohort": 9, "original_blob": uploaded(client, b"x")}
        assert client.post("accessions/", json=body, headers=OWNER).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["cohorts/", "cohorts/1/", "contributors/", "contributors/1/"],
)
def test_a_guest_sees_no_contribution(folder: Path, path: str) -> None:
    with client_of(folder) as client:
        assert client.get(path).status_code == 401


def test_a_guest_contributes_nothing(folder: Path) -> None:
    with client_of(folder) as client:
        assert client.post("contributors/", json={}).status_code == 401
        assert client.post("accessions/", json={}).status_code == 401


def test_a_large_file_has_parts_of_64_mib(folder: Path) -> None:
    size = 2 * 64 * 2**20 + 1
    body = {"field_id": "f", "file_name": "a.tif", "file_size": size, "content_type": "image/tiff"}
    with client_of(folder) as client:
        parts = client.post("s3-upload/upload-initialize/", json=body).json()["parts"]

    assert [part["size"] for part in parts] == [64 * 2**20, 64 * 2**20, 1]


def test_an_upload_with_a_part_missing_is_not_taken_for_whole(folder: Path) -> None:
    with client_of(folder) as client:
        upload = begun(client, b"picture")
        signature = {"upload_signature": upload["upload_signature"]}
        joined = client.post(
            "s3-upload/upload-complete/",
            json={**signature, "upload_id": "", "parts": [
                {"part_number": 1, "size": 7, "etag": '"x"'}
            ]},
        ).json()  # fmt: skip

        assert client.post(joined["complete_url"], content=joined["body"]).status_code == 404
        assert client.post("s3-upload/finalize/", json=signature).status_code == 400
        assert client.put("/uploads/a/b", content=b"").status_code == 404
