"""COCO's JSON, written as it comes: pictures, categories and masks as run lengths."""

import json
from collections.abc import Iterable, Iterator, Mapping
from tempfile import TemporaryFile
from typing import Any, TextIO

from isic_cli.models.licenses import LICENSES
from isic_cli.services.cite.archive import images_of
from isic_cli.services.export.catalogue import Catalogue, Item

#: An image, what the export knows of its files, and its cells.
Entry = tuple[Item, dict[str, Any], dict[str, Any]]


def write(file: TextIO, catalogue: Catalogue, entries: Iterable[Entry], *, publisher: str) -> None:
    """Write one file of annotations.

    An image has `label` where labels were asked for; its masks are annotations. The category of
    a segmentation is the label of its image, else `lesion`; that of an attribute its name.

    Parameters
    ----------
    file : text stream
        Where to.
    catalogue : Catalogue
        For the categories.
    entries : iterable of Entry
        The images.
    publisher : str
        The archive that they are from; `""` when nothing tells it.
    """
    categories = {name: at for at, name in enumerate(_names(catalogue), start=1)}
    listed = [{"id": at, "name": name, "supercategory": ""} for name, at in categories.items()]
    licenses = {name: at for at, name in enumerate(LICENSES, start=1)}
    head = {
        "info": {"description": f"Images {images_of(publisher)}"},
        "licenses": [
            {"id": licenses[name], "name": one.spdx, "url": one.url}
            for name, one in LICENSES.items()
        ],
    }
    file.write(json.dumps(head)[:-1])
    file.write(f', "categories": {json.dumps(listed)},\n"images": [')
    number = 0
    with TemporaryFile("w+", encoding="utf-8") as spool:
        opening = "\n"
        for item, line, cells in entries:
            file.write(opening + json.dumps(_image(item, cells, licenses), ensure_ascii=False))
            opening = ",\n"
            for annotation in _annotations(item, line, categories):
                number += 1
                spool.write(json.dumps({"id": number, **annotation}) + "\n")
        file.write('\n],\n"annotations": [')
        spool.seek(0)
        for at, text in enumerate(spool):
            file.write((",\n" if at else "\n") + text.rstrip("\n"))
    file.write("\n]}\n")


def _names(catalogue: Catalogue) -> list[str]:
    found = {one.category for one in catalogue.companions.names(frozenset({"masks"}))}
    labels = list(catalogue.labels)
    if labels:
        found.discard("lesion")
    return [*labels, *sorted(found.difference(labels))] or ["lesion"]


def _image(item: Item, cells: Mapping[str, Any], licenses: Mapping[str, int]) -> dict[str, Any]:
    image = {
        "id": _number(item),
        "file_name": item.target,
        "width": cells["pixels_x"],
        "height": cells["pixels_y"],
        "isic_id": item.isic_id,
        "attribution": cells.get("attribution"),
    }
    if (license_ := licenses.get(str(cells.get("copyright_license")))) is not None:
        image["license"] = license_
    if item.label:
        image["label"] = item.label
    own = {"isic_id", "file_name", "label", "attribution", "pixels_x", "pixels_y"}
    image["metadata"] = {name: value for name, value in cells.items() if name not in own}
    return image


def _annotations(
    item: Item, line: dict[str, Any], categories: dict[str, int]
) -> Iterator[dict[str, Any]]:
    for category, size, counts, area, bbox in line["regions"]:
        if not area:
            continue
        name = item.label if category == "lesion" and item.label else category
        yield {
            "image_id": _number(item),
            "category_id": categories[name],
            "segmentation": {"size": size, "counts": counts},
            "area": area,
            "bbox": bbox,
            "iscrowd": 0,
        }


def _number(item: Item) -> int:
    return int(item.isic_id.removeprefix("ISIC_"))
