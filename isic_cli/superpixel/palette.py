"""Colours that readers with any colour vision tell apart."""

import numpy as np
import numpy.typing as npt

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

#: Anchors of a scale from dark blue to light yellow, whose lightness rises steadily.
_SCALE = np.array(
    [(16, 24, 84), (58, 80, 136), (120, 128, 140), (190, 176, 104), (255, 236, 110)], float
)


def distinct(number: int) -> list[Colour]:
    """Return `number` colours; beyond seven the hues come again, each time darker."""
    return [
        tuple(int(c * 0.6 ** (k // len(HUES))) for c in HUES[k % len(HUES)])  # type: ignore[misc]  # a tuple of three, as each hue is
        for k in range(number)
    ]


def sequential(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Return a colour for each value between 0 and 1; values outside are clipped.

    Parameters
    ----------
    values : ndarray of shape (N,), float

    Returns
    -------
    colours : ndarray of shape (N, 3), uint8
        Dark blue for 0, light yellow for 1.
    """
    place = np.clip(values, 0, 1) * (len(_SCALE) - 1)
    anchors = np.arange(len(_SCALE))
    channels = [np.interp(place, anchors, _SCALE[:, c]) for c in range(3)]
    colours: npt.NDArray[np.uint8] = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    return colours
