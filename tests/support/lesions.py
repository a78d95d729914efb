"""Drawn pictures: a lesion of several spots on skin, the same for the same number."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def drawn(number: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A picture with a blotch whose shape depends on `number`."""
    return Image.fromarray(_drawn(number, size))


@lru_cache(maxsize=32)
def _drawn(number: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size
    random = np.random.default_rng(number)
    row, column = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    dark = np.zeros((height, width))
    for _ in range(12):
        y, x = random.uniform(0.2, 0.8, 2)
        spread = random.uniform(0.003, 0.02)
        dark += random.uniform(0.3, 1) * np.exp(-((row - y) ** 2 + (column - x) ** 2) / spread)
    dark = np.clip(dark, 0, 1.2)[..., None]
    pixels = np.array([225, 180, 160]) - dark * np.array([140, 120, 90])
    found: NDArray[np.uint8] = np.clip(pixels, 0, 255).astype(np.uint8)
    return found


def skin(number: int, size: tuple[int, int] = (320, 240), *, rim: bool = False) -> Image.Image:
    """Bare skin: noise on a slow gradient, with a dark rim on request."""
    width, height = size
    random = np.random.default_rng(number)
    row, column = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = 190 + 10 * row + random.normal(0, 3, (height, width))
    if rim:
        light = np.where(row**2 + column**2 > 1, 10, light)
    return Image.fromarray(np.clip(light, 0, 255).astype(np.uint8)).convert("RGB")


def grainy(number: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """The picture of `drawn` with grain, which a blur takes away."""
    pixels = np.asarray(drawn(number, size), np.float64)
    grain = np.random.default_rng(number + 500).normal(0, 6, (*pixels.shape[:2], 1))
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))
