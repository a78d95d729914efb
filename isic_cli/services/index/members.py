"""Which images are in which collections."""

from collections.abc import Iterator
from pathlib import Path

from isic_cli.api.archive import ArchiveApi
from isic_cli.index.build import Builder
from isic_cli.index.index import Index
from isic_cli.index.memberships import member_counts, members
from isic_cli.index.parts import IndexParts


def refresh_members(
    api: ArchiveApi, builder: Builder, old: Index | None, parts: IndexParts
) -> Iterator[int]:
    """Write the collections and their members into a new generation of an index.

    A collection that has as many images as in the old index is taken to have the same ones.

    Parameters
    ----------
    api : ArchiveApi
        The archive.
    builder : Builder
        Of the new generation.
    old : Index or None
        What is known; None to list every collection.
    parts : IndexParts
        Takes what is listed, and has what an earlier run listed.

    Yields
    ------
    int
        Members of each collection as it is done.
    """
    collections = list(api.collections())
    known = member_counts(old) if old is not None else {}
    files: list[Path] = []
    for collection in collections:
        search = api.search(collections=[collection.id])
        count = search.count()
        name = f"collection-{collection.id}"
        path = parts.find(name, count)
        if path is None:
            if old is not None and known.get(collection.id, 0) == count:
                ids = members(old, collection.id)
            else:
                ids = (record.isic_id for record in search.unordered())
            path, _ = parts.write(name, (f"{collection.id},{isic_id}\n" for isic_id in ids))
        files.append(path)
        yield count
    builder.collections([item.model_dump() for item in collections], files)
