"""A lesion of the archive: the images of one spot of skin."""

from isic_cli.models.base import ArchiveModel
from isic_cli.models.image import ImageRecord


class Lesion(ArchiveModel):
    """One lesion with all its images.

    Attributes
    ----------
    id : str
        For example `IL_0000027`.
    index_image_id : str or None
        The ISIC id of the image that stands for the lesion.
    outcome_diagnosis : str or None
        The diagnosis levels joined by colons.
    longitudinally_monitored : bool
        Its images are of different days.
    """

    id: str
    images: list[ImageRecord]
    images_count: int = 0
    longitudinally_monitored: bool = False
    index_image_id: str | None = None
    outcome_diagnosis: str | None = None
    outcome_diagnosis_1: str | None = None

    def __repr__(self) -> str:
        """Return one line."""
        diagnosis = f", {self.outcome_diagnosis}" if self.outcome_diagnosis else ""
        return f"<Lesion {self.id}: {len(self.images)} images{diagnosis}>"
