"""Draw the overlays of a study into a folder, one image after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from isic_cli.errors import IsicError, NotFoundError
from isic_cli.pictures.load import load_rgb
from isic_cli.services.study.data import StudyData
from isic_cli.services.study.layers import FeatureLayer, layers_of
from isic_cli.services.study.masks import plain, write_png
from isic_cli.services.study.overlay import (
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


@dataclass(frozen=True)
class Drawn:
    """What became of one image.

    Attributes
    ----------
    image : str
        Its ISIC id.
    status : str
        `drawn`, `unmarked` (nothing to draw) or `failed`.
    path : Path or None
        The overlay.
    annotators : int
        How many annotated the image.
    features : tuple of str
        What they marked.
    reason : str or None
        Why it failed.
    """

    image: str
    status: str
    path: Path | None = None
    annotators: int = 0
    features: tuple[str, ...] = ()
    reason: str | None = None

    def row(self) -> dict[str, object]:
        """Return the result as a row."""
        return {
            "image": self.image,
            "status": self.status,
            "readers": self.annotators,
            "features": list(self.features) or None,
            "path": None if self.path is None else str(self.path),
            "reason": self.reason,
        }


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
    """

    study: StudyData
    images: Sequence[str]
    features: Sequence[str]
    folder: Path
    _tiles: list[SheetTile] = field(default_factory=list, init=False)
    _colours: Colours | None = field(default=None, init=False)

    def run(self) -> Iterator[Drawn]:
        """Draw each image; one failure does not stop the rest.

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
                drawn = self._drawn(image)
            except IsicError as error:
                yield Drawn(image, "failed", reason=error.message)
                continue
            if drawn is None:
                yield Drawn(image, "unmarked", annotators=len(self.study.annotators_of(image)))
                continue
            picture, layers = drawn
            path = self.folder / f"{plain(image)}_overlay.png"
            write_png(path, picture)
            names = tuple(layer.feature for layer in layers)
            yield Drawn(image, "drawn", path, len(self.study.annotators_of(image)), names)

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
        picture = paint(photograph, layers, colours)
        self._tiles.append(tile(f"{image}, {count} readers", picture))
        return with_legend(picture, layers, colours, count), layers
