"""Whole pictures: dermoscopic, clinical, total-body tiles, confocal microscopy.

Over the skin lie hair, bubbles, a ruler and the edge of the instrument's tube.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from isic_cli.demo.appearance import LOOKS, SKIN, Look, from_afar, on_skin
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
from isic_cli.demo.lesion import Outline, honeycomb, outline, paint


def hairs(
    pixels: Pixels, rng: np.random.Generator, count: int, *, width: float = 2.5, pale: bool = False
) -> None:
    """Lay bent hairs over a picture, most of them in one direction."""
    height, across = pixels.shape[0], pixels.shape[1]
    mask = Image.new("L", (across, height))
    pen = ImageDraw.Draw(mask)
    lean = rng.uniform(0, np.pi)
    part = np.linspace(0, 1, 18)
    for _ in range(count):
        heading = lean + rng.normal(0, 0.35)
        length = rng.uniform(0.35, 0.9) * min(height, across)
        bow = rng.normal(0, 0.14) * length
        bend = 4 * part * (1 - part) * bow
        x = (
            rng.uniform(0, across)
            + (part - 0.5) * length * np.cos(heading)
            - bend * np.sin(heading)
        )
        y = (
            rng.uniform(0, height)
            + (part - 0.5) * length * np.sin(heading)
            + bend * np.cos(heading)
        )
        points = list(zip(x.tolist(), y.tolist(), strict=True))
        pen.line(
            points, fill=int(rng.integers(170, 256)), width=max(1, round(width)), joint="curve"
        )
    soft = from_mask(mask.filter(ImageFilter.BoxBlur(0.6)))
    colour = (206.0, 176.0, 138.0) if pale else (44.0, 30.0, 26.0)
    blend(pixels, colour, soft * np.float32(0.85))


def bubbles(pixels: Pixels, rng: np.random.Generator, count: int) -> None:
    """Lay bubbles of immersion gel over a picture: a bright rim, a dark one inside, a glint."""
    height, across = pixels.shape[0], pixels.shape[1]
    light = Image.new("L", (across, height))
    dark = Image.new("L", (across, height))
    bright, shade = ImageDraw.Draw(light), ImageDraw.Draw(dark)
    for _ in range(count):
        x, y = rng.uniform(0.06, 0.94) * across, rng.uniform(0.06, 0.94) * height
        size = rng.uniform(0.008, 0.03) * across
        bright.ellipse((x - size, y - size, x + size, y + size), outline=200, width=2)
        inner = size - 2
        shade.ellipse((x - inner, y - inner, x + inner, y + inner), outline=150, width=2)
        gx, gy, dot = x - size * 0.4, y - size * 0.4, max(1.0, size * 0.18)
        bright.ellipse((gx - dot, gy - dot, gx + dot, gy + dot), fill=255)
    blur = ImageFilter.BoxBlur(0.6)
    blend(pixels, (60, 44, 40), from_mask(dark.filter(blur)) * np.float32(0.5))
    blend(pixels, (255, 250, 244), from_mask(light.filter(blur)) * np.float32(0.6))


def ruler(pixels: Pixels, rng: np.random.Generator) -> None:
    """Print the scale of a dermatoscope along one side: a tick each millimetre, five longer."""
    height, across = pixels.shape[0], pixels.shape[1]
    mask = Image.new("L", (across, height))
    pen = ImageDraw.Draw(mask)
    step = across / rng.uniform(15, 20)
    base = height * 0.93
    for tick in range(2, int(across / step) - 1):
        x = tick * step
        pen.line(
            (x, base, x, base - height * (0.05 if tick % 5 == 0 else 0.028)), fill=255, width=2
        )
    pen.line((2 * step, base, (int(across / step) - 2) * step, base), fill=255, width=2)
    blend(pixels, (40, 36, 38), from_mask(mask.filter(ImageFilter.BoxBlur(0.5))))


def vignette(pixels: Pixels, strength: float) -> None:
    """Darken the corners, as a lens does."""
    rows, columns = grid((pixels.shape[0], pixels.shape[1]))
    y = rows / np.float32(pixels.shape[0] / 2) - 1
    x = columns / np.float32(pixels.shape[1] / 2) - 1
    shade = 1 - ramp(np.hypot(x, y), 0.55, 1.45) * np.float32(strength)
    pixels *= shade[..., None]


def tube(pixels: Pixels, radius: float) -> None:
    """Blacken what lies outside of the dermatoscope's tube; radius in half widths."""
    height, across = pixels.shape[0], pixels.shape[1]
    rows, columns = grid((height, across))
    scale = np.float32(2 / across)
    far = np.hypot((rows - height / 2) * scale, (columns - across / 2) * scale)
    outside = ramp(np.asarray(far, np.float32), radius, radius + 0.03)
    blend(pixels, (9, 7, 8), outside)


