"""Names of objects in a store: one that leads out of the folder never becomes a file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import pytest

from isic_cli.errors import LocalError, UnsafeError
from isic_cli.files.object_store import ObjectFolder, ObjectListing
from isic_cli.files.stores import StoredObject, address_of


class Listed:
    """A bucket that lists some keys."""

    def __init__(self, *keys: str) -> None:
        self._keys = keys
        self.removed: list[str] = []

    def find(self, _prefix: str) -> Iterator[tuple[str, StoredObject]]:
        return ((key, StoredObject(1, None, "x")) for key in self._keys)

    def get(self, files: Sequence[tuple[str, Path]]) -> None:
        raise AssertionError

    def put(self, files: Sequence[tuple[Path, str]], jobs: int) -> None:
        raise AssertionError

    def remove(self, keys: Sequence[str]) -> None:
        self.removed += keys

    def open(self, key: str) -> IO[bytes]:
        raise AssertionError


@pytest.mark.parametrize(
    "name",
    ["../../etc/x", "a/../../x", "/etc/x", "a//b", "./x", "a\\b", "C:/x", "..", "."],
)
def test_an_object_that_would_lie_outside_of_the_folder_is_refused(name: str) -> None:
    folder = ObjectFolder("s3://bucket/isic", Listed("isic/good.jpg", f"isic/{name}"), "isic")
    with pytest.raises(UnsafeError, match="no folder can hold"):
        folder.listing()


def test_names_inside_and_what_lies_beside_are_told_apart() -> None:
    names = ("isic/a.jpg", "isic/.isic/journal.jsonl", "isic2/b.jpg", "isic/", "isic/sub/")
    folder = ObjectFolder("s3://bucket/isic", Listed(*names), "isic")
    assert set(folder.listing()) == {"a.jpg", ".isic/journal.jsonl"}


def test_only_what_the_folder_has_no_more_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".isic").mkdir()
    local = (".isic/lock", ".isic/recorded.json", ".notes.csv.17-0123abcd.tmp")
    for name in local:  # none is uploaded
        (tmp_path / name).write_text("x")
    store = Listed()
    listed = {name: StoredObject(1, None, "x") for name in (*local, "withdrawn.jpg")}
    assert list(ObjectFolder("s3://bucket/isic", store, "isic").push(tmp_path, listed)) == []
    assert store.removed == ["isic/withdrawn.jpg"]


def test_a_bucket_stands_in_the_path_unless_the_configuration_has_it_in_front() -> None:
    assert address_of("b", "http://127.0.0.1:9000", {}) == {
        "endpoint": "http://127.0.0.1:9000",
        "virtual_hosted_style_request": False,
    }
    assert address_of("b", "https://oss.example", {"addressing_style": "virtual"}) == {
        "endpoint": "https://b.oss.example",
        "virtual_hosted_style_request": True,
    }


def test_a_listing_is_a_mapping_in_the_order_of_names() -> None:
    one, other = StoredObject(3, None, "x-2"), StoredObject(4, "0" * 32, "0" * 32)
    listing = ObjectListing([("b", one), ("a\u00e9", other), ("b", other)])
    assert list(listing.items()) == [("a\u00e9", other), ("b", other)]
    assert (len(listing), listing.get("c"), "b" in listing) == (2, None, True)
    assert (listing.pop("b"), listing.pop("b", None)) == (other, None)
    assert dict(listing) == {"a\u00e9": other}


def test_a_full_disk_for_temporary_files_is_said() -> None:
    listing = ObjectListing()
    listing._ask("PRAGMA max_page_count = 2")
    with pytest.raises(LocalError, match="cannot write a temporary file: database or disk is full"):
        listing.update((f"{number:0300}", StoredObject(1, None, "x")) for number in range(99))
