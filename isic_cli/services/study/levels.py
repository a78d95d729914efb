"""Masks of studies with their three levels: absent, possible, definite."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isic_cli.pictures.mask import inside, read_grey

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