Picture = NDArray[np.uint8]
_PARENTS = 17  # a spot's outline is drawn from its own seed, so that its pictures resemble


def skin(rng: np.random.Generator, shape: Shape, tone: str, *, lines: float = 1.0) -> Pixels:
    """Draw bare skin: its tone, blotches of blood and pigment, and the fine relief of lines.

    Returns
    -------
    Pixels
        float32 of shape (H, W, 3).
    """
    # One plane after the other in memory: every layer is blended plane by plane.
    pixels = np.empty((3, *shape), np.float32).transpose(1, 2, 0)
    half = (shape[0] + 1) // 2, (shape[1] + 1) // 2
    blotches = clouds(rng, half, min(half) / 2.5)
    relief = noise(rng, half, 2.5) + honeycomb(rng, half, 6.5) * np.float32(1.2)
    relief *= np.float32(0.016 * lines)
    light = enlarge(blotches * np.float32(0.03) - relief, shape) + np.float32(1)
    redder = enlarge(blotches, shape, Image.Resampling.BILINEAR)
    for channel, value in enumerate(SKIN[tone]):
        tint = np.float32((0.012, -0.012, -0.006)[channel] * value)
        pixels[..., channel] = (redder * tint + np.float32(value)) * light
    return pixels


def dermoscopic(
    lesion_seed: int, seed: int, shape: Shape, tone: str, look: str
) -> tuple[Picture, Outline]:
    """Draw a spot through a dermatoscope.

    Parameters
    ----------
    lesion_seed, seed : int
        Of the spot, which its other pictures share, and of this picture.
    shape : (int, int)
        Height and width in pixels.

    Returns
    -------
    picture : ndarray of shape (H, W, 3), uint8
    place : Outline
        Where the spot is.
    """
    rng = np.random.default_rng([9, seed])
    pixels = skin(rng, shape, tone)
    form = np.random.default_rng([_PARENTS, lesion_seed])
    kind = on_skin(LOOKS[look], tone)
    place = outline(form, shape, kind, form.uniform(0.25, 0.34))
    paint(pixels, place, kind, form)
    if rng.random() < 0.6:
        count = int(rng.integers(3, 26))
        hairs(pixels, rng, count, width=shape[1] / 260, pale=tone == "I" and rng.random() < 0.4)
    if rng.random() < 0.3:
        bubbles(pixels, rng, int(rng.integers(3, 11)))
    framed = rng.random()
    if framed < 0.22:
        ruler(pixels, rng)
    vignette(pixels, rng.uniform(0.25, 0.6))
    if framed > 0.8:
        tube(pixels, rng.uniform(0.84, 0.95))
    return _finished(pixels, rng), place


def clinical(lesion_seed: int, seed: int, shape: Shape, tone: str, look: str) -> Picture:
    """Draw a spot as a camera sees it from a hand's breadth: small, lit from one side."""
    rng = np.random.default_rng([10, seed])
    pixels = skin(rng, shape, tone, lines=0.7)
    form = np.random.default_rng([_PARENTS, lesion_seed])
    kind = from_afar(on_skin(LOOKS[look], tone))
    place = outline(form, shape, kind, 0.11, stray=0.1)
    _shadow(pixels, place)
    paint(pixels, place, kind, form)
    hairs(pixels, rng, int(rng.integers(4, 22)), width=1.4)
    _side_light(pixels, rng)
    return _finished(pixels, rng)


