"""Paint superpixels over a photograph."""

from typing import Any

import numpy as np
import numpy.typing as npt

from isic_cli.errors import UsageError
from isic_cli.superpixel.given import Picture, photograph_of, rgb_levels
from isic_cli.superpixel.measure import areas
from isic_cli.superpixel.palette import Colour, sequential
from isic_cli.superpixel.runs import Int64, RowRuns

Rgb = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]

#: Below this share of painted pixels it is faster to touch only these.
_SPARSE = 0.3
#: Pixels blended together: what lies between then stays in the processor's cache.
_BLOCK = 1 << 15
_BAND = 1 << 17
#: Opacities are exact in whole steps, if they are such shares.
_STEPS = 256


def blend(runs: RowRuns, source: Picture, colours: Rgb, alphas: Float64) -> Rgb:
    """Return a copy of the picture with its regions painted.

    Parameters
    ----------
    runs : RowRuns
        The map.
    source : path, bytes, binary file, or ndarray of shape (H, W, 3), uint8
        The picture; not changed.
    colours : ndarray of shape (N, 3), uint8
        The colour of each region.
    alphas : ndarray of shape (N,), float64
        Opacity of each region, 0 (untouched) to 1.

    Returns
    -------
    painted : ndarray of shape (H, W, 3), uint8
        `alpha * colour + (1 - alpha) * pixel`, to the nearest integer, halves to even.
    """
    image = photograph_of(runs, source)
    if not bool(((alphas >= 0) & (alphas <= 1)).all()):
        raise UsageError("an opacity lies between 0 and 1")
    painted = alphas > 0
    share = float(areas(runs)[painted].sum()) / (runs.shape[0] * runs.shape[1])
    if share < _SPARSE:
        return _blend_some(runs, image, colours, alphas, painted)
    return _blend_all(runs, image, colours, alphas)


def fills(
    count: int,
    chosen: Int64 | None,
    values: npt.NDArray[np.floating] | None,
    colour: Colour,
    alpha: float,
    colormap: str = "blue-yellow",
) -> tuple[Rgb, Float64]:
    """Return colour and opacity of each region: (count, 3) uint8 and (count,) float64.

    Regions that are not chosen, or whose value is NaN, have opacity 0.
    """
    alphas = np.zeros(count)
    alphas[slice(None) if chosen is None else chosen] = alpha
    if values is None:
        return np.tile(np.array(rgb_levels(colour), np.uint8), (count, 1)), alphas
    if values.shape != (count,):
        raise UsageError(f"{count} values are needed, not an array of shape {values.shape}")
    unknown = np.isnan(values)
    alphas[unknown] = 0
    return sequential(np.where(unknown, 0, values), colormap), alphas


def _is_whole(alphas: Float64) -> bool:
    """Return whether blending is exact in 16 bits: when all opacities are so many 256ths."""
    steps = alphas * _STEPS
    return bool((steps == np.floor(steps)).all())


def _blend_some(
    runs: RowRuns,
    image: Rgb,
    colours: Rgb,
    alphas: Float64,
    painted: npt.NDArray[np.bool_],
) -> Rgb:
    shares: npt.NDArray[np.floating] = alphas.astype(
        np.float32 if _is_whole(alphas) else np.float64
    )
    out = image.copy(order="C")
    flat = out.reshape(-1, 3)
    # Whole pixels as single values of three bytes: numpy writes these twice as fast as rows of 3.
    whole = flat.view("V3")[:, 0]
    everything = np.flatnonzero(painted[runs.index])
    ends = np.cumsum(runs.lengths[everything], dtype=np.int64)
    if not ends.size:
        return out
    added, kept = shares[:, None] * colours, (1 - shares)[:, None]
    cuts = np.searchsorted(ends, np.arange(_BLOCK, int(ends[-1]) + _BLOCK, _BLOCK))
    for chosen in np.split(everything, cuts):
        if not chosen.size:
            continue
        pixels = runs.expand(chosen).astype(np.intp)
        region = np.repeat(runs.index[chosen], runs.lengths[chosen])
        mixed = np.take(flat, pixels, axis=0).astype(added.dtype)
        mixed *= np.take(kept, region, axis=0)
        mixed += np.take(added, region, axis=0)
        np.rint(mixed, out=mixed)
        np.put(whole, pixels, mixed.astype(np.uint8).view("V3")[:, 0])
    return out


def _blend_all(runs: RowRuns, image: Rgb, colours: Rgb, alphas: Float64) -> Rgb:
    """Blend all pixels, one channel of one band at a time: what is contiguous is fast."""
    whole = _is_whole(alphas)
    kind: npt.DTypeLike = np.uint16 if whole else np.float64
    one = _STEPS if whole else 1
    opacity: npt.NDArray[Any] = (alphas * one).astype(kind)
    added = np.ascontiguousarray((opacity[:, None] * colours.astype(kind)).T)
    kept = one - opacity
    uniform = bool((kept == kept[0]).all())
    out = np.empty(image.shape, np.uint8)
    for top, bottom, these in runs.bands(_BAND):
        size = (bottom - top, runs.shape[1])
        region, lengths = runs.index[these], runs.lengths[these]
        under = kept[:1] if uniform else np.repeat(kept[region], lengths).reshape(size)
        for channel in range(3):
            mixed: npt.NDArray[Any] = image[top:bottom, :, channel].astype(kind)
            mixed *= under
            mixed += np.repeat(added[channel][region], lengths).reshape(size)
            out[top:bottom, :, channel] = _rounded_steps(mixed) if whole else np.rint(mixed)
    return out


def _rounded_steps(steps: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """Divide by 256 and round, halves to even; in place. No step may exceed 255 * 256."""
    odd = steps >> 8
    odd &= 1
    steps += odd
    steps += _STEPS // 2 - 1
    steps >>= 8
    return steps
