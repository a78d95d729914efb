"""A collection of the archive."""

from pydantic import BaseModel, ConfigDict


class Collection(BaseModel):
    """A named set of images.

    Attributes
    ----------
    locked : bool
        Its images can no longer change: it has a DOI, or belongs to a challenge.
    doi : str or None
        For example `10.34970/123456`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    id: int
    name: str
    description: str = ""
    public: bool = True
    pinned: bool = False
    locked: bool = False
    doi: str | None = None
    doi_url: str | None = None


class AttributionCount(BaseModel):
    """How many images of a collection are under one licence and credit."""

    model_config = ConfigDict(frozen=True, extra="allow")

    license: str
    attribution: str
    count: int
