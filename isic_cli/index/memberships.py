"""Read the collections of an index, and which images are in them."""

from collections.abc import Iterator, Sequence

from isic_cli.index.condition import Condition
from isic_cli.index.index import Index
from isic_cli.index.state import COLLECTIONS
from isic_cli.models.collection import Collection


def listed_collections(index: Index) -> list[Collection] | None:
    """Return the collections, the newest first; None when the index has none."""
    if COLLECTIONS not in index.state.files:
        return None
    rows = index.table("SELECT * FROM collections ORDER BY id DESC")
    return [Collection.model_validate(row) for row in rows]


def member_counts(index: Index) -> dict[int, int]:
    """Return how many images each collection has."""
    rows = index.table("SELECT collection_id, count(*) AS n FROM memberships GROUP BY 1")
    return {row["collection_id"]: row["n"] for row in rows}


def members(index: Index, collection_id: int) -> Iterator[str]:
    """Yield the ids of the images in a collection."""
    condition = Condition("collection_id = ?", (collection_id,))
    sql = f"SELECT isic_id FROM memberships WHERE {condition.sql}"
    yield from (row["isic_id"] for row in index.table(sql, condition))


def collections_of(index: Index, isic_ids: Sequence[str]) -> dict[str, list[int]]:
    """Return the numbers of the collections that images are in, sorted."""
    condition = Condition("isic_id IN (SELECT unnest(?))", (list(isic_ids),))
    rows = index.table(
        "SELECT isic_id, list(collection_id ORDER BY collection_id) AS numbers"
        f" FROM memberships WHERE {condition.sql} GROUP BY isic_id",
        condition,
    )
    return {row["isic_id"]: row["numbers"] for row in rows}
