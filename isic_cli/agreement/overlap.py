"""Dice coefficient and intersection over union of every pair of masks."""

from dataclasses import dataclass
from itertools import combinations

from isic_cli.agreement.votes import VotePatterns

#: Jaccard indices below it count as failures: Codella et al., arXiv 1902.03368, section 2.
ACCEPTED = 0.65


@dataclass(frozen=True)
class Overlap:
    """How far two masks of one image coincide.

    Attributes
    ----------
    first, second : str
        Names of the masks.
    intersection, union : int
        Pixels in both, in either.
    dice : float or None
        Twice the intersection over the sum of the areas; None for two empty masks.
    iou : float or None
        Intersection over union; None for two empty masks.
    """

    first: str
    second: str
    intersection: int
    union: int
    dice: float | None
    iou: float | None

    @property
    def threshold_jaccard(self) -> float:
        """The score of the 2018 challenge: `iou`, 0 below 0.65, and 1 for two empty masks."""
        if self.iou is None:
            return 1.0
        return self.iou if self.iou >= ACCEPTED else 0.0


def pairwise_overlap(patterns: VotePatterns) -> tuple[Overlap, ...]:
    """Compare every pair of masks, in their order.

    Parameters
    ----------
    patterns : VotePatterns
        The masks.

    Notes
    -----
    Dice, Ecology 26 (1945), 297-302: 2 |A ∩ B| / (|A| + |B|). Jaccard, New Phytologist 11
    (1912), 37-50: |A ∩ B| / |A ∪ B|. Neither is defined for two empty masks.
    """
    marked = patterns.marked.astype(float)
    # Exact: the sums are whole numbers far below 2**53.
    common = (marked.T * patterns.counts) @ marked
    rows = []
    for i, j in combinations(range(len(patterns.readers)), 2):
        both = int(common[i, j])
        areas = int(common[i, i] + common[j, j])
        union = areas - both
        rows.append(
            Overlap(
                first=patterns.readers[i],
                second=patterns.readers[j],
                intersection=both,
                union=union,
                dice=2 * both / areas if areas else None,
                iou=both / union if union else None,
            )
        )
    return tuple(rows)
