"""The metadata of a selection as a table: straight from the index to a file, where that can be."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from isic_cli.errors import NotFoundError
from isic_cli.index.columns import METADATA
from isic_cli.index.index import Index
from isic_cli.index.lookups import collections_of, set_fields
from isic_cli.models.image import LEADING_COLUMNS, ImageRecord
from isic_cli.models.selection import Selection
from isic_cli.services.select.offline import OfflineImages

_BATCH = 2000
_MEMBERS = (
    "(SELECT list(collection_id ORDER BY collection_id) FROM memberships"
    " WHERE memberships.isic_id = images.isic_id)"
)


def can_export(images: OfflineImages, selection: Selection) -> bool:
    """Whether a table of these images can be written without looking at each of them.

    Not where the order is that of a list of ids, or only the first so many count, or some image
    has a value that the columns of the index cannot show as the archive sent it.
    """
    if not images.is_one_condition or selection.limit:
        return False
    return images.index.is_exact(images.condition)


def export(
    images: OfflineImages, path: Path, kind: Literal["csv", "parquet"], *, collections: bool
) -> int:
    """Write a table in the official order of columns, sorted by ISIC id.

    Parameters
    ----------
    images : OfflineImages
        Opened with `path` among its `writes`.
    path : Path
        Written in place.
    kind : {"csv", "parquet"}
        Text as the archive writes it, or typed columns.
    collections : bool
        A column with the numbers of the collections that an image is in.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    LocalError
        When the file cannot be written.
    """
    names = set_fields(images.index, images.condition)
    if collections:
        check_collections(images.index)
        names = sorted([*names, "collections"])
    shown = _as_text if kind == "csv" else _as_typed
    columns = ", ".join(f'{shown(name)} AS "{name}"' for name in (*LEADING_COLUMNS, *names))
    options = "FORMAT csv, HEADER" if kind == "csv" else "FORMAT parquet, COMPRESSION zstd"
    return images.index.export(columns, images.condition, path, options)


def arrow_of(images: OfflineImages) -> Any:
    """Return the table that `export` writes, typed, as Arrow; the caller has pyarrow."""
    names = (*LEADING_COLUMNS, *set_fields(images.index, images.condition))
    return images.index.arrow(", ".join(f'"{name}"' for name in names), images.condition)


def _as_typed(name: str) -> str:
    return _MEMBERS if name == "collections" else f'"{name}"'


def _as_text(name: str) -> str:
    """Return an expression for what the CSV writer of Python makes of a value."""
    if name == "collections":
        return f"'[' || array_to_string({_MEMBERS}, ', ') || ']'"
    column = METADATA.get(name)
    match column.type if column else "VARCHAR":
        case "BOOLEAN":
            return f"CASE WHEN \"{name}\" THEN 'True' WHEN NOT \"{name}\" THEN 'False' END"
        case "DOUBLE":
            return f"printf('%.2f', \"{name}\")"
        case "VARCHAR":
            return f"nullif(\"{name}\", '')"
    return f'"{name}"'


def check_collections(index: Index) -> None:
    """Raise NotFoundError when the index does not know who is in which collection."""
    if index.state.collections_as_of is None:
        raise NotFoundError(
            "the index has no collections", hint="Run `isic cache refresh --collections`."
        )


def rows_with_collections(
    index: Index, records: Iterable[ImageRecord], fields: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """Yield the flat rows of records with a list `collections` of the numbers of theirs.

    Parameters
    ----------
    index : Index
        Knows the collections.
    records : iterable of ImageRecord
        Images.
    fields : sequence of str
        The fields that a row has; empty for all that the image has.
    """
    check_collections(index)
    records = iter(records)
    while batch := list(islice(records, _BATCH)):
        members = collections_of(index, [record.isic_id for record in batch])
        for record in batch:
            row = {name: record.field(name) for name in fields} if fields else record.row()
            row["isic_id"] = record.isic_id
            if record.isic_id in members:
                row["collections"] = members[record.isic_id]
            yield row
