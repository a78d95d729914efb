"""A lesion of the archive: the images of one spot of skin."""

from collections.abc import Iterable, Iterator

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


def count_images(one: Lesion) -> int:
    """Return how many images a lesion has, where the archive counts them and where it lists."""
    return one.images_count or len(one.images)


def choose_lesions(
    lesions: Iterable[Lesion], *, longitudinal: bool, min_images: int
) -> Iterator[Lesion]:
    """Yield the lesions with so many images, and of them those seen on different days."""
    for one in lesions:
        is_seen_again = one.longitudinally_monitored or not longitudinal
        if is_seen_again and count_images(one) >= min_images:
            yield one
