"""One image of an archive, from Python."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from isic_cli.python import html

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image as Pillow

    from isic_cli.models.image import ImageMetadata, ImageRecord
    from isic_cli.python.archive import Archive
    from isic_cli.python.table import ResultTable
    from isic_cli.services.download.options import Variant
    from isic_cli.superpixel.map import SuperpixelMap

#: Pixels of the longer side of the picture that a notebook shows.
_SIDE = 256


class Image:
    """An image: its metadata at hand, its picture when it is asked for.

    Attributes
    ----------
    record : ImageRecord
        What the archive says of it.

    Examples
    --------
    >>> from isic_cli import Archive
    >>> with Archive.open("demo") as archive:
    ...     image = archive.image("ISIC_9000002")
    ...     image.field("sex"), image.array().shape
    ('female', (480, 720, 3))
    """

    __slots__ = ("_archive", "record")

    def __init__(self, archive: "Archive", record: "ImageRecord") -> None:
        self._archive = archive
        self.record = record

    @property
    def isic_id(self) -> str:
        """The ISIC id."""
        return self.record.isic_id

    @property
    def attribution(self) -> str:
        """Whom to credit."""
        return self.record.attribution

    @property
    def copyright_license(self) -> str:
        """`CC-0`, `CC-BY` or `CC-BY-NC`."""
        return self.record.copyright_license

    @property
    def public(self) -> bool:
        """False for an embargoed image that this user may see."""
        return self.record.public

    @property
    def metadata(self) -> "ImageMetadata":
        """The metadata in the archive's two groups, `acquisition` and `clinical`."""
        return self.record.metadata

    @property
    def fields(self) -> Mapping[str, Any]:
        """Every metadata field by its name."""
        return self.record.fields

    def field(self, name: str) -> Any:
        """Return the value of a field; None where the image has none."""
        return self.record.field(name)

    def row(self) -> dict[str, Any]:
        """Return one flat row in the official order of columns, without absent fields."""
        return self.record.row()

    def read(self, *, variant: "Variant" = "full") -> bytes:
        """Return the bytes of the picture as the archive has them, `full` or `thumbnail`.

        Raises
        ------
        IsicError
            The picture cannot be had, or is not whole.
        """
        return self._archive.read(self, variant=variant)

    def array(self, *, variant: "Variant" = "full") -> "npt.NDArray[np.uint8]":
        """Return the pixels as they are stored, shape (H, W, 3), uint8, RGB.

        Superpixel maps and masks belong to the stored pixels: EXIF turns nothing here.
        """
        import numpy as np

        return np.asarray(self.pil(variant=variant))

    def pil(self, *, variant: "Variant" = "full") -> "Pillow.Image":
        """Return the picture as a Pillow image of mode RGB, its pixels as they are stored."""
        from isic_cli.pictures.load import opened

        with opened(self.read(variant=variant), name=self.isic_id) as picture:
            return picture.convert("RGB")

    def superpixels(self) -> "SuperpixelMap":
        """Return the superpixel map of the image; raises `NotFoundError` where there is none."""
        return self._archive.superpixels(self)

    def segmentations(self) -> "dict[str, npt.NDArray[np.bool_]]":
        """Return its masks by what they outline; see `Archive.segmentations`."""
        return self._archive.segmentations(self)

    def annotations(self, study: int | str) -> "ResultTable":
        """Return who marked what on the image in a study, as `ReaderStudy.annotations` does."""
        from isic_cli.python.table import ResultTable

        found = self._archive.study(study).annotations()
        rows = [row for row in found if row["image"] == self.isic_id]
        return ResultTable.of(f"{found.title}, {self.isic_id}", rows, found.columns)

    def __repr__(self) -> str:
        """Return one line."""
        known = [self.field(name) for name in ("image_type", "diagnosis_1", "diagnosis_3")]
        return " ".join(["<Image", self.isic_id, *(str(one) for one in known if one)]) + ">"

    def __eq__(self, other: object) -> bool:
        """Compare the records."""
        return isinstance(other, Image) and other.record == self.record

    def __hash__(self) -> int:
        """Hash by the id."""
        return hash(self.isic_id)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the archive's settings and the record."""
        return Image, (self._archive, self.record)

    def _repr_html_(self) -> str:
        rows = [[html.text(name), html.text(value)] for name, value in self.row().items()]
        seen = self._archive.glance(self)
        shown = "" if seen is None else html.picture(seen, side=_SIDE, alt=self.isic_id)
        return f"{shown}{html.table(('field', 'value'), rows, caption=self.isic_id)}"

    def _repr_png_(self) -> bytes | None:
        if self._archive.glance(self) is None:
            return None
        buffer = BytesIO()
        self.pil(variant="thumbnail").save(buffer, "PNG")
        return buffer.getvalue()
