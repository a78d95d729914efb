"""Paint superpixels over a photograph."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from isic_cli.errors import UsageError
from isic_cli.superpixel.measure import areas, check_size
from isic_cli.superpixel.palette import Colour, sequential
from isic_cli.superpixel.runs import Int64, RowRuns

Rgb = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]

#: Below this share of painted pixels it is faster to touch only these.
_SPARSE = 0.3
#: Pixels blended together: the intermediate floats then stay in the processor's cache.
_BLOCK = 1 << 15


def blend(runs: RowRuns, image: Rgb, colours: Rgb, alphas: Float64, *, exact: bool = True) -> Rgb:
    """Return a copy of the picture with its regions painted.

    Parameters
    ----------
    runs : RowRuns
        The map.
    image : ndarray of shape (H, W, 3), uint8
        Not changed.
    colours : ndarray of shape (N, 3), uint8
        The colour of each region.
    alphas : ndarray of shape (N,), float64
        Opacity of each region, 0 (untouched) to 1.
    exact : bool
        Round `alpha * colour + (1 - alpha) * pixel` to the nearest integer, halves to even. If
        False, a result may be one level off, which is faster when all have one opacity.

    Returns
    -------
    painted : ndarray of shape (H, W, 3), uint8
    """
    check_size(runs, image.shape, "image")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise UsageError(f"an RGB picture is needed, not {image.dtype} {image.shape}")
    if not bool(((alphas >= 0) & (alphas <= 1)).all()):
        raise UsageError("an opacity lies between 0 and 1")
    uniform = bool((alphas == alphas[0]).all())
    if uniform and not exact:
        return _blend_fast(runs, image, colours, float(alphas[0]))
    kind = _float_type(alphas)
    painted = alphas > 0
    share = float(areas(runs)[painted].sum()) / (runs.shape[0] * runs.shape[1])
    if share < _SPARSE:
        return _blend_some(runs, image, colours, alphas.astype(kind), painted)
    return _blend_all(runs, image, colours.astype(kind), alphas.astype(kind), uniform=uniform)


def fills(
    count: int,
    chosen: Int64 | None,
    values: npt.NDArray[np.floating] | None,
    colour: Colour,
    alpha: float,
) -> tuple[Rgb, Float64]:
    """Return colour and opacity of each region: (count, 3) uint8 and (count,) float64.

    Regions that are not chosen, or whose value is NaN, have opacity 0.
    """
    alphas = np.zeros(count)
    alphas[slice(None) if chosen is None else chosen] = alpha
    if values is None:
        return np.tile(np.array(colour, np.uint8), (count, 1)), alphas
    if values.shape != (count,):
        raise UsageError(f"{count} values are needed, not an array of shape {values.shape}")
    unknown = np.isnan(values)
    alphas[unknown] = 0
    return sequential(np.where(unknown, 0, values)), alphas


def _float_type(alphas: Float64) -> type[np.float32 | np.float64]:
    """Return the smallest type in which the blending is exact: 256ths need 16 bits."""
    steps = alphas * 256
    return np.float32 if bool((steps == np.floor(steps)).all()) else np.float64


def _blend_fast(runs: RowRuns, image: Rgb, colours: Rgb, alpha: float) -> Rgb:
    height, width = runs.shape
    four = np.zeros((runs.count, 4), np.uint8)
    four[:, :3] = colours
    packed = np.repeat(four.view(np.uint32)[:, 0][runs.index], runs.lengths)
    over = Image.frombytes("RGB", (width, height), packed.tobytes(), "raw", "RGBX")
    under = Image.fromarray(np.ascontiguousarray(image))
    mixed = Image.blend(under, over, alpha)
    return np.frombuffer(mixed.tobytes(), np.uint8).reshape(image.shape)


def _blend_some(
    runs: RowRuns,
    image: Rgb,
    colours: Rgb,
    alphas: npt.NDArray[np.floating],
    painted: npt.NDArray[np.bool_],
) -> Rgb:
    out = image.copy(order="C")
    flat = out.reshape(-1, 3)
    chosen = np.flatnonzero(painted[runs.index])
    pixels = runs.expand(chosen)
    region, lengths = runs.index[chosen], runs.lengths[chosen]
    added = np.repeat(alphas[region, None] * colours[region], lengths, axis=0)
    kept = np.repeat(1 - alphas[region], lengths)
    mixed = flat[pixels] * kept[:, None]
    mixed += added
    np.rint(mixed, out=mixed)
    flat[pixels] = mixed
    return out


def _blend_all(
    runs: RowRuns,
    image: Rgb,
    colours: npt.NDArray[np.floating],
    alphas: npt.NDArray[np.floating],
    *,
    uniform: bool,
) -> Rgb:
    height, width = runs.shape
    out = np.empty((height * width, 3), np.uint8)
    flat = image.reshape(-1, 3)
    added = alphas[:, None] * colours
    kept = 1 - alphas
    rows = max(1, _BLOCK // width)
    edges = np.arange(0, height + rows, rows).clip(max=height) * width
    bounds = np.searchsorted(runs.starts, edges)
    for k in range(edges.size - 1):
        pixels = slice(int(edges[k]), int(edges[k + 1]))
        these = slice(int(bounds[k]), int(bounds[k + 1]))
        if pixels.start == pixels.stop:
            continue
        region, lengths = runs.index[these], runs.lengths[these]
        mixed = np.repeat(added[region], lengths, axis=0)
        under = flat[pixels].astype(mixed.dtype)
        under *= kept[0] if uniform else np.repeat(kept[region], lengths)[:, None]
        mixed += under
        np.rint(mixed, out=mixed)
        out[pixels] = mixed
    return out.reshape(image.shape)
