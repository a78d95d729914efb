"""Masks: unions of superpixels as pictures, and back to features.

The layout of the 2018 challenge, Task 2: for each feature a gray picture of 0 and 255, named
`ISIC_0000000_attribute_pigment_network.png`; studies also wrote 128 for "possible".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isic_cli.pictures.png import png_bytes
from isic_cli.superpixel.features import PRESENT, Features, check_length, feature_name
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.measure import check_size

Mask = npt.NDArray[np.bool_]
Gray = npt.NDArray[np.uint8]

_NAME = re.compile(r"(?P<image>.+)_attribute_(?P<feature>[a-z0-9_]+)\.png", re.IGNORECASE)


def attribute_name(image: str, feature: str) -> str:
    """Return the 2018 challenge's file name for a feature of an image.

    Features of studies may hold any character: what is not a letter, digit or underscore becomes an
    underscore, so that no name leads to another folder.
    """
    return f"{image}_attribute_{re.sub(r'[^a-z0-9_]+', '_', feature_name(feature))}.png"


def split_attribute_name(name: str) -> tuple[str, str] | None:
    """Return (image, feature) of a mask's file name, or None where it is not of that form."""
    match = _NAME.fullmatch(name)
    return (match["image"], feature_name(match["feature"])) if match else None


def feature_mask(pixel_map: SuperpixelMap, features: Features, feature: str) -> Gray:
    """Draw one feature: absent 0, possible (0.5) 128, present 255.

    Returns
    -------
    mask : ndarray of shape (H, W), uint8

    Raises
    ------
    UsageError
        No such feature, or features of another map.
    """
    check_length(features, pixel_map)
    present = np.zeros(int(pixel_map.ids[-1]) + 1, np.uint8)
    definite = features.labels(feature)  # refuses an unknown name
    present[features.values[feature_name(feature)] == PRESENT] = 128
    present[definite] = 255
    runs = pixel_map.runs
    per_run = present[pixel_map.ids[runs.index]]
    return np.repeat(per_run, runs.lengths).reshape(pixel_map.shape)


def mask_png(mask: Gray | Mask) -> bytes:
    """Return a mask as an 8-bit gray PNG; True becomes 255."""
    gray = mask.astype(np.uint8) * np.uint8(255) if mask.dtype.kind == "b" else mask
    return png_bytes(gray)


@dataclass(frozen=True, slots=True, eq=False)
class MaskFit:
    """How a mask lies on a map.

    Attributes
    ----------
    coverage : ndarray of shape (N,), float64
        The share of each superpixel inside.
    mixed : int
        Superpixels that are neither wholly inside nor wholly outside.
    wrong_pixels : int
        Pixels that the union of the chosen superpixels has otherwise than the mask.
    """

    coverage: npt.NDArray[np.float64]
    mixed: int
    wrong_pixels: int


def fit(pixel_map: SuperpixelMap, mask: Mask, threshold: float = PRESENT) -> MaskFit:
    """Measure how well superpixels can say what a mask says."""
    coverage = pixel_map.coverage(mask)
    inside = coverage > threshold
    area = pixel_map.areas()
    mixed = (coverage > 0) & (coverage < 1)
    wrong = np.where(inside, (1 - coverage) * area, coverage * area)
    return MaskFit(coverage, int(mixed.sum()), int(np.rint(wrong).sum()))


def features_of_masks(
    pixel_map: SuperpixelMap, masks: Mapping[str, Mask], threshold: float = PRESENT
) -> Features:
    """Turn masks into features: 1 where more than `threshold` of a superpixel lies inside.

    Parameters
    ----------
    pixel_map : SuperpixelMap
        The map.
    masks : Mapping[str, ndarray of shape (H, W), bool]
        By feature.
    threshold : float
        0.0 to below 1.0.
    """
    values = {}
    for name, mask in masks.items():
        check_size(pixel_map.runs, mask.shape, f"mask of {name}")
        column = np.zeros(int(pixel_map.ids[-1]) + 1)
        column[pixel_map.labels_in(mask, threshold)] = 1
        values[feature_name(name)] = column
    return Features(values)
