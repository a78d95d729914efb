"""A collection of the archive."""

from pydantic import Field

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


class CreatedCollection(ArchiveModel):
    """What the archive answers to one who makes a collection."""

    collection_id: int


class ListSummary(ArchiveModel):
    """What became of a list of ISIC ids that was to be added or removed."""

    succeeded: list[str]
    no_perms_or_does_not_exist: list[str] = Field(default_factory=list)
    private_image_public_collection: list[str] = Field(default_factory=list)
