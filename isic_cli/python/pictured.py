"""The superpixels of an image of an archive: in a notebook, outlines over the photograph."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from isic_cli.python import html
from isic_cli.superpixel.map import SuperpixelMap
from isic_cli.superpixel.overlay import outline_picture

if TYPE_CHECKING:
    from isic_cli.python.picturing import ArchivePictures

#: The longest side in a notebook, in pixels: borders are seen, and a page stays small.
_SIDE = 640


@dataclass(frozen=True, eq=False, repr=False)
class PicturedMap(SuperpixelMap):
    """A superpixel map that knows which photograph it is of.

    Attributes
    ----------
    archive : Archive or None
        Has the photograph.
    isic_id : str
        Of the image.
    """

    archive: "ArchivePictures | None" = None
    isic_id: str = ""

    @classmethod
    def of_archive(cls, archive: "ArchivePictures", isic_id: str, png: bytes) -> Self:
        """Read the map of an image."""
        return replace(cls.from_png(png), archive=archive, isic_id=isic_id)

    def _repr_html_(self) -> str | None:
        """Draw the outlines over the photograph where no request is needed for it."""
        from isic_cli.pictures.png import png_bytes

        if self.archive is None or not self.archive.is_at_hand:
            return None
        drawn = outline_picture(self, self.archive.read(self.isic_id))
        words = f"{self!r} of {self.isic_id}"
        return html.picture(png_bytes(drawn), side=_SIDE, alt=words) + f"<p>{html.text(words)}</p>"
