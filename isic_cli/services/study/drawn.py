"""The consensus on superpixels drawn as masks, as the first archive's markups were."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from isic_cli.services.study.consensus import consensus_values, votes_on
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.files import plain
from isic_cli.services.study.masks import write_png
from isic_cli.services.study.onmap import LabelMap
from isic_cli.superpixel.masks import attribute_name

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
        The marks belong to another map.
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
