"""What one may contribute to: contributors and their cohorts."""

from pydantic import Field

from isic_cli.models.base import ArchiveModel


class Cohort(ArchiveModel):
    """A set of uploads under one default licence and credit.

    Attributes
    ----------
    contributor : int
        The id of the contributor it belongs to.
    accession_count : int
        Files uploaded so far.
    """

    id: int
    name: str
    description: str = ""
    contributor: int = 0
    default_copyright_license: str = ""
    default_attribution: str = ""
    accession_count: int = 0


class Contributor(ArchiveModel):
    """An institution that gives images.

    Attributes
    ----------
    owners : list of int
        The users who may act for it.
    cohort_count, accession_count : int or None
        Only where one contributor is looked at.
    """

    id: int
    institution_name: str
    institution_url: str = ""
    default_copyright_license: str = ""
    default_attribution: str = ""
    owners: list[int] = Field(default_factory=list)
    cohort_count: int | None = None
    accession_count: int | None = None
