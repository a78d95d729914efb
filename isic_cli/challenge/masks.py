"""The figures of masks, as the challenges' own scorer computes them.

A pixel is inside above 128. An outline's figures are means over images, its Jaccard index counted
as 0 below 0.65 in 2018; those of attributes are of the sum over images, each of weight 1 whatever
its size.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from isic_cli.challenge.metrics import counted
from isic_cli.challenge.ranking import FloatArray, IntArray

#: What the scorer knows an image by.
_DIGITS = re.compile(r"(?<![0-9])[0-9]{7}(?![0-9])")
#: A value above it is inside.
INSIDE = 128
#: A Jaccard index below it counts as 0 in 2018.
LEAST_JACCARD = 0.65
#: What one image has, and the mean over images.
MASK_FIGURES = ("accuracy", "sensitivity", "specificity", "jaccard", "threshold_jaccard", "dice")


def mask_name(stem: str, classes: Sequence[str]) -> tuple[str, str] | None:
    """Return the image and the class that the name of a mask tells; None where there is no id.

    Parameters
    ----------
    stem : str
        Such as `ISIC_0000000_attribute_globules`.
    classes : sequence of str
        Of the task; the only one needs no name. `""` is returned where none is named.
    """
    digits = _DIGITS.search(stem)
    if digits is None:
        return None
    isic_id = f"ISIC_{digits[0]}"
    if len(classes) == 1:
        return isic_id, classes[0]
    named = [name for name in classes if name in stem.lower()]
    return isic_id, max(named, key=len, default="")


def overlap(truth: NDArray[np.uint8], said: NDArray[np.uint8]) -> IntArray:
    """Count the pixels of two masks of one size.

    Parameters
    ----------
    truth, said : ndarray of shape (H, W), uint8

    Returns
    -------
    ndarray of shape (4,), int64
        TP, TN, FP and FN.
    """
    is_, says = truth > INSIDE, said > INSIDE
    inside, guessed = np.count_nonzero(is_), np.count_nonzero(says)
    hit = np.count_nonzero(np.logical_and(is_, says, out=is_))
    return np.array(
        [hit, truth.size - inside - guessed + hit, guessed - hit, inside - hit], np.int64
    )


def mask_figure(name: str, counts: FloatArray) -> FloatArray:
    """Return one of `MASK_FIGURES` of each image.

    Parameters
    ----------
    counts : ndarray of shape (images, 4), float64
        From `overlap`.
    """
    padded = np.vstack([counts.T, np.zeros((2, len(counts)))])
    if name != "threshold_jaccard":
        return counted(name, padded)
    jaccard = counted("jaccard", padded)
    return np.where(jaccard >= LEAST_JACCARD, jaccard, 0.0)


def pooled(name: str, counts: FloatArray, weights: FloatArray | None = None) -> float:
    """Return `jaccard` or `dice` of the sum over images, each normalised by its size.

    Parameters
    ----------
    counts : ndarray of shape (images, 4), float64
    weights : ndarray of shape (images,), float64, optional
    """
    shares = counts / counts.sum(axis=1, keepdims=True)
    total = shares.sum(axis=0) if weights is None else weights @ shares
    return float(mask_figure(name, total[np.newaxis])[0])
