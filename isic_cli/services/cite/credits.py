"""Whom to credit: the image's own attribution where the archive tells it.

The image route answers with the attribution of the cohort; the table of a collection has the
image's own, which is the one that the archive writes into its files.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from isic_cli.api.archive import ArchiveApi
from isic_cli.models.image import ImageRecord


@dataclass
class Credits:
    """Attributions of images by ISIC id, and how often each source was used.

    Attributes
    ----------
    own : int
        Records that took the image's own attribution.
    default : int
        Records that kept the attribution of the image route.
    """

    known: dict[str, str] = field(default_factory=dict)
    own: int = 0
    default: int = 0

    @classmethod
    def load(cls, api: ArchiveApi, collections: Iterable[int]) -> "Credits":
        """Ask the archive for the tables of these collections, where it gives them."""
        credit = cls()
        for number in collections:
            credit.known.update(api.collection_credits(number) or {})
        return credit

    def apply(self, records: Iterable[ImageRecord]) -> Iterator[ImageRecord]:
        """Yield the records with the best known attribution."""
        for record in records:
            own = self.known.get(record.isic_id)
            if own is None:
                self.default += 1
                yield record
            else:
                self.own += 1
                same = own == record.attribution
                yield record if same else record.model_copy(update={"attribution": own})
