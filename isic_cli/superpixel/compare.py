"""How alike two annotations, masks or maps are."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isic_cli.errors import UsageError
from isic_cli.superpixel.features import PRESENT, Features, check_length
from isic_cli.superpixel.given import Picture, mask_of
from isic_cli.superpixel.map import AnyMap, map_of
from isic_cli.superpixel.measure import check_size


@dataclass(frozen=True, slots=True)
class SetOverlap:
    """Two sets, in superpixels or pixels.

    Attributes
    ----------
    name : str
        What was compared.
    size_a, size_b, both : int
        Elements of each set, and of their intersection.
    """

    name: str
    size_a: int
    size_b: int
    both: int

    @property
    def dice(self) -> float:
        """2 |A and B| / (|A| + |B|), Dice 1945; two empty sets agree: 1.0."""
        total = self.size_a + self.size_b
        return 2 * self.both / total if total else 1.0

    @property
    def iou(self) -> float:
        """|A and B| / |A or B|, Jaccard 1901; two empty sets agree: 1.0."""
        union = self.size_a + self.size_b - self.both
        return self.both / union if union else 1.0

    def row(self) -> dict[str, str | int | float]:
        """Return a row for tables."""
        return {
            "name": self.name,
            "a": self.size_a,
            "b": self.size_b,
            "both": self.both,
            "dice": round(self.dice, 6),
            "iou": round(self.iou, 6),
        }


def dice(a: Iterable[int], b: Iterable[int]) -> float:
    """Return the Dice coefficient of two sets of labels; two empty sets agree: 1.0.

    Examples
    --------
    >>> from isic_cli.superpixel import dice
    >>> dice([1, 2, 3], [2, 3, 4, 5])
    0.5714285714285714
    """
    one, two = set(a), set(b)
    return SetOverlap("", len(one), len(two), len(one & two)).dice


def compare_masks(a: Picture, b: Picture, name: str = "") -> SetOverlap:
    """Compare two masks, paths, bytes, binary files or arrays (H, W), bool, pixel by pixel.

    Examples
    --------
    >>> import numpy as np
    >>> from isic_cli.superpixel import compare_masks
    >>> compare_masks(np.array([[True, True]]), np.array([[True, False]])).iou
    0.5
    """
    one, two = (mask_of(mask).astype(bool, copy=False) for mask in (a, b))
    if one.shape != two.shape:
        raise UsageError(f"the masks differ in size: {one.shape[::-1]} and {two.shape[::-1]}")
    return SetOverlap(name, int(one.sum()), int(two.sum()), int((one & two).sum()))


def compare_features(
    a: Features,
    b: Features,
    superpixels: AnyMap | None = None,
    threshold: float = PRESENT,
) -> list[SetOverlap]:
    """Compare two feature files, feature by feature.

    Parameters
    ----------
    a, b : Features
        A feature that only one of them has counts as absent in the other.
    superpixels : SuperpixelMap, or what its `from_png` takes, optional
        With it sizes are pixels, so that large superpixels count for more; else superpixels.
    threshold : float
        Present above this.

    Examples
    --------
    >>> from isic_cli.superpixel import compare_features, parse_features
    >>> one, two = (parse_features(b'{"streaks": [%s]}' % row) for row in (b"1, 1, 0", b"1, 0, 0"))
    >>> [found.both for found in compare_features(one, two)]
    [1]
    """
    weights: npt.NDArray[np.int64] | None = None
    if superpixels is not None:
        pixel_map = map_of(superpixels)
        check_length(a, pixel_map)
        check_length(b, pixel_map)
        weights = np.zeros(int(pixel_map.ids[-1]) + 1, np.int64)
        weights[pixel_map.ids] = pixel_map.areas()
    lengths = {values.size for features in (a, b) for values in features.values.values()}
    if len(lengths) > 1:
        raise UsageError(f"the feature arrays differ in length: {sorted(lengths)}")
    (length,) = lengths
    found = []
    for name in [*a.values, *(name for name in b.values if name not in a.values)]:
        one, two = (
            f.values[name] > threshold if name in f.values else np.zeros(length, bool)
            for f in (a, b)
        )
        size = np.ones(length, np.int64) if weights is None else weights
        found.append(
            SetOverlap(name, *(int(size[chosen].sum()) for chosen in (one, two, one & two)))
        )
    return found


@dataclass(frozen=True, slots=True)
class MapAgreement:
    """Two maps of one image.

    Attributes
    ----------
    count_a, count_b : int
        Superpixels.
    different_pixels : int
        Pixels whose labels differ.
    overlap : float
        Share of the pixels that lie, for each superpixel of `a`, in its best partner in `b`.
    """

    count_a: int
    count_b: int
    different_pixels: int
    overlap: float


def compare_maps(a: AnyMap, b: AnyMap) -> MapAgreement:
    """Compare two maps of one image, by label and by shape.

    Examples
    --------
    >>> from isic_cli.superpixel import SuperpixelMap, compare_maps
    >>> one, two = SuperpixelMap.from_labels([[0, 1, 1]]), SuperpixelMap.from_labels([[0, 0, 1]])
    >>> compare_maps(one, two).different_pixels
    1
    """
    first, second = map_of(a), map_of(b)
    check_size(first.runs, second.shape, "other map")
    one = first.runs.image.reshape(-1).astype(np.int64)
    cells = one * len(second) + second.runs.image.reshape(-1)
    pairs, counts = np.unique(cells, return_counts=True)
    best = np.zeros(len(first), np.int64)
    np.maximum.at(best, pairs // len(second), counts)
    different = int((first.labels != second.labels).sum())
    return MapAgreement(len(first), len(second), different, float(best.sum() / one.size))
