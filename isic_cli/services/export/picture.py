"""Bring one picture to its size and format, upright, and its masks with it."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from isic_cli.curation.rle import Region, encode
from isic_cli.errors import DamagedError, LocalError, UsageError
from isic_cli.pictures.embedded import Embedded
from isic_cli.pictures.load import SIDEWAYS, opened, read_bytes, turn_of
from isic_cli.pictures.mask import read_mask
from isic_cli.pictures.whole import inspect
from isic_cli.services.export.options import Encoding, TargetSize, With
from isic_cli.superpixel.layers import mask_layer, superpixel_layer
from isic_cli.superpixel.map import SuperpixelMap

#: Quality of a JPEG that is saved anew for no other reason than to set it upright.
_UPRIGHT_QUALITY = 95

Padding = int | tuple[int, int, int]

_SAVED_AS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}


@dataclass(frozen=True, slots=True)
class PictureGeometry:
    """How a stored picture becomes an exported one; the same for the picture and its masks.

    Attributes
    ----------
    stored : tuple of (int, int)
        Width and height as stored.
    turn : Image.Transpose or None
        What sets it upright.
    inner : tuple of (int, int)
        Width and height that the upright picture is resized to.
    outer : tuple of (int, int)
        Width and height of the result, its padding included.
    is_cropped : bool
        Whether what has another shape than `inner` is cut off on both sides.
    """

    stored: tuple[int, int]
    turn: Image.Transpose | None
    inner: tuple[int, int]
    outer: tuple[int, int]
    is_cropped: bool = False

    @classmethod
    def plan(
        cls, stored: tuple[int, int], turn: Image.Transpose | None, size: TargetSize | None
    ) -> "PictureGeometry":
        """Decide for a picture of the stored size."""
        width, height = stored[::-1] if turn in SIDEWAYS else stored
        if size is None:
            return cls(stored, turn, (width, height), (width, height))
        outer = (size.width, size.height)
        if size.mode == "crop":
            return cls(stored, turn, outer, outer, is_cropped=True)
        scale = min(size.width / width, size.height / height)
        if size.mode == "fit":
            scale = min(scale, 1.0)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        return cls(stored, turn, inner, inner if size.mode == "fit" else outer)

    @property
    def draft(self) -> tuple[int, int]:
        """Width and height, as stored, that a decoder must give at least."""
        across, down = self.inner[::-1] if self.turn in SIDEWAYS else self.inner
        if not self.is_cropped:
            return across, down
        width, height = self.stored
        scale = max(across / width, down / height)
        return max(across, int(width * scale)), max(down, int(height * scale))

    @property
    def is_same(self) -> bool:
        """Whether nothing changes."""
        return self.turn is None and self.stored == self.inner == self.outer

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height of the stored picture, set upright."""
        return self.stored[::-1] if self.turn in SIDEWAYS else self.stored

    def apply(
        self, image: Image.Image, filter_: Image.Resampling, *, padding: Padding = 0
    ) -> Image.Image:
        """Return an image of the stored size, or of a whole fraction of it, brought to shape."""
        if self.turn is not None:
            image = image.transpose(self.turn)
        if self.is_cropped:
            return ImageOps.fit(image, self.outer, filter_)
        if image.size != self.inner:
            image = image.resize(self.inner, filter_)
        if image.size == self.outer:
            return image
        # Not `ImageOps.pad`: of a very narrow picture it leaves no pixel.
        padded = Image.new(image.mode, self.outer, padding)
        corner = (self.outer[0] - image.width) // 2, (self.outer[1] - image.height) // 2
        padded.paste(image, corner)
        return padded


