"""Changing the collections of a folder: what stays, who may, and what goes wrong."""

import json
import threading
from typing import Any

import httpx
import pytest

from isic_cli.errors import LocalError
from isic_cli.folder.collection_file import Change, CollectionFile
from isic_cli.folder.local_collection import LocalCollection
from tests.folder.conftest import Make, client_of, png

PICTURES: dict[str, str | bytes] = {f"ISIC_000000{number}.png": png(1, 1) for number in range(1, 5)}
SETS = json.dumps(
    [
        {"id": 1, "name": "one", "isic_ids": ["ISIC_0000001"], "creator": 2, "note": "kept"},
        {"id": 2, "name": "all", "query": "isic_id:ISIC*", "creator": 2},
        {"id": 3, "name": "secret", "public": False, "creator": 2, "shared_with": [3]},
    ]
)


def members(client: httpx.Client, number: int) -> list[str]:
    answer = client.get("images/search/", params={"collections": str(number)})
    return [one["isic_id"] for one in answer.json()["results"]]


def post(client: httpx.Client, path: str, ids: list[str]) -> Any:
    return client.post(path, json={"isic_ids": ids}).json()


def test_whoever_has_a_folder_may_change_its_collections(make: Make) -> None:
    folder = make({"collections.json": SETS, **PICTURES})
    with client_of(folder) as client:
        told = post(client, "collections/1/populate-from-list/", ["ISIC_0000003", "ISIC_9999999"])
        assert told == {
            "no_perms_or_does_not_exist": ["ISIC_9999999"],
            "private_image_public_collection": [],
            "succeeded": ["ISIC_0000003"],
        }
        assert members(client, 1) == ["ISIC_0000001", "ISIC_0000003"]
    with client_of(folder) as again:
        assert members(again, 1) == ["ISIC_0000001", "ISIC_0000003"]


def test_a_change_keeps_what_it_does_not_know_and_leaves_no_part(make: Make) -> None:
    folder = make({"collections.json": SETS, **PICTURES})
    with client_of(folder) as client:
        post(client, "collections/1/remove-from-list/", ["ISIC_0000001"])

    kept = json.loads((folder / "collections.json").read_text("utf-8"))["collections"]
    assert kept[0] == {
        "id": 1, "name": "one", "isic_ids": [], "creator": 2, "note": "kept", "query": None
    }  # fmt: skip
    assert kept[1:] == json.loads(SETS)[1:]
    assert [path.name for path in folder.glob(".*")] == [".collections.json.lock"]


def test_a_collection_that_is_a_query_becomes_a_list_when_it_is_changed(make: Make) -> None:
    with client_of(make({"collections.json": SETS, **PICTURES})) as client:
        post(client, "collections/2/remove-from-list/", ["ISIC_0000002"])

        assert members(client, 2) == ["ISIC_0000001", "ISIC_0000003", "ISIC_0000004"]


def test_the_demo_is_not_changed(archive: httpx.Client) -> None:
    answer = archive.post("collections/2/populate-from-list/", json={"isic_ids": []})
    made = archive.post(
        "collections/create-from-isic-ids/", json={"name": "n", "isic_ids": ["ISIC_9000000"]}
    )

    refused = {"error": "This archive cannot be changed."}
    assert (answer.status_code, answer.json()) == (403, refused)
    assert (made.status_code, made.json()) == (403, refused)


def adding(made: LocalCollection) -> Change:
    return lambda collections: collections | {made.id: made}


def test_two_that_change_one_folder_lose_nothing_of_each_other(make: Make) -> None:
    path = make({"collections.json": "[]"}) / "collections.json"

    def add_twenty(first: int) -> None:
        collection_file = CollectionFile(path)  # each as in a process of its own
        for number in range(first, first + 20):
            collection_file.change(adding(LocalCollection(id=number, name=str(number))))

    threads = [threading.Thread(target=add_twenty, args=(first,)) for first in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(CollectionFile(path).collections) == 40


def test_a_collection_deleted_by_another_process_does_not_come_back(make: Make) -> None:
    folder = make({"collections.json": SETS, **PICTURES})
    with client_of(folder) as client:
        assert client.get("collections/1/").status_code == 200
        CollectionFile(folder / "collections.json").change(
            lambda all_: {key: one for key, one in all_.items() if key != 1}
        )
        post(client, "collections/1/populate-from-list/", ["ISIC_0000001"])

        assert client.get("collections/1/").status_code == 404


def test_a_folder_that_cannot_be_written_says_so(make: Make) -> None:
    folder = make({**PICTURES})
    (folder / ".collections.json.lock").mkdir()
    with (
        client_of(folder) as client,
        pytest.raises(LocalError, match=r"cannot write .*collections\.json"),
    ):
        client.post(
            "collections/create-from-isic-ids/", json={"name": "n", "isic_ids": ["ISIC_0000001"]}
        )
    assert not (folder / "collections.json").exists()


def test_a_collection_with_a_doi_is_not_deleted(make: Make) -> None:
    sets = '[{"id": 1, "name": "n", "doi": "10.5555/1"}]'
    with client_of(make({"collections.json": sets, **PICTURES})) as client:
        answer = client.delete("collections/1/")
        assert (answer.status_code, answer.json()) == (
            400,
            {"error": "Collections with DOIs cannot be deleted."},
        )
