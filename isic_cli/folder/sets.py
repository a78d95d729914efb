"""The collections of a folder, from its `collections.json`.

The file holds a list, or an object with a list under `collections`, of::

    {"id": 1, "name": "Nevi", "description": "…", "public": true, "pinned": false,
     "locked": false, "doi": null, "doi_url": null,
     "isic_ids": ["ISIC_0000000", …]}

Only `id` and `name` must be there. Instead of `isic_ids` a collection may have `query`, a search
in the archive's language: its images are then whatever the query matches.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from isic_cli.errors import LocalError, QueryError
from isic_cli.models.collection import Collection
from isic_cli.query import parse

#: What the API shows of a collection.
SHOWN = frozenset(
    {"id", "name", "description", "public", "pinned", "locked", "doi", "doi_url"},
)


class LocalCollection(Collection):
    """A collection and how its images are found.

    Attributes
    ----------
    isic_ids : tuple of str
        The images, in the order given.
    query : str or None
        A search whose images belong to the collection as well.
    """

    isic_ids: tuple[str, ...] = ()
    query: str | None = None

    def shown(self) -> dict[str, Any]:
        """Return the collection as the API describes it."""
        return self.model_dump(include=set(SHOWN))

    def members(
        self, ids: Iterable[str], flat: Callable[[str], Mapping[str, Any]]
    ) -> frozenset[str]:
        """Return which of `ids` belong to the collection."""
        listed = frozenset(self.isic_ids).intersection(ids)
        if self.query is None:
            return listed
        query = parse(self.query)
        return listed | {isic_id for isic_id in ids if query.matches(flat(isic_id))}


_COLLECTIONS = TypeAdapter(list[LocalCollection])


def read_collections(path: Path) -> dict[int, LocalCollection]:
    """Read the collections of a folder; an absent file has none.

    Raises
    ------
    LocalError
        For a file that cannot be read, is not as described above, gives one id twice, or holds
        a query that does not parse.
    """
    try:
        value = json.loads(path.read_text("utf-8-sig"))
        listed = value.get("collections") if isinstance(value, dict) else value
        found = _COLLECTIONS.validate_python(listed)
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LocalError(f"{path}: {where}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise LocalError(f"cannot read {path}: {error}") from error
    collections = {collection.id: collection for collection in found}
    if len(collections) != len(found):
        raise LocalError(f"{path}: two collections have one id")
    for collection in found:
        try:
            parse(collection.query or "")
        except QueryError as error:
            raise LocalError(f"{path}: query of {collection.name!r}: {error.message}") from error
    return collections
