"""What all objects of the archive's API have in common, and one page of a listing of them."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

#: Validators are built when they are first used: few commands need more than two or three.
DEFERRED = ConfigDict(defer_build=True)


class ArchiveModel(BaseModel):
    """An object that the archive sends: frozen, with unknown keys kept."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)


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
