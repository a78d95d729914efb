"""Questions to the index: its collections and their images, its fields, a user's expression."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from isic_cli.errors import LocalError, UsageError
from isic_cli.files.digest import sha256_of
from isic_cli.index.condition import Condition
from isic_cli.index.engine import first_line
from isic_cli.index.index import Index
from isic_cli.index.state import COLLECTIONS

if TYPE_CHECKING:
    from isic_cli.models.collection import Collection


def listed_collections(index: Index) -> "list[Collection] | None":
    """Return the collections, the newest first; None when the index has none."""
    if COLLECTIONS not in index.state.files:
        return None
    from isic_cli.models.collection import Collection  # pydantic, for those who ask for them

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


def set_fields(index: Index, condition: Condition) -> list[str]:
    """Return the metadata fields that some image has, those unknown to the index included."""
    counts = index.present(condition)
    others = counts.pop("other")
    names = {name for name, count in counts.items() if count}
    if others:
        for group in ("acquisition", "clinical"):
            found = index.table(
                f"SELECT DISTINCT unnest(json_keys(other, '$.{group}')) AS name"
                f" FROM images WHERE other IS NOT NULL AND ({condition.sql})",
                condition,
            )
            names |= {row["name"] for row in found}
    return sorted(names)


def try_out(index: Index, condition: Condition, *, text: str) -> None:
    """Evaluate a condition on every record.

    DuckDB finds out what a value cannot do, such as a text that is not a date or a pattern with a
    bracket too many, only when it evaluates it: left to the listing, that would come in the
    middle of the rows, and look like an index that is damaged.

    Parameters
    ----------
    index : Index
        Open.
    condition : Condition
        With the expression in it.
    text : str
        The expression as the user wrote it.

    Raises
    ------
    UsageError
        When the expression does not parse or cannot be evaluated.
    LocalError
        When the index is damaged.
    """
    index.check(condition, text=text)
    try:
        index.count(condition)
    except LocalError as error:
        import duckdb

        found = error.__cause__
        # These are of values: a text that is not a number, a number too large, a pattern cut short.
        of_values = (duckdb.ConversionException, duckdb.OutOfRangeException)
        if isinstance(found, (*of_values, duckdb.InvalidInputException)) and _is_sound(index):
            raise UsageError(
                f"SQL: {first_line(found)}",
                hint="It must be true or false of every image: sex = 'male'.",
            ) from error
        raise


def _is_sound(index: Index) -> bool:
    """Whether the files are as they were written: a torn one is an invalid input too."""
    return all(
        sha256_of(index.folder / file.name) == file.sha256 for file in index.state.files.values()
    )
