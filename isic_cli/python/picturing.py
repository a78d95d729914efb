"""The pictures of an archive, from Python: read, downloaded, with their maps and masks."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.python.account import ArchiveAccount

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from isic_cli.models.image import ImageRecord
    from isic_cli.python.image import Image
    from isic_cli.services.download.options import Variant
    from isic_cli.superpixel.map import SuperpixelMap


class ArchivePictures(ArchiveAccount):
    """What `Archive` has of pictures."""

    def superpixels(self, image: "str | Image") -> "SuperpixelMap":
        """Return the superpixel map of an image; raises `NotFoundError` where there is none."""
        from isic_cli.errors import NotFoundError
        from isic_cli.python.pictured import PicturedMap

        isic_id = id_of(image)
        data = self.api.superpixel_file(isic_id)
        if data is None:
            raise NotFoundError(f"the archive has no superpixel map of {isic_id}")
        return PicturedMap.of_archive(self, isic_id, data)

    def segmentations(self, image: "str | Image") -> "dict[str, npt.NDArray[np.bool_]]":
        """Return the masks of an image by what they outline, each of shape (H, W).

        A folder may have them, such as one of a challenge; the archives over the network have
        none, and of a study's marks `ReaderStudy.mask` makes one.
        """
        from isic_cli.folder.scan import scan
        from isic_cli.pictures.mask import read_mask
        from isic_cli.services.export.companions import Companions

        folder = self.api.settings.archive.folder
        if folder is None:
            return {}
        found = Companions(scan(folder)).of(id_of(image))
        return {one.category: read_mask(Path(one.source)) for one in found if one.kind == "masks"}

    def read(self, image: "str | Image | ImageRecord", *, variant: "Variant" = "full") -> bytes:
        """Return the bytes of a picture, `full` or `thumbnail`, checked to be whole."""
        from isic_cli.services.download.cache import picture_bytes

        record = self.api.image(image) if isinstance(image, str) else record_of(image)
        return picture_bytes(self.api, record, variant)

    def fetch(
        self,
        image: "str | Image | ImageRecord",
        folder: str | os.PathLike[str],
        *,
        variant: "Variant" = "full",
    ) -> Path:
        """Download one picture into a folder with its credits, and return its path.

        Raises
        ------
        IsicError
            What made it fail.
        """
        record = self.api.image(image) if isinstance(image, str) else record_of(image)
        with self._lock:
            return self.fetching.fetch(record, Path(folder), variant)

    def glance(self, image: "Image") -> bytes | None:
        """Return the thumbnail where no request is needed for it, else None: see `is_at_hand`."""
        return self.read(image, variant="thumbnail") if self.is_at_hand else None


def id_of(image: "str | Image") -> str:
    """Return the ISIC id of an image, which may be given as such."""
    return image if isinstance(image, str) else image.isic_id


def record_of(image: "Image | ImageRecord") -> "ImageRecord":
    """Return what the archive says of an image."""
    from isic_cli.python.image import Image

    return image.record if isinstance(image, Image) else image
