"""COCO's JSON, written as it comes: pictures, categories and masks as run lengths."""

import json
from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import Any, TextIO

from isic_cli.services.export.catalogue import Catalogue, Item

Entry = tuple[Item, dict[str, Any]]


def write(file: TextIO, catalogue: Catalogue, entries: Iterable[Entry]) -> None:
    """Write one file of annotations.

    An image has `label` where labels were asked for; its masks are annotations. The category of
    a segmentation is the label of its image, else `lesion`; that of an attribute its name.

    Parameters
    ----------
    file : text stream
        Where to.
    catalogue : Catalogue
        For the categories.
    entries : iterable of (Item, dict)
        The images and what the export knows of their files.
    """
    categories = {name: at for at, name in enumerate(_names(catalogue), start=1)}
    listed = [{"id": at, "name": name, "supercategory": ""} for name, at in categories.items()]
    head = {"info": {"description": "Images of the ISIC Archive"}, "licenses": []}
    file.write(json.dumps(head)[:-1])
    file.write(f', "categories": {json.dumps(listed)},\n"images": [')
    number = 0
    with TemporaryFile("w+", encoding="utf-8") as spool:
        opening = "\n"
        for item, line in entries:
            file.write(opening + json.dumps(_image(item, line), ensure_ascii=False))
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
    found = {category for masks in catalogue.masks.values() for category, _ in masks}
    labels = list(catalogue.labels)
    if labels:
        found.discard("lesion")
    return [*labels, *sorted(found.difference(labels))] or ["lesion"]


def _image(item: Item, line: dict[str, Any]) -> dict[str, Any]:
    image = {
        "id": _number(item),
        "file_name": item.target,
        "width": line["width"],
        "height": line["height"],
        "isic_id": item.isic_id,
    }
    if item.label:
        image["label"] = item.label
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
