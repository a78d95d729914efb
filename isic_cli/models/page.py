"""One page of a listing of the archive's API, and JSON that is read without pydantic.

The import of pydantic is a quarter of a small command: what only asks for images needs none of it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from isic_cli.files.load import DataError, parse_json

T = TypeVar("T")

#: Half of a character that JSON spells in two halves; text cannot hold one alone.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page as every paged endpoint sends it.

    Attributes
    ----------
    results : list
        The rows.
    count : int or None
        Rows in the whole listing; the archive sends it on the first page only.
    next, previous : str or None
        Absolute URLs of the neighbouring pages.
    """

    results: list[T]
    count: int | None = None
    next: str | None = None
    previous: str | None = None


def page_of(read: Callable[[Any], T]) -> Callable[[bytes], Page[T]]:
    """Return what reads the JSON of a page, each of whose rows `read` reads.

    It raises DataError for what is not JSON, and another ValueError for JSON of another shape.
    """

    def validate(body: bytes) -> Page[T]:
        given = read_object(body)
        rows = given.get("results")
        if type(rows) is not list:
            raise ValueError(f"results: a list is needed, not {rows!r:.40}")
        for name, kind in (("count", int), ("next", str), ("previous", str)):
            value = given.get(name)
            if value is not None and type(value) is not kind:
                raise ValueError(f"{name}: {kind.__name__} is needed, not {value!r:.40}")
        return Page([read(row) for row in rows], *map(given.get, ("count", "next", "previous")))

    return validate


def read_value(body: bytes) -> Any:
    """Read JSON that the archive sent; raises DataError for anything else."""
    value = parse_json(body)
    if _HALF.search(body):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise DataError("half a character") from error
    return value


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; raises ValueError for anything else."""
    value = read_value(body)
    if type(value) is not dict:
        raise ValueError(f"an object is needed, not {value!r:.40}")
    return value


def read_objects(body: bytes) -> list[dict[str, Any]]:
    """Read a JSON list of objects; raises ValueError for anything else."""
    value = read_value(body)
    if type(value) is not list or any(type(one) is not dict for one in value):
        raise ValueError(f"a list of objects is needed, not {value!r:.40}")
    return value
