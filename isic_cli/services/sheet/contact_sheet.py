"""A contact sheet: many images on one page, grouped and captioned."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from PIL import Image, ImageDraw

from isic_cli.api.archive import ArchiveApi
from isic_cli.errors import IsicError, UsageError
from isic_cli.models.image import ImageRecord
from isic_cli.models.outcomes import Outcome
from isic_cli.pictures.draw import FAINT, INK, PAPER, canvas, fitted, font, save
from isic_cli.pictures.load import opened, turn_of
from isic_cli.services.download.cache import picture_bytes
from isic_cli.services.export.options import TargetSize
from isic_cli.services.export.picture import PictureGeometry, as_rgb
from isic_cli.services.run.workers import Workers
from isic_cli.tables.numbers import finite

#: Most images on a sheet: more cannot be told apart, and their bytes would be many.
MOST = 5000

#: Pixels of the longer side of the archive's thumbnails.
_THUMBNAIL = 256

_MARGIN = 16
_GAP = 6
_ROW_GAP = 14
_TEXT = 12
_LINE = 16
_HEADING = 40
_EMPTY = (238, 238, 238)


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """How a sheet looks.

    Attributes
    ----------
    path : Path
        The file; its suffix tells the format.
    columns : int
        Images in a row.
    tile : int
        Pixels of the longer side of an image.
    caption : tuple of str
        Fields below each image, a line each.
    by : str or None
        A field whose values become headings.
    """

    path: Path
    columns: int = 8
    tile: int = 160
    caption: tuple[str, ...] = ("isic_id",)
    by: str | None = None

    @property
    def cell(self) -> tuple[int, int]:
        """Width and height of an image with its caption, in pixels."""
        return self.tile, self.tile + _LINE * len(self.caption)


class SheetItem(Protocol):
    """What a sheet shows: an image with fields for its caption."""

    @property
    def isic_id(self) -> str:
        """Named where its picture cannot be had."""

    def field(self, name: str, /) -> Any:
        """Return a field for the caption; None where there is none."""


Item = TypeVar("Item", bound=SheetItem)


def from_archive(api: ArchiveApi, tile: int) -> Callable[[ImageRecord], bytes]:
    """Return what fetches the picture of a record, large enough for tiles of `tile` pixels."""

    def load(record: ImageRecord) -> bytes:
        # The thumbnail where it is enough, since it is a hundredth of the bytes.
        small = tile <= _THUMBNAIL and record.files.thumbnail_256 is not None
        return picture_bytes(api, record, "thumbnail" if small else "full")

    return load


@dataclass
class Sheet(Generic[Item]):
    """One sheet.

    Attributes
    ----------
    load : callable
        From an item to its picture: what a file holds, or its path.
    options : SheetOptions
        How it looks.
    problems : list of Outcome
        Images whose picture could not be had; their places stay empty.
    """

    load: Callable[[Item], bytes | Path]
    options: SheetOptions
    problems: list[Outcome] = field(default_factory=list)

    def draw(
        self, records: Sequence[Item], workers: Workers, *, tick: Callable[[], None]
    ) -> tuple[int, int]:
        """Draw and save the sheet; return its width and height.

        Parameters
        ----------
        records : sequence of ImageRecord
            In the order in which they are shown within their group.
        workers : Workers
            Threads that fetch and decode.
        tick : callable
            Called for every image.

        Raises
        ------
        UsageError
            Nothing to show, too many images, or more pixels than the format can hold.
        LocalError
            When the file cannot be written.
        """
        if not records:
            raise UsageError("there is nothing to show")
        if len(records) > MOST:
            raise UsageError(
                f"more than {MOST:,} images do not fit on a sheet", hint="Select fewer: -l N."
            )
        groups = self._groups(records)
        width, height = self._extent(groups)
        image, pen = canvas(width, height, self.options.path)
        places = deque(self._places(groups, pen))
        ordered = [record for _, members in groups for record in members]
        for record, tile in zip(ordered, workers.stream(self._tile, ordered), strict=True):
            self._paste(image, pen, record, tile, places.popleft())
            tick()
        save(image, self.options.path)
        return image.size

    def _groups(self, records: Sequence[Item]) -> list[tuple[str, list[Item]]]:
        if self.options.by is None:
            return [("", list(records))]
        groups: dict[str, list[Item]] = {}
        for record in records:
            value = record.field(self.options.by)
            groups.setdefault("" if value is None else str(value), []).append(record)
        return sorted(groups.items(), key=lambda item: (item[0] == "", _natural(item[0])))

    def _extent(self, groups: list[tuple[str, list[Item]]]) -> tuple[int, int]:
        across, down = self.options.cell
        columns = min(self.options.columns, max(len(members) for _, members in groups))
        rows = sum(-(-len(members) // self.options.columns) for _, members in groups)
        headings = _HEADING * len(groups) if self.options.by else 0
        width = 2 * _MARGIN + columns * across + (columns - 1) * _GAP
        return max(width, 2 * _MARGIN + 200), 2 * _MARGIN + headings + rows * (
            down + _ROW_GAP
        ) - _ROW_GAP

    def _places(
        self, groups: list[tuple[str, list[Item]]], pen: ImageDraw.ImageDraw
    ) -> Iterator[tuple[int, int]]:
        """Yield the corner of each cell, writing the headings on the way."""
        across, down = self.options.cell
        top = _MARGIN
        for name, members in groups:
            if self.options.by:
                title = f"{name or f'no {self.options.by}'} ({len(members):,})"
                pen.text((_MARGIN, top + 10), title, fill=INK, font=font(18))
                top += _HEADING
            for at in range(len(members)):
                row, column = divmod(at, self.options.columns)
                yield _MARGIN + column * (across + _GAP), top + row * (down + _ROW_GAP)
            top += -(-len(members) // self.options.columns) * (down + _ROW_GAP)

    def _paste(
        self,
        image: Image.Image,
        pen: ImageDraw.ImageDraw,
        record: Item,
        tile: "Image.Image | Outcome",
        corner: tuple[int, int],
    ) -> None:
        left, top = corner
        side = self.options.tile
        if isinstance(tile, Outcome):
            self.problems.append(tile)
            pen.rectangle((left, top, left + side - 1, top + side - 1), fill=_EMPTY)
            pen.line((left, top, left + side - 1, top + side - 1), fill=PAPER, width=3)
            pen.line((left, top + side - 1, left + side - 1, top), fill=PAPER, width=3)
        else:
            image.paste(tile, (left + (side - tile.width) // 2, top + (side - tile.height) // 2))
        for number, name in enumerate(self.options.caption):
            value = record.field(name)
            text = fitted("" if value is None else str(value), side, font(_TEXT))
            place = (left, top + side + 2 + number * _LINE)
            pen.text(place, text, fill=FAINT if number else INK, font=font(_TEXT))

    def _tile(self, record: Item) -> Image.Image | Outcome:
        """Fetch and decode one image; a failure is told, since the others are worth showing."""
        try:
            with opened(self.load(record), name="the file") as image:
                size = TargetSize(self.options.tile, self.options.tile)
                shape = PictureGeometry.plan(image.size, turn_of(image), size)
                image.draft("RGB", shape.draft)
                return shape.apply(as_rgb(image), Image.Resampling.LANCZOS)
        except IsicError as error:
            return Outcome(record.isic_id, "failed", error.message)


def _natural(text: str) -> tuple[float, str]:
    """Sort numbers by their size, before words."""
    number = finite(text)
    return (float("inf"), text.casefold()) if number is None else (number, "")
