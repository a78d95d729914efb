"""Colours that readers with any colour vision tell apart."""

import numpy as np
import numpy.typing as npt

from isic_cli.errors import UsageError

Colour = tuple[int, int, int]

#: Okabe and Ito, "Color Universal Design", 2008: seven hues, black left out.
HUES: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)

#: Anchors of scales by name, the usual one first. All but the last, which is for values around a
#: middle, become steadily lighter, so that they are read in grey and by any colour vision; viridis
#: and magma are those of matplotlib, coolwarm is by Moreland, ISVC 2009.
COLORMAPS: dict[str, tuple[Colour, ...]] = {
    "blue-yellow": ((16, 24, 84), (58, 80, 136), (120, 128, 140), (190, 176, 104), (255, 236, 110)),
    "viridis": (
        *((68, 1, 84), (71, 45, 123), (59, 82, 139), (44, 114, 142), (33, 145, 140)),
        *((40, 174, 128), (94, 201, 98), (173, 220, 48), (253, 231, 37)),
    ),
    "magma": (
        *((0, 0, 4), (29, 17, 71), (81, 18, 124), (131, 38, 129), (183, 55, 121)),
        *((230, 81, 98), (252, 137, 97), (254, 194, 135), (252, 253, 191)),
    ),
    "gray": ((0, 0, 0), (255, 255, 255)),
    "coolwarm": ((59, 76, 192), (221, 221, 221), (180, 4, 38)),
}


def distinct(number: int) -> list[Colour]:
    """Return `number` colours; beyond seven the hues come again, each time darker."""
    return [
        tuple(int(c * 0.6 ** (k // len(HUES))) for c in HUES[k % len(HUES)])  # type: ignore[misc]  # a tuple of three, as each hue is
        for k in range(number)
    ]


def sequential(
    values: npt.NDArray[np.floating], colormap: str = "blue-yellow"
) -> npt.NDArray[np.uint8]:
    """Return a colour for each value between 0 and 1; values outside are clipped.

    Parameters
    ----------
    values : ndarray of shape (N,), float
    colormap : str
        One of `COLORMAPS`.

    Returns
    -------
    colours : ndarray of shape (N, 3), uint8

    Raises
    ------
    UsageError
        There is no such scale.
    """
    if colormap not in COLORMAPS:
        known = ", ".join(COLORMAPS)
        raise UsageError(f"there is no colormap {colormap!r}", hint=f"One of: {known}.")
    scale = np.array(COLORMAPS[colormap], float)
    place = np.clip(values, 0, 1) * (len(scale) - 1)
    anchors = np.arange(len(scale))
    channels = [np.interp(place, anchors, scale[:, c]) for c in range(3)]
    colours: npt.NDArray[np.uint8] = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    return colours