def overview(seed: int, shape: Shape, tone: str, look: str) -> Picture:
    """Draw a stretch of body with a dozen spots on it and the background beside it."""
    rng = np.random.default_rng([11, seed])
    pixels = skin(rng, shape, tone, lines=0.4)
    for spot in range(12):
        kind = from_afar(on_skin(LOOKS[look if spot == 0 else "junctional"], tone))
        size = 0.035 if spot == 0 else rng.uniform(0.01, 0.02)
        _small_spot(pixels, kind, round(2.5 * size * min(shape)), rng)
    rows, columns = grid(shape)
    side = columns / np.float32(shape[1]) + np.sin(rows / np.float32(shape[0]) * 3) * 0.06
    edge = np.asarray(side, np.float32)
    pixels *= (1 - np.float32(0.45) * ramp(np.abs(edge - 0.5), 0.15, 0.45))[..., None]
    blend(pixels, (58, 74, 88), ramp(np.abs(edge - 0.5), 0.435, 0.445))
    return _finished(pixels, rng)


def tile(lesion_seed: int, seed: int, shape: Shape, tone: str, look: str) -> Picture:
    """Draw a tile cut from a total-body photograph: few pixels, enlarged, no lens over it."""
    rng = np.random.default_rng([12, seed])
    coarse = shape[0] // 2, shape[1] // 2
    pixels = skin(rng, coarse, tone, lines=0.6)
    form = np.random.default_rng([_PARENTS, lesion_seed])
    kind = from_afar(on_skin(LOOKS[look], tone))
    paint(pixels, outline(form, coarse, kind, 0.2, stray=0.03), kind, form)
    hairs(pixels, rng, int(rng.integers(0, 6)), width=1)
    pixels = np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1)
    pixels[1:-1] = (pixels[:-2] + pixels[1:-1] + pixels[2:]) / 3
    pixels[:, 1:-1] = (pixels[:, :-2] + pixels[:, 1:-1] + pixels[:, 2:]) / 3
    return _finished(pixels, rng)


def confocal(seed: int, shape: Shape, *, mosaic: bool) -> Picture:
    """Draw cells as a reflectance confocal microscope shows them.

    Returns
    -------
    ndarray of shape (H, W), uint8
        Gray; a mosaic shows the seams of its tiles.
    """
    rng = np.random.default_rng([13, seed])
    cells = honeycomb(rng, shape, 9 if mosaic else 22)
    depth = clouds(rng, shape, min(shape) / 3)
    gray = 46 + cells * (70 + 50 * depth) + 26 * depth
    gray += ramp(noise(rng, shape, 16), 0.55, 0.9) * 120
    gray *= 1 + rng.normal(0, 0.16, shape).astype(np.float32)
    if mosaic:
        seams = rng.uniform(0.8, 1.1, (4, 6)).astype(np.float32)
        gray *= np.kron(seams, np.ones((shape[0] // 4, shape[1] // 6), np.float32))
    picture: Picture = np.clip(gray, 0, 255).astype(np.uint8)
    return picture


def _small_spot(pixels: Pixels, kind: Look, reach: int, rng: np.random.Generator) -> None:
    """Paint a spot into a window of 2 `reach` pixels somewhere in the middle of a picture."""
    height, width = pixels.shape[0], pixels.shape[1]
    row = int(height * rng.uniform(0.2, 0.8))
    column = int(width * rng.uniform(0.25, 0.75))
    window = pixels[row - reach : row + reach, column - reach : column + reach]
    paint(window, outline(rng, window.shape[:2], kind, 0.2, stray=0.0), kind, rng)


def _shadow(pixels: Pixels, place: Outline) -> None:
    """Redden and darken the skin around a spot a little."""
    around: Field = ramp(place.rho, 2.2, 0.9)
    blend(pixels, (150, 84, 70), around * np.float32(0.18))


def _side_light(pixels: Pixels, rng: np.random.Generator) -> None:
    rows, columns = grid((pixels.shape[0], pixels.shape[1]))
    turn = rng.uniform(0, 2 * np.pi)
    slope = columns / np.float32(pixels.shape[1]) * np.float32(np.cos(turn))
    slope = slope + rows / np.float32(pixels.shape[0]) * np.float32(np.sin(turn))
    pixels *= (1.02 + np.float32(0.22) * (slope - slope.mean()))[..., None]


def _finished(pixels: Pixels, rng: np.random.Generator) -> Picture:
    """Add the noise of a sensor and round to 8 bits."""
    pixels += rng.integers(-4, 5, pixels.shape[:2], dtype=np.int8)[..., None]
    return np.ascontiguousarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))
