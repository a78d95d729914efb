"""Values of superpixels brought to the pixels of an image."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.services.study.data import StudyData
from isic_cli.superpixel.map import SuperpixelMap

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
                f"the marks of {feature} are on {len(values)} superpixels, "
                f"and {self.path} has {self.count}",
                hint="The marks belong to another superpixel map.",
            )
        padded = np.zeros(self.count, values.dtype)
        padded[: len(values)] = values
        return padded[self.labels]
