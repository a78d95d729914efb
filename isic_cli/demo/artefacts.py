"""What lies over the skin or belongs to the instrument: hair, bubbles, a ruler, the tube's edge."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from isic_cli.demo.fields import Pixels, blend, from_mask, grid, ramp


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
