"""What was marked on the pictures of a study, from Python: masks, overlays, maps."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image as Pillow

    from isic_cli.python.connection import ArchiveConnection
    from isic_cli.services.study.data import StudyData
    from isic_cli.services.study.layers import FeatureLayer
    from isic_cli.superpixel.map import SuperpixelMap

    Rgb = npt.NDArray[np.uint8]


class StudyPictures:
    """What `ReaderStudy` has of pictures."""

    def __init__(self, data: "StudyData", archive: "ArchiveConnection | None" = None) -> None:
        self._archive = archive
        self._scratch: Path | None = None
        self.data = data

    def superpixels(self, image: str) -> "SuperpixelMap":
        """Return the superpixel map of an image; raises `NotFoundError` where there is none."""
        from isic_cli.errors import NotFoundError
        from isic_cli.superpixel.map import SuperpixelMap

        path = self._with_pictures(image).pictures.superpixels(image)
        if path is None:
            raise NotFoundError(f"there is no superpixel map of {image}")
        return SuperpixelMap.from_png(path)

    def mask(self, image: str, feature: str) -> "npt.NDArray[np.bool_]":
        """Return where more than half of the annotators marked a feature, shape (H, W)."""
        return self._layer(image, feature)[1].majority

    def overlay(
        self, image: str, features: Sequence[str] | None = None, *, alpha: float = 0.4
    ) -> "Pillow.Image":
        """Draw the marks over the photograph, with a legend, as `isic study overlay` does.

        `alpha` is the opacity of what all annotators marked, 0 to 1.

        Raises
        ------
        NotFoundError
            There is no photograph or map of the image, or nothing is marked on it.
        """
        from PIL import Image as Pillow

        from isic_cli.services.study.overlay import colours_of, paint, with_legend

        names = self.data.check_features(features or ())
        photograph, layers = self._layers(image, names)
        colours = colours_of([layer.feature for layer in layers])
        count = len(self.data.annotators_of(image))
        drawn = paint(photograph, layers, colours, alpha=alpha)
        return Pillow.fromarray(with_legend(drawn, layers, colours, count, alpha=alpha))

    def heatmap(self, image: str, feature: str) -> "Pillow.Image":
        """Draw the share of annotators who marked a feature as red over the gray photograph."""
        from PIL import Image as Pillow

        from isic_cli.services.study.overlay import heat

        photograph, layer = self._layer(image, feature)
        return Pillow.fromarray(heat(photograph, layer.strength))

    def _layer(self, image: str, feature: str) -> "tuple[Rgb, FeatureLayer]":
        photograph, layers = self._layers(image, self.data.check_features([feature]))
        return photograph, layers[0]

    def _layers(self, image: str, names: Sequence[str]) -> "tuple[Rgb, list[FeatureLayer]]":
        from isic_cli.errors import NotFoundError
        from isic_cli.pictures.load import load_rgb
        from isic_cli.services.study.layers import layers_of

        self.data.check_images([image])
        study = self._with_pictures(image)
        path = study.pictures.photograph(image)
        if path is None:
            raise NotFoundError(f"there is no photograph of {image}")
        photograph = load_rgb(path)
        layers = list(layers_of(study, image, names, photograph.shape[:2]))
        if not layers:
            raise NotFoundError(f"nothing is marked on {image}")
        return photograph, layers

    def _with_pictures(self, image: str) -> "StudyData":
        """Return the study with the photograph and the map of an image, fetched once."""
        if self._archive is None or self._scratch is None:
            return self.data
        from isic_cli.files.atomic import write_bytes
        from isic_cli.services.study.pictures import Pictures
        from isic_cli.services.superpixels.picture import fetch_picture

        folder = self._scratch / "pictures"
        target = folder / f"{image}_superpixels.png"
        if not target.exists():
            fetch_picture(self._archive.api, image, folder)
            if (data := self._archive.api.superpixel_file(image)) is not None:
                write_bytes(target, data)
        self.data = replace(self.data, pictures=Pictures(folders=(self._scratch,)))
        return self.data
