"""A collection of a folder: as the API shows one, and how its images are found."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from isic_cli.errors import LocalError, QueryError
from isic_cli.models.base import DEFERRED
from isic_cli.models.collection import Collection
from isic_cli.query import parse

#: What the API shows of a collection.
_SHOWN = {"id", "name", "description", "public", "pinned", "locked", "doi", "doi_url"}


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
        return self.model_dump(include=_SHOWN)

    def members(
        self, ids: Iterable[str], flat: Callable[[str], Mapping[str, Any]]
    ) -> frozenset[str]:
        """Return which of `ids` belong to the collection."""
        listed = frozenset(self.isic_ids).intersection(ids)
        if self.query is None:
            return listed
        query = parse(self.query)
        return listed | {isic_id for isic_id in ids if query.matches(flat(isic_id))}


_COLLECTIONS = TypeAdapter(list[LocalCollection], config=DEFERRED)


def parse_collections(value: Any, path: Path) -> dict[int, LocalCollection]:
    """Return the collections of a file's list by their ids.

    Raises
    ------
    LocalError
        For what is none, an id that comes twice, or a query that does not parse.
    """
    try:
        found = _COLLECTIONS.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LocalError(f"{path}: {where}: {first['msg']}") from error
    collections = {collection.id: collection for collection in found}
    if len(collections) != len(found):
        raise LocalError(f"{path}: two collections have one id")
    for collection in found:
        try:
            parse(collection.query or "")
        except QueryError as error:
            raise LocalError(f"{path}: query of {collection.name!r}: {error.message}") from error
    return collections
