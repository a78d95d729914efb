"""A data set to look at: the page of `isic serve` over the exported pictures, opened from disk."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from isic_cli.services.export.catalogue import Catalogue
from isic_cli.services.export.coco import Entry
from isic_cli.services.export.options import ExportOptions
from isic_cli.services.gallery import (
    GalleryInfo,
    captions,
    command_prefix,
    described,
    write_page,
)


def write(
    options: ExportOptions, catalogue: Catalogue, entries: Iterable[Entry], archive: str
) -> None:
    """Write the page, with the columns of the export as what is searched and counted.

    Parameters
    ----------
    archive : str
        That the images are from, as a lock names it; `""` when nothing tells it.

    Raises
    ------
    LocalError
        A file cannot be written.
    """
    beside = {one.column for one in catalogue.companions.names(options.along)}
    names = [one for one in catalogue.columns.types if one not in {"file_name", *beside}]
    info = GalleryInfo(options.out.resolve().name, command_prefix(archive))
    write_page(options.out, map(_shown, entries), partial(described, info, names))


def _shown(entry: Entry) -> dict[str, Any]:
    """Return an image as the page has it: its cells, and what lies over and below it."""
    item, _, cells = entry
    cells = {name: value for name, value in cells.items() if value is not None}
    target = cells.pop("file_name")
    paths = {one: cells.pop(one.column) for one in item.companions if one.column in cells}
    thumb = next((path for one, path in paths.items() if one.kind == "thumbnails"), target)
    layers = {
        one.name.replace("_", " ").capitalize(): path
        for one, path in paths.items()
        if one.kind in {"masks", "superpixels"}
    }
    return {**cells, "thumb": thumb, "file": target, "layers": layers, **captions(cells)}
