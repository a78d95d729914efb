"""What a gallery asks of a folder beside an archive: any order, and the masks of an image."""

from collections.abc import Sequence
from typing import Any

from isic_cli.folder.indexed import IndexedStore
from isic_cli.folder.store import FolderStore
from isic_cli.index.condition import Condition
from isic_cli.query import FIELDS, parse


def ordered(store: FolderStore, text: str, field: str, *, falling: bool = False) -> Sequence[str]:
    """Return the images that a query finds, sorted by a field; in listing order without one.

    Images without a value come last.

    Raises
    ------
    QueryError
        For a query that does not parse.
    """
    if isinstance(store, IndexedStore):
        condition = Condition.of(parse(text))
        if not field:
            return list(store.index.ids(condition, archive_order=True))
        order = f'"{field}" {"DESC" if falling else "ASC"} NULLS LAST, isic_id'
        sql = f"SELECT isic_id FROM images WHERE {condition.sql} ORDER BY {order}"
        return [row["isic_id"] for row in store.index.table(sql, condition)]
    found = store.select(text)
    if not field:
        return found
    is_number = field not in FIELDS or FIELDS[field].kind == "number"
    values: dict[str, Any] = {}
    for isic_id in found:
        value = store.flat(isic_id).get(field)
        if value not in (None, ""):
            values[isic_id] = float(value) if is_number else value
    known = sorted(values, key=values.__getitem__, reverse=falling)
    return [*known, *(isic_id for isic_id in found if isic_id not in values)]


def masks_of(store: FolderStore, isic_id: str) -> list[str]:
    """Return the names of the masks of an image."""
    if isinstance(store, IndexedStore):
        asked = Condition("kind = 'mask' AND starts_with(name, ?)", (isic_id,))
        sql = f"SELECT name FROM files WHERE {asked.sql} ORDER BY name"
        return [row["name"] for row in store.index.table(sql, asked)]
    return sorted(name for name in store.contents.masks if name.startswith(isic_id))


def marks_of(store: FolderStore, isic_id: str) -> list[dict[str, Any]]:
    """Return the studies in which somebody annotated an image, with their features."""
    return [
        {
            "id": study.id,
            "name": study.name,
            "features": [" : ".join(one.get("name", ())) for one in study.features],
        }
        for study in store.studies.values()
        if any(one.image == isic_id for one in study.annotated()[1])
    ]
