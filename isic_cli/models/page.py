"""One page of a listing."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
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

    model_config = ConfigDict(frozen=True, defer_build=True)

    results: list[T]
    count: int | None = None
    next: str | None = None
    previous: str | None = None
