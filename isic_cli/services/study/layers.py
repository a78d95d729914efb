"""How strongly the annotators marked each pixel of one image, feature by feature."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isic_cli.agreement.table import BoolArray
from isic_cli.errors import UsageError
from isic_cli.pictures.mask import inside, read_grey
from isic_cli.services.study.consensus import votes_on
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.superpixel_overlap import LabelMap

Strength = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FeatureLayer:
    """The marks of one feature.

    Attributes
    ----------
    feature : str
        Its name.
    annotators : tuple of str
        Who marked it.
    strength : ndarray of shape (H, W), float32
        Mean of all annotators' values: 0 where nobody marked, 1 where all did and were sure.
    majority : ndarray of shape (H, W), bool
        Where more than half of the annotators marked.
    """

    feature: str
    annotators: tuple[str, ...]
    strength: Strength
    majority: BoolArray


def layers_of(
    study: StudyData, image: str, features: Sequence[str], shape: tuple[int, int]
) -> Iterator[FeatureLayer]:
    """Yield a layer for each feature that somebody marked on an image.

    Parameters
    ----------
    study : StudyData
        Annotations of superpixels are drawn on the image's map; without a map, and
        where there are no superpixels, the masks are.
    image : str
        Its ISIC id.
    features : sequence of str
        Which features.
    shape : tuple of int
        Height and width of the photograph.

    Raises
    ------
    NotFoundError
        There are marks on superpixels, and neither a map nor masks.
    UsageError
        A map or a mask of another size than the photograph, or marks of another map.
    """
    has_map = study.pictures.superpixels(image) is not None
    pixels = None
    for feature in features:
        marked = study.annotations_of(image, feature)
        votes = votes_on(study, image, feature)
        drawn = [(item.annotator, item.mask) for item in marked if item.mask is not None]
        if votes is not None and (has_map or not drawn):
            if pixels is None:
                pixels = LabelMap.of(study, image)
                _check_shape(pixels.labels.shape, shape, str(pixels.path), image)
            annotators = tuple(
                item.annotator for item in marked if item.marks and item.marks.labels
            )
            strength = pixels.spread(votes.score.astype(np.float32), feature)
            yield FeatureLayer(
                feature, annotators, strength, pixels.spread(votes.present(), feature)
            )
        elif drawn:
            count = max(len(study.annotators_of(image)), len(drawn))
            layer = _from_masks(image, feature, drawn, count, shape)
            if layer.annotators:
                yield layer


def _from_masks(
    image: str,
    feature: str,
    drawn: Sequence[tuple[str, Path]],
    count: int,
    shape: tuple[int, int],
) -> FeatureLayer:
    total = np.zeros(shape, np.float32)
    votes = np.zeros(shape, np.uint32)
    annotators = []
    for annotator, path in drawn:
        values = read_levels(path)
        _check_shape(values.shape, shape, str(path), image)
        if values.any():
            annotators.append(annotator)
        total += values
        votes += values > 0
    return FeatureLayer(feature, tuple(annotators), total / np.float32(count), votes * 2 > count)


def _check_shape(found: tuple[int, ...], shape: tuple[int, int], name: str, image: str) -> None:
    if found != shape:
        raise UsageError(
            f"{name} is {found[1]}x{found[0]}, and the photograph of {image} is "
            f"{shape[1]}x{shape[0]}",
            hint="A mask or a map belongs to one image at its full size.",
        )


#: Grey from which a pixel is definite; from 128, where a mask's inside begins, it is possible.
_DEFINITE = 192


def read_levels(path: Path) -> NDArray[np.float32]:
    """Read a mask of 0, 128 and 255.

    Returns
    -------
    ndarray of shape (H, W), float32
        0, 0.5 or 1.

    Raises
    ------
    UsageError, CheckError, LocalError, NotFoundError
        As for `read_mask`.
    """
    grey = read_grey(path)
    definite = grey >= _DEFINITE if grey.max() > 1 else grey > 0
    marked = inside(grey, name=str(path))
    return np.where(marked, np.where(definite, np.float32(1), np.float32(0.5)), np.float32(0))
