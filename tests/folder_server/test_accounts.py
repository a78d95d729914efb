"""Who sees what at the folder server."""

import json
from pathlib import Path

import httpx
import pytest

from tests.folder_server.conftest import client_of
from tests.support.folders import jpeg

ACCOUNTS = json.dumps(
    {
        "users": [
            {"id": 1, "token": "staff", "staff": True},
            {"id": 2, "token": "owner", "first_name": "Olga", "last_name": "Owner"},
            {"id": 3, "token": "other"},
        ],
        "private_images": {"ISIC_0000004": [2]},
    }
)
SETS = json.dumps(
    [
        {"id": 1, "name": "one", "isic_ids": ["ISIC_0000001"], "creator": 2, "note": "kept"},
        {"id": 2, "name": "all", "query": "isic_id:ISIC*", "creator": 2},
        {"id": 3, "name": "secret", "public": False, "creator": 2, "shared_with": [3]},
    ]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of four images, with users and three collections."""
    (tmp_path / "accounts.json").write_text(ACCOUNTS)
    (tmp_path / "collections.json").write_text(SETS)
    for number in range(1, 5):
        (tmp_path / f"ISIC_000000{number}.jpg").write_bytes(jpeg(number))
    return tmp_path


def members(client: httpx.Client, number: int, headers: dict[str, str] | None = None) -> list[str]:
    params = {"collections": str(number)}
    answer = client.get("images/search/", params=params, headers=headers)
    return [one["isic_id"] for one in answer.json()["results"]]


def test_a_private_image_is_shown_to_its_users_and_to_staff_only(folder: Path) -> None:
    with client_of(folder) as client:

        def status(user: str) -> int:
            return client.get(
                "images/ISIC_0000004/", headers={"Authorization": f"Bearer {user}"}
            ).status_code

        assert [status(user) for user in ("staff", "owner", "other", "bogus")] == [
            200, 200, 404, 404
        ]  # fmt: skip
        assert client.get("images/ISIC_0000004/").status_code == 404
        shown = client.get("images/ISIC_0000004/", headers={"Authorization": "bearer owner"})
        assert shown.json()["public"] is False
        assert members(client, 2) == ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003"]
        assert "ISIC_0000004" in members(client, 2, {"Authorization": "Bearer owner"})


def test_a_private_collection_is_shown_to_its_maker_to_whom_it_is_shared_and_to_staff(
    folder: Path,
) -> None:
    with client_of(folder) as client:

        def listed(user: str) -> list[int]:
            answer = client.get("collections/", headers={"Authorization": f"Bearer {user}"})
            return [one["id"] for one in answer.json()["results"]]

        assert listed("bogus") == [2, 1]
        assert [listed(user) for user in ("staff", "owner", "other")] == [[3, 2, 1]] * 3


def test_a_user_is_named_by_the_token(folder: Path) -> None:
    with client_of(folder) as client:
        me = client.get("users/me/", headers={"Authorization": "Bearer owner"}).json()

        assert (me["id"], me["full_name"]) == (2, "Olga Owner")
        assert "token" not in me
        assert client.get("users/me/").status_code == 401
        assert client.put("users/accept-terms/").status_code == 401
