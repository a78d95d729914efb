"""Draw the overlays of a study into a folder, one image after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isic_cli.errors import IsicError, LocalError, NotFoundError
from isic_cli.models.outcomes import Outcome
from isic_cli.pictures.load import load_rgb
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.layers import FeatureLayer, layers_of
from isic_cli.services.study.masks import plain, write_png
from isic_cli.services.study.overlay import (
    OPACITY,
    PER_SHEET,
    Rgb,
    SheetTile,
    colours_of,
    paint,
    sheet,
    tile,
    with_legend,
)
from isic_cli.superpixel.palette import Colour

Colours = dict[str, Colour]

#: Beyond so many features colours are given anew for each image: more cannot be told apart.
MOST_COLOURS = 14


@dataclass
class Drawing:
    """The overlays of some images of a study.

    Parameters
    ----------
    study : StudyData
        Its marks and pictures.
    images, features : sequence of str
        Which; checked by the study.
    folder : Path
        Where `<image>_overlay.png` and `sheet.png` go.
    alpha : float
        Opacity of what all annotators marked, 0 to 1.
    """

    study: StudyData
    images: Sequence[str]
    features: Sequence[str]
    folder: Path
    alpha: float = OPACITY
    _tiles: list[SheetTile] = field(default_factory=list, init=False)
    _colours: Colours | None = field(default=None, init=False)

    def run(self) -> Iterator[Outcome]:
        """Draw each image; one failure does not stop the rest, and an image without marks is none.

        Raises
        ------
        LocalError
            When the folder cannot be written.
        """
        marked = [
            feature
            for feature in self.features
            if any(self.study.annotations_of(image, feature) for image in self.images)
        ]
        self._colours = colours_of(marked) if len(marked) <= MOST_COLOURS else None
        for image in self.images:
            try:
                yield self._outcome(image)
            except LocalError:
                raise
            except IsicError as error:
                yield Outcome(image, "failed", error.message)

    def _outcome(self, image: str) -> Outcome:
        known: dict[str, Any] = {"annotators": len(self.study.annotators_of(image))}
        drawn = self._drawn(image)
        if drawn is None:
            return Outcome(image, "skipped", "no annotations", extra=known)
        picture, layers = drawn
        path = self.folder / f"{plain(image)}_overlay.png"
        write_png(path, picture)
        known["features"] = [layer.feature for layer in layers]
        return Outcome(image, "done", path=str(path), extra=known)

    def write_sheets(self) -> list[Path]:
        """Write a sheet of what was drawn: `sheet.png`, or several with numbers."""
        pages = [
            self._tiles[start : start + PER_SHEET]
            for start in range(0, len(self._tiles), PER_SHEET)
        ]
        written = []
        for number, tiles in enumerate(pages, start=1):
            several = len(pages) > 1
            title = f"{self.study.title}, {number} of {len(pages)}" if several else self.study.title
            path = self.folder / (f"sheet-{number}.png" if several else "sheet.png")
            write_png(path, sheet(title, tiles, self._colours or {}))
            written.append(path)
        return written

    def _drawn(self, image: str) -> tuple[Rgb, list[FeatureLayer]] | None:
        if not self.study.annotations_of(image):
            return None
        path = self.study.pictures.photograph(image)
        if path is None:
            raise NotFoundError(f"there is no photograph of {image}")
        photograph = load_rgb(path)
        layers = list(layers_of(self.study, image, self.features, photograph.shape[:2]))
        if not layers:
            return None
        colours = self._colours or colours_of([layer.feature for layer in layers])
        count = len(self.study.annotators_of(image))
        picture = paint(photograph, layers, colours, alpha=self.alpha)
        self._tiles.append(tile(f"{image}, {count} annotators", picture))
        return with_legend(picture, layers, colours, count, alpha=self.alpha), layers
