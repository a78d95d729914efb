"""Names of objects in a store: one that leads out of the folder never becomes a file."""

from pathlib import Path
from typing import Any

import pytest

from isic_cli.errors import UnsafeError
from isic_cli.files.object_store import ObjectFolder, StoredObject


class Listed:
    """A store that lists some names."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self.removed: list[str] = []

    def rm(self, names: list[str]) -> None:
        self.removed += names

    def invalidate_cache(self) -> None:
        """Forget nothing: nothing is kept."""

    def find(self, _root: str, *, detail: bool) -> dict[str, dict[str, Any]]:
        assert detail
        return {name: {"size": 1, "ETag": "x"} for name in self._names}


@pytest.mark.parametrize(
    "name",
    ["../../etc/x", "a/../../x", "/etc/x", "a//b", "./x", "a\\b", "C:/x", "..", "."],
)
def test_an_object_that_would_lie_outside_of_the_folder_is_refused(name: str) -> None:
    folder = ObjectFolder("s3://bucket/isic", Listed("bucket/isic/good.jpg", f"bucket/isic/{name}"))
    with pytest.raises(UnsafeError, match="no folder can hold"):
        folder.listing()


def test_names_inside_and_what_lies_beside_are_told_apart() -> None:
    names = ("bucket/isic/a.jpg", "bucket/isic/.isic/journal.jsonl", "bucket/isic2/b.jpg")
    folder = ObjectFolder("s3://bucket/isic", Listed(*names))
    assert set(folder.listing()) == {"a.jpg", ".isic/journal.jsonl"}


def test_only_what_the_folder_has_no_more_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".isic").mkdir()
    local = (".isic/lock", ".isic/recorded.json", ".notes.csv.17-0123abcd.tmp")
    for name in local:  # none is uploaded
        (tmp_path / name).write_text("x")
    store = Listed()
    listed = {name: StoredObject(1, None, "x") for name in (*local, "withdrawn.jpg")}
    assert list(ObjectFolder("s3://bucket/isic", store).push(tmp_path, listed)) == []
    assert store.removed == ["bucket/isic/withdrawn.jpg"]
