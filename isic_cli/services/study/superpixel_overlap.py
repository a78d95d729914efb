"""What is known of superpixels brought to the pixels of an image, and drawn as masks."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.services.study.consensus import consensus_values, votes_on
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.masks import plain, write_png
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.masks import attribute_name

V = TypeVar("V", bound=np.generic)


@dataclass(frozen=True, eq=False)
class LabelMap:
    """The superpixels of one image.

    Attributes
    ----------
    path : Path
        The map's file.
    labels : ndarray of shape (H, W), unsigned
        The superpixel of each pixel.
    count : int
        The largest label plus 1: how long a markup of this map is.
    """

    path: Path
    labels: NDArray[np.uint16 | np.uint32]
    count: int

    @classmethod
    def of(cls, study: StudyData, image: str) -> "LabelMap":
        """Read the map of an image.

        Raises
        ------
        NotFoundError
            There is none.
        UsageError, CheckError, LocalError
            It is no such map, damaged, or cannot be read.
        """
        path = study.pictures.superpixels(image)
        if path is None:
            raise NotFoundError(
                f"there is no superpixel map of {image}",
                hint="Name the folder that has it with --images.",
            )
        labels = SuperpixelMap.from_png(path).labels
        return cls(path, labels, int(labels.max()) + 1)

    def spread(self, values: NDArray[V], feature: str) -> NDArray[V]:
        """Give each pixel the value of its superpixel.

        Parameters
        ----------
        values : ndarray of shape (N,)
            By label. Where only the marks were kept there are fewer values than superpixels, and
            the rest is zero.
        feature : str
            Named by the error.

        Returns
        -------
        ndarray of shape (H, W)

        Raises
        ------
        UsageError
            There are more values than superpixels.
        """
        if len(values) > self.count:
            raise UsageError(
                f"the annotations of {feature} are on {len(values)} superpixels, "
                f"and {self.path} has {self.count}",
                hint="The annotations belong to another superpixel map.",
            )
        padded = np.zeros(self.count, values.dtype)
        padded[: len(values)] = values
        return padded[self.labels]


#: Grey of absent, possible and definite.
_LEVELS = np.array([0, 128, 255], np.uint8)


def superpixel_masks(
    study: StudyData, image: str, features: Iterable[str], folder: Path
) -> list[Path]:
    """Write a mask for each feature that somebody marked on an image.

    The masks are 8-bit gray, 0 absent, 128 possible and 255 definite, and named as those of the
    2018 challenge: `ISIC_0000000_attribute_globules.png`.

    Raises
    ------
    NotFoundError
        There is no superpixel map of the image.
    UsageError
        The annotations belong to another map.
    LocalError
        A mask cannot be written.
    """
    votes = {feature: votes_on(study, image, feature) for feature in features}
    marked = {feature: found for feature, found in votes.items() if found is not None}
    if not marked:
        return []
    pixels = LabelMap.of(study, image)
    written: list[Path] = []
    for feature, found in marked.items():
        grey = _LEVELS[(consensus_values(found) * 2).astype(np.int64)]
        target = folder / attribute_name(plain(image), plain(feature))
        if target in written:
            # Two features with one name in the challenges, such as Network and Pigment network.
            target = folder / f"{plain(image)}_attribute_{plain(feature).lower()}_2.png"
        write_png(target, pixels.spread(grey, feature))
        written.append(target)
    return written