@dataclass(frozen=True, slots=True)
class PictureSizes:
    """Width and height in pixels of an exported picture, and of the stored one set upright."""

    exported: tuple[int, int]
    stored: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rendered:
    """An exported picture.

    Attributes
    ----------
    data : bytes or None
        The file; None when the stored one is good as it is.
    shape : PictureGeometry
        How it came about.
    unusual : str
        What few programs read of a picture that stays as it is: `TIFF` or `16-bit`; else `""`.
    """

    data: bytes | None
    shape: PictureGeometry
    unusual: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as shown."""
        return self.shape.outer


def render(source: Path, size: TargetSize | None, encoding: Encoding | None) -> Rendered:
    """Bring a picture to its size and format.

    Parameters
    ----------
    source : Path
        The stored picture.
    size : TargetSize or None
        None for the size that it has.
    encoding : Encoding or None
        None to keep its bytes, unless EXIF says that they show it turned.

    Raises
    ------
    LocalError
        The file cannot be read.
    TransferError
        It is not a whole picture, or too large to be decoded.
    UsageError
        It is too wide or high for the format.
    """
    with opened(source) as image:
        shape = PictureGeometry.plan(image.size, turn_of(image), size)
        if encoding is None and shape.turn is None:
            _check_whole(source)
            deep = "16-bit" if image.mode.startswith(("I", "F")) else ""
            return Rendered(None, shape, "TIFF" if image.format == "TIFF" else deep)
        if encoding is None:
            lossless = image.format == "PNG"
            encoding = Encoding("png", 0) if lossless else Encoding("jpg", _UPRIGHT_QUALITY)
        image.draft("RGB", shape.draft)
        pixels = shape.apply(as_rgb(image), Image.Resampling.LANCZOS)
        embedded = Embedded.of(image, shape.outer)  # a PNG may have it behind the pixels
    try:
        return Rendered(_saved(pixels, encoding, embedded), shape)
    except (OSError, ValueError) as error:
        # A side that the format cannot hold: 16,383 pixels in WebP, 65,500 in JPEG.
        raise UsageError(f"{source.name} cannot be saved as {encoding.format}: {error}") from error


def as_rgb(image: Image.Image) -> Image.Image:
    """Return RGB; transparent pixels on white, 16 bits a pixel stretched to 8."""
    if image.mode == "RGB":
        image.load()
        return image
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float64)
        span = float(values.max() - values.min()) or 1.0
        grey = ((values - values.min()) * (255 / span)).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _saved(pixels: Image.Image, encoding: Encoding, embedded: Embedded) -> bytes:
    buffer = BytesIO()
    options = {"quality": encoding.quality} if encoding.quality else {}
    pixels.info.clear()
    pixels.save(buffer, _SAVED_AS[encoding.format], **options, **embedded.options(encoding.format))
    return buffer.getvalue()


def _check_whole(source: Path) -> None:
    """Look at the structure of a picture whose bytes are handed on undecoded."""
    try:
        with source.open("rb") as file:

            def read(offset: int, length: int) -> bytes:
                file.seek(offset)
                return file.read(length)

            inspect(read, source.stat().st_size)
    except OSError as error:
        raise LocalError(f"cannot read {source.name}: {error.strerror}") from error


def region_of(mask: Path, shape: PictureGeometry) -> Region:
    """Return a mask as COCO has it, brought to the shape of its picture.

    Raises
    ------
    LocalError
        The file cannot be read.
    DamagedError
        It is not of the size of its picture.
    TransferError
        It is not a picture.
    """
    return encode(np.asarray(_fitted_mask(mask, shape)) > 127)


def companion(kind: With, source: Path, shape: PictureGeometry, *, drawn: bool = False) -> bytes:
    """Return the file of a companion, brought to the shape of its picture.

    A mask is written as 0 and 255; the padding of a superpixel map is white, the number that no
    superpixel has. Features and thumbnails go along as they are. With `drawn`, a mask and a map
    become transparent pictures that lie over the photograph.

    Raises
    ------
    LocalError, DamagedError, TransferError
        As for `region_of`.
    """
    if kind == "superpixels" and drawn:
        return superpixel_layer(SuperpixelMap.from_png(companion(kind, source, shape)))
    if kind == "masks":
        mask = _fitted_mask(source, shape)
        return mask_layer(np.asarray(mask) > 127) if drawn else _png(mask)
    if kind != "superpixels" or shape.is_same:
        return read_bytes(source)
    with opened(source) as image:
        _refuse_other_size(source, image.size, shape)
        image = image if image.mode in {"L", "RGB"} else image.convert("RGB")  # noqa: PLW2901
        white = 255 if image.mode == "L" else (255, 255, 255)
        return _png(shape.apply(image, Image.Resampling.NEAREST, padding=white))


def _fitted_mask(mask: Path, shape: PictureGeometry) -> Image.Image:
    marked = Image.fromarray(read_mask(mask))
    _refuse_other_size(mask, marked.size, shape)
    return shape.apply(marked.convert("L"), Image.Resampling.NEAREST)


def _refuse_other_size(file: Path, size: tuple[int, int], shape: PictureGeometry) -> None:
    if size != shape.stored:
        raise DamagedError(
            f"{file.name} is {size[0]}x{size[1]}, its picture {shape.stored[0]}x{shape.stored[1]}"
        )


def _png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
