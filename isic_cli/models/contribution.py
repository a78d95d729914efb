"""What one may contribute to, contributors and their cohorts, and the upload of a file."""

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


class UploadPart(ArchiveModel):
    """One part: its number from 1, its bytes, and the signed address that takes it."""

    part_number: int
    size: int
    upload_url: str


class Upload(ArchiveModel):
    """An upload that has begun; its addresses are good for a day."""

    object_key: str
    upload_id: str
    upload_signature: str
    parts: list[UploadPart]


class CompletionAnswer(ArchiveModel):
    """Where the parts are joined, and what is sent there."""

    complete_url: str
    body: str


class FinalizedUpload(ArchiveModel):
    """What stands for an uploaded file."""

    field_value: str


class CreatedAccession(ArchiveModel):
    """What the archive answers to one who adds a file to a cohort."""

    id: int
