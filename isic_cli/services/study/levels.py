"""Masks of studies with their three levels: absent, possible, definite."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isic_cli.errors import CheckError
from isic_cli.superpixel.masks import read_mask
from isic_cli.superpixel.photo import load_rgb

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
    marked = read_mask(path)
    grey = load_rgb(path)[..., 0]
    if grey.shape != marked.shape:
        raise CheckError(f"{path} changed while it was read")
    return np.where(marked, np.where(grey >= _DEFINITE, np.float32(1), np.float32(0.5)), 0).astype(
        np.float32
    )
