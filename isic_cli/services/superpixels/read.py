"""What is read from maps: information and region tables."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from isic_cli.pictures.load import load_rgb
from isic_cli.services.superpixels.sources import (
    FEATURE_ENDINGS,
    PICTURE_ENDINGS,
    Source,
    partner,
)
from isic_cli.superpixel import SuperpixelMap, parse_features
from isic_cli.superpixel.tables import Cell, MapInfo, map_for_features, map_info, region_columns

BlockFormat = Literal["csv", "tsv"]


def read_info(source: Source) -> MapInfo:
    """Check a map and say what it holds."""
    return map_info(source.path)


@dataclass(frozen=True, slots=True)
class RegionTask:
    """A map whose region table is wanted.

    Attributes
    ----------
    source : Source
        The map.
    image, features : Path or None
        A file, or a folder of such files: adds mean colours, and a column per feature.
    block : {"csv", "tsv"} or None
        Return lines of text instead of columns: far less to send from a worker process.
    fields : tuple of str
        The columns of the text; empty for all.
    neighbors : bool
        Add the superpixels that touch each.
    """

    source: Source
    image: Path | None = None
    features: Path | None = None
    block: BlockFormat | None = None
    fields: tuple[str, ...] = ()
    neighbors: bool = False

    @property
    def name(self) -> str:
        """The map's name."""
        return self.source.name


@dataclass(frozen=True, slots=True)
class RegionTable:
    """The regions of one map.

    Attributes
    ----------
    name : str
        The map.
    columns : Mapping[str, list]
        By name, a value per region; empty when `text` is given.
    header : tuple of str
        The names of the columns.
    text : str
        The lines as they were asked for, without a header.
    """

    name: str
    columns: Mapping[str, list[Cell]]
    header: tuple[str, ...]
    text: str = ""

    def rows(self) -> Iterator[dict[str, Cell]]:
        """Yield a row per region, the map's name first."""
        for cells in zip(*self.columns.values(), strict=True):
            yield {"file": self.name, **dict(zip(self.columns, cells, strict=True))}


def read_regions(task: RegionTask) -> RegionTable:
    """Measure every region of a map."""
    stem = task.source.stem
    image = features = None
    if task.image is not None:
        image = load_rgb(partner(task.image, stem, PICTURE_ENDINGS))
    if task.features is not None:
        features = parse_features(partner(task.features, stem, FEATURE_ENDINGS))
    read = SuperpixelMap.from_png if features is None else map_for_features
    columns = region_columns(read(task.source.path), image, features, neighbors=task.neighbors)
    header = task.fields or ("file", *columns)
    if task.block is None:
        return RegionTable(task.name, columns, header)
    return RegionTable(task.name, {}, header, _text(task, columns, header))


def _text(task: RegionTask, columns: Mapping[str, list[Cell]], header: tuple[str, ...]) -> str:
    """Return a line per region. Numbers need no quotes, so that joining them is all it takes."""
    delimiter = "," if task.block == "csv" else "\t"
    count = len(columns["label"])
    quoted = io.StringIO()
    csv.writer(quoted, delimiter=delimiter, lineterminator="").writerow([task.name])
    texts = [
        [quoted.getvalue()] * count
        if name == "file"
        else list(map(str, columns[name]))
        if name in columns
        else [""] * count
        for name in header
    ]
    lines = map(delimiter.join, zip(*texts, strict=True))
    return "\n".join(lines) + "\n"
