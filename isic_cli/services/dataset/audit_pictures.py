"""What a worker of an audit does: measure how good pictures are.

A module of its own, so that a new process imports neither the network nor the models. Brightness,
entropy and shape are measured by cleanvision; what dermatology adds is measured here.
"""

from dataclasses import dataclass, field
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from isic_cli.distribution import install_extra
from isic_cli.errors import IsicError, UsageError
from isic_cli.models.ids import find_ids
from isic_cli.models.outcomes import Outcome
from isic_cli.pictures.load import opened, turn_of
from isic_cli.services.export.options import TargetSize
from isic_cli.services.export.picture import PictureGeometry, as_rgb

#: The longer side, in pixels, at which pictures are measured.
_SIDE = 512
#: Grey below which a pixel at the edge is border, as in vignettes and black frames.
_BLACK = 40
#: Values above which all three colours of paper are, and by how much they may differ.
_PAPER, _GREY = 190, 25
#: Pixels around the border that its soft edge may cover.
_RIM = 9


@dataclass(frozen=True, slots=True)
class MeasuredPicture:
    """What a worker measured; `problem` is `""` for a picture in order.

    Attributes
    ----------
    path : str
        The file.
    width, height : int
        Pixels of the upright picture.
    measures : dict of str to float
        By kind, the larger the worse.
    problem : str
        Why it could not be measured.
    """

    path: str
    width: int = 0
    height: int = 0
    measures: dict[str, float] = field(default_factory=dict)
    problem: str = ""

    @property
    def key(self) -> str:
        """What it is called among the findings."""
        return picture_key(self.path)

    @property
    def outcome(self) -> Outcome:
        """Its line in a report."""
        isic_id = next(iter(find_ids(Path(self.path).name)), "")
        if self.problem:
            return Outcome(isic_id, "damaged", self.problem, path=self.path)
        return Outcome(isic_id, "ok", path=self.path)


def quality_measures() -> Any:
    """Return the module of cleanvision that measures a picture.

    Raises
    ------
    UsageError
        It is not installed.
    """
    try:
        from cleanvision.issue_managers import image_property
    except ImportError as error:
        raise UsageError(
            "the quality of pictures is measured by cleanvision, which is not installed",
            hint=f"{install_extra('audit')}.",
        ) from error
    return image_property


def picture_key(path: str) -> str:
    """Return the ISIC id in the name of a picture, else the name without its suffix."""
    name = Path(path).name
    return next(iter(find_ids(name)), "") or Path(name).stem


def measure_pictures(paths: tuple[str, ...]) -> list[MeasuredPicture]:
    """Measure pictures; a damaged one is told, not raised."""
    return [_measured(path) for path in paths]


def _measured(path: str) -> MeasuredPicture:
    try:
        with opened(Path(path), name="the file") as image:
            shape = PictureGeometry.plan(image.size, turn_of(image), TargetSize(_SIDE, _SIDE))
            upright = PictureGeometry.plan(image.size, turn_of(image), None)
            image.draft("RGB", shape.draft)
            small = shape.apply(as_rgb(image), Image.Resampling.LANCZOS)
    except IsicError as error:
        return MeasuredPicture(path, problem=error.message)
    width, height = upright.outer
    shape_and_size = {"odd_shape": abs(log(width / height)), "tiny": -log(width * height) / 2}
    measures = shape_and_size | _common(small) | _dermatological(small)
    return MeasuredPicture(path, width, height, measures)


def _common(image: Image.Image) -> dict[str, float]:
    kept = quality_measures()
    bright = kept.calc_percentile_brightness(image, [5, 99])
    return {
        "dark": 1 - float(bright[1]),
        "bright": float(bright[0]),
        "empty": -float(kept.calc_entropy(image)),
    }


def _dermatological(image: Image.Image) -> dict[str, float]:
    grey = image.convert("L")
    border = border_of(np.asarray(grey))
    inner = ~border
    return {
        "blur": blur_of(grey, inner),
        "border": float(border.mean()),
        "no_skin": colour_missing(image, inner),
    }


def border_of(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return the black pixels that reach the edge along their row or column; shape (H, W)."""
    black = grey < _BLACK
    reached = np.zeros(black.shape, bool)
    for axis in (0, 1):
        reached |= np.logical_and.accumulate(black, axis=axis)
        back = np.flip(np.logical_and.accumulate(np.flip(black, axis), axis=axis), axis)
        reached |= back
    return reached


def blur_of(grey: Image.Image, inner: npt.NDArray[np.bool_]) -> float:
    """Return how little of a picture's detail is fine: a logarithm, larger when blurred.

    The spread of what a Gaussian of one pixel takes away, over that of what one of four takes
    away after it: a ratio, so that contrast has no influence. The border and its rim are left out.
    """
    rim = Image.fromarray(inner).filter(ImageFilter.MinFilter(_RIM))
    kept = np.asarray(rim) > 0
    if kept.sum() < 100:
        return 0.0
    blurred = [
        np.asarray(grey.filter(ImageFilter.GaussianBlur(radius)), np.float64)[kept]
        for radius in (0, 1, 4)
    ]
    fine, coarse = np.std(blurred[0] - blurred[1]), np.std(blurred[1] - blurred[2])
    return float(np.log((coarse + 0.1) / (fine + 0.1)))


def colour_missing(image: Image.Image, inner: npt.NDArray[np.bool_]) -> float:
    """Return how far the colours inside the border are from those of skin; from 0 to 1.

    The largest of the share of pixels that are greenest, of the share that are white as paper,
    and of 0.7 for a picture without colour, which may be a confocal or an old photograph. The
    light of dermoscopes shifts colours so far that no closer range of skin holds all of them.
    """
    if not inner.any():
        return 1.0
    red, green, blue = (np.asarray(band, np.int16)[inner] for band in image.split())
    darkest = np.minimum(np.minimum(red, green), blue)
    lightest = np.maximum(np.maximum(red, green), blue)
    greenest = float(((green > red + 6) & (green > blue + 6)).mean())
    paper = float(((darkest > _PAPER) & (lightest - darkest < _GREY)).mean())
    bands = image.convert("YCbCr").split()[1:]
    first, second = (np.asarray(band, np.float64)[inner] - 128 for band in bands)
    chroma = float(np.sqrt((first**2 + second**2).mean()))
    return max(greenest, paper, 0.7 * float(np.exp(-chroma / 6)))
