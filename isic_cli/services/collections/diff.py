"""Which images two collections have, and which only one of them has."""

from collections.abc import Iterator
from typing import Literal

from isic_cli.api.archive import ArchiveApi
from isic_cli.models.collection import Collection

Where = Literal["a", "b", "both"]


def compare_collections(
    api: ArchiveApi, one: Collection, other: Collection
) -> Iterator[tuple[str, Where]]:
    """Yield every ISIC id of two collections, sorted, and where it is.

    Both are listed side by side in the order of their ids, so that neither is in memory.
    """
    left = (record.isic_id for record in api.search(collections=[one.id]).by_id())
    right = (record.isic_id for record in api.search(collections=[other.id]).by_id())
    return merge_sorted(left, right)


def merge_sorted(left: Iterator[str], right: Iterator[str]) -> Iterator[tuple[str, Where]]:
    """Yield each id of two sorted streams once, with where it is."""
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a < b):
            yield str(a), "a"
            a = next(left, None)
        elif a is None or b < a:
            yield b, "b"
            b = next(right, None)
        else:
            yield a, "both"
            a, b = next(left, None), next(right, None)
