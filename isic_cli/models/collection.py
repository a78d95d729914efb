"""A collection of the archive."""

from isic_cli.models.base import ArchiveModel


class Collection(ArchiveModel):
    """A named set of images.

    Attributes
    ----------
    locked : bool
        Its images can no longer change: it has a DOI, or belongs to a challenge.
    doi : str or None
        For example `10.34970/123456`.
    """

    id: int
    name: str
    description: str = ""
    public: bool = True
    pinned: bool = False
    locked: bool = False
    doi: str | None = None
    doi_url: str | None = None


class AttributionCount(ArchiveModel):
    """How many images of a collection are under one licence and credit."""

    license: str
    attribution: str
    count: int
