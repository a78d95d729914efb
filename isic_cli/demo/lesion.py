"""A lesion: its outline, its colours, and the structures inside it."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from isic_cli.demo.appearance import Look
from isic_cli.demo.fields import (
    Field,
    Pixels,
    Shape,
    blend,
    clouds,
    enlarge,
    from_mask,
    grid,
    noise,
    ramp,
)

_WHITE = (250.0, 238.0, 226.0)
_BLUE_VEIL = (106.0, 116.0, 146.0)
_HARMONICS = 7


@dataclass(frozen=True, slots=True)
class Outline:
    """Where a lesion lies in a picture.

    Attributes
    ----------
    row, column, radius : float
        Its centre and mean radius in pixels.
    rho : Field
        Distance from the centre in units of the border's: below 1 is inside.
    """

    row: float
    column: float
    radius: float
    rho: Field


def outline(
    rng: np.random.Generator, shape: Shape, look: Look, radius: float, stray: float = 0.05
) -> Outline:
    """Draw an outline: an ellipse, bent by a few waves around it and roughened by noise.

    Parameters
    ----------
    radius : float
        As a part of the picture's shorter side.
    stray : float
        How far the centre may lie from the picture's, as a part of each side.
    """
    half = (shape[0] + 1) // 2, (shape[1] + 1) // 2  # rho is smooth: half as many pixels do
    row = half[0] * (0.5 + rng.uniform(-stray, stray))
    column = half[1] * (0.5 + rng.uniform(-stray, stray))
    size = radius * min(half)
    rows, columns = grid(half)
    turn, longer = rng.uniform(0, np.pi), rng.uniform(1.0, 1.3)
    down, right = rows - np.float32(row), columns - np.float32(column)
    along = (right * np.float32(np.cos(turn)) + down * np.float32(np.sin(turn))) / longer
    across = (down * np.float32(np.cos(turn)) - right * np.float32(np.sin(turn))) * longer
    angle = np.arctan2(across, along)
    border = np.ones(half, np.float32)
    strength = look.irregular * rng.normal(0, 1, _HARMONICS) / np.arange(2, 2 + _HARMONICS)
    for wave in range(_HARMONICS):
        phase = np.float32(rng.uniform(0, 2 * np.pi))
        border += np.float32(strength[wave]) * np.cos(angle * np.float32(wave + 2) + phase)
    rough = noise(rng, half, size / 5) * np.float32(look.irregular * 0.35)
    rho = np.hypot(along, across) / np.float32(size) / np.maximum(border, 0.4) + rough
    return Outline(2 * row, 2 * column, 2 * size, enlarge(np.asarray(rho, np.float32), shape))


def paint(pixels: Pixels, place: Outline, look: Look, rng: np.random.Generator) -> None:
    """Paint a lesion into pixels, in place."""
    shape = pixels.shape[0], pixels.shape[1]
    body = ramp(place.rho, 1 + look.soft / 2, 1 - look.soft / 2)
    patches = clouds(rng, shape, place.radius * 0.9)
    inner = ramp(place.rho + patches * np.float32(look.mottle * 0.6), 0.95, 0.25)
    light = 1 + patches * np.float32(0.12)
    blend(pixels, look.body, body * np.float32(look.depth) * np.clip(light, 0, 1.1))
    blend(pixels, look.core, body * inner * np.float32(look.depth * 0.85))
    _lines(pixels, place, look, body, patches, rng)
    _dots(pixels, place, look, body, rng)
    if look.veil:
        cloud = ramp(clouds(rng, shape, place.radius * 0.8), 0.0, 0.8)
        blend(pixels, _BLUE_VEIL, cloud * ramp(place.rho, 0.95, 0.5) * np.float32(look.veil * 0.8))
    if look.pale:
        blend(pixels, _WHITE, ramp(place.rho, 0.55, 0.05) * np.float32(look.pale * 0.6))
    if look.scale:
        flakes = ramp(clouds(rng, shape, 14, octaves=2), 0.55, 1.0)
        blend(pixels, _WHITE, flakes * body * np.float32(look.scale * 0.7))


def _lines(
    pixels: Pixels,
    place: Outline,
    look: Look,
    body: Field,
    patches: Field,
    rng: np.random.Generator,
) -> None:
    """Pigment network towards the border, and vessels."""
    shape = pixels.shape[0], pixels.shape[1]
    dark = (look.core[0] * 0.62, look.core[1] * 0.58, look.core[2] * 0.58)
    if look.network:
        ring = ramp(place.rho, 0.1, 0.7) * ramp(place.rho, 1.06, 0.88)
        fade = ramp(patches, -0.9, 0.3)
        web = honeycomb(rng, shape, max(7.0, place.radius / 16))
        blend(pixels, dark, web * ring * fade * np.float32(look.network * 0.62))
    if look.vessels:
        red = _vessels(shape, place, rng, count=round(3 + 5 * look.vessels))
        blend(pixels, (176, 48, 52), red * body * np.float32(0.35 + 0.4 * look.vessels))


def honeycomb(rng: np.random.Generator, shape: Shape, period: float) -> Field:
    """Return the lines of a bent honeycomb, 1 on a line.

    Three plane waves at 60 degrees to each other add up to a triangular lattice of peaks; what
    lies low between the peaks is the net around them.
    """
    rows, columns = grid(shape)
    bend = np.float32(period * 1.3)
    down = rows + noise(rng, shape, period * 3.6) * bend
    right = columns + noise(rng, shape, period * 3.6) * bend
    turn = rng.uniform(0, np.pi / 3)
    waves = np.zeros(shape, np.float32)
    for third in range(3):
        direction = turn + third * np.pi / 3
        step = np.float32(4 * np.pi / (np.sqrt(3) * period))
        waves += np.cos(
            (right * np.float32(np.cos(direction)) + down * np.float32(np.sin(direction))) * step
        )
    waves += noise(rng, shape, period * 2) * np.float32(0.7)
    return ramp(waves, 0.2, -1.3)


def _vessels(shape: Shape, place: Outline, rng: np.random.Generator, count: int) -> Field:
    """Thin lines that wander in from the border and branch once."""
    mask = Image.new("L", (shape[1], shape[0]))
    pen = ImageDraw.Draw(mask)
    for start in rng.uniform(0, 2 * np.pi, count):
        row = place.row + np.sin(start) * place.radius
        column = place.column + np.cos(start) * place.radius
        for branch in range(2):
            heading = start + np.pi + rng.normal(0, 0.5)
            steps = np.cumsum(rng.normal(0, 0.28, 14)) + heading
            stride = place.radius * (0.09 if branch == 0 else 0.06)
            ys = row + np.cumsum(np.sin(steps)) * stride
            xs = column + np.cumsum(np.cos(steps)) * stride
            pen.line(list(zip(xs.tolist(), ys.tolist(), strict=True)), fill=255, width=3 - branch)
            row, column = float(ys[5]), float(xs[5])
    return from_mask(mask.filter(ImageFilter.BoxBlur(1)))


def _dots(
    pixels: Pixels, place: Outline, look: Look, body: Field, rng: np.random.Generator
) -> None:
    """Globules, clods, cysts: round things; and streaks, which ray out from the border."""
    shape = pixels.shape[0], pixels.shape[1]
    dark = (look.core[0] * 0.55, look.core[1] * 0.5, look.core[2] * 0.5)
    if look.globules:
        dots = _discs(shape, place, rng, round(150 * look.globules), (0.012, 0.03))
        blend(pixels, dark, dots * body * np.float32(0.75))
    if look.clods:
        clods = _discs(shape, place, rng, round(70 * look.clods), (0.06, 0.13))
        blend(pixels, (118, 16, 34), clods * body * np.float32(0.7))
    if look.cysts:
        cysts = _discs(shape, place, rng, round(45 * look.cysts), (0.018, 0.04))
        blend(pixels, (236, 214, 180), cysts * body * np.float32(0.75))
        pits = _discs(shape, place, rng, round(25 * look.cysts), (0.02, 0.05))
        blend(pixels, (84, 54, 40), pits * body * np.float32(0.7))
    if look.streaks:
        blend(pixels, dark, _streaks(shape, place, rng, look.streaks) * np.float32(0.8))


def _discs(
    shape: Shape, place: Outline, rng: np.random.Generator, count: int, sizes: tuple[float, float]
) -> Field:
    """Soft discs strewn over the lesion; sizes as parts of its radius."""
    mask = Image.new("L", (shape[1], shape[0]))
    pen = ImageDraw.Draw(mask)
    angle = rng.uniform(0, 2 * np.pi, count)
    far = np.sqrt(rng.uniform(0, 0.92, count)) * place.radius
    xs, ys = place.column + np.cos(angle) * far, place.row + np.sin(angle) * far
    radii = rng.uniform(*sizes, count) * place.radius
    for x, y, radius in zip(xs.tolist(), ys.tolist(), radii.tolist(), strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return from_mask(mask.filter(ImageFilter.BoxBlur(1)))


def _streaks(shape: Shape, place: Outline, rng: np.random.Generator, strength: float) -> Field:
    """Rays over the border: all around when strong, in two sectors when weak."""
    mask = Image.new("L", (shape[1], shape[0]))
    pen = ImageDraw.Draw(mask)
    count = 46
    angles = (np.arange(count) + rng.uniform(-0.45, 0.45, count)) * (2 * np.pi / count)
    keep = np.cos(angles * 2 + rng.uniform(0, 2 * np.pi)) < 2.4 * strength - 1
    wide = max(2, round(place.radius / 45))
    for angle in angles[keep]:
        ray = np.linspace(0.5, 1.4, 64) * place.radius
        ys = np.clip(place.row + np.sin(angle) * ray, 0, shape[0] - 1).astype(int)
        xs = np.clip(place.column + np.cos(angle) * ray, 0, shape[1] - 1).astype(int)
        border = int(np.searchsorted(place.rho[ys, xs], 1.0))
        inner = max(border - int(rng.integers(5, 12)), 0)
        outer = min(border + int(rng.integers(0, 6)), 63)
        ends = [(float(xs[at]), float(ys[at])) for at in (inner, (inner + outer) // 2, outer)]
        pen.line(ends[:2], fill=230, width=wide + 1)
        pen.line(ends[1:], fill=190, width=wide)
        if rng.random() < 0.4:
            x, y = ends[2]
            pen.ellipse((x - wide, y - wide, x + wide, y + wide), fill=210)
    return from_mask(mask.filter(ImageFilter.BoxBlur(1)))
