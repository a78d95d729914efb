"""Names of objects in a store: one that leads out of the folder never becomes a file."""

from typing import Any

import pytest

from isic_cli.errors import UnsafeError
from isic_cli.files.object_store import ObjectFolder


class Listed:
    """A store that lists some names."""

    def __init__(self, *names: str) -> None:
        self._names = names

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
