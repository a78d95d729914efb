"""Which images are exported, under which label, in which split, and where each goes."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from isic_cli.curation.labels import SCHEMES, UNMAPPED, Scheme, load_scheme
from isic_cli.curation.labels.scheme import require_levels
from isic_cli.errors import LocalError, UsageError
from isic_cli.folder.scan import Contents, scan
from isic_cli.folder.table import typed
from isic_cli.models.ids import id_pattern
from isic_cli.services.dataset.label import Labelling
from isic_cli.services.dataset.split import read_splits
from isic_cli.services.export.options import PACKED, ExportOptions
from isic_cli.services.tabular import Row, TableSource, open_table

#: A split or label as the name of a folder.
_UNSAFE = re.compile(r"[^\w ,.()+-]")
_MASK = id_pattern(r"_(?:attribute_)?(\w+)\.png")


@dataclass(frozen=True, slots=True)
class Item:
    """One image to export.

    Attributes
    ----------
    isic_id : str
        The image.
    source : str
        Its file.
    target : str
        Its path in the export, or in an archive file of it, with slashes.
    split : str
        `""` without a split.
    label : str
        `""` without labels.
    row : dict
        Its metadata; an absent value is an absent key.
    masks : tuple of (str, str)
        Category and file of each mask.
    """

    isic_id: str
    source: str
    target: str
    split: str
    label: str
    row: Row
    masks: tuple[tuple[str, str], ...]


@dataclass
class Catalogue:
    """The images of an export; iterating reads the metadata anew.

    Attributes
    ----------
    options : ExportOptions
        What was asked for.
    left_out : Counter of str
        Images that are not exported, by reason, of the last iteration.
    """

    options: ExportOptions
    left_out: Counter[str] = field(default_factory=Counter)

    @cached_property
    def contents(self) -> Contents:
        """The files of the folder."""
        return scan(self.options.folder)

    @cached_property
    def table(self) -> TableSource:
        """The metadata of the folder."""
        return open_table(self.options.folder)

    @cached_property
    def scheme(self) -> Scheme | None:
        """The label scheme; None when the label is a column or there is none."""
        label = self.options.label
        if label is None or (label not in SCHEMES and label in self.table.columns):
            return None
        if label not in SCHEMES and not Path(label).suffix:
            raise UsageError(
                f"--label {label} is neither a scheme nor a column of {self.table.name}",
                hint=f"one of {', '.join(SCHEMES)}, a CSV file, or a column.",
            )
        require_levels(self.table.columns, name=self.table.name)
        return load_scheme(label)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Every label in order: that of the scheme, or the values of the column sorted."""
        if self.options.label is None:
            return ()
        if self.scheme is not None:
            found: tuple[str, ...] = self.scheme.labels
        else:
            rows = self.table.narrow((self.options.label,))
            values = {str(row[self.options.label]) for row in rows if self.options.label in row}
            found = tuple(sorted(values))
        return (*found, UNMAPPED) if self.options.keep_unmapped else found

    @cached_property
    def splits(self) -> dict[str, str] | None:
        """ISIC id → split; None without a split."""
        split = self.options.split
        if split is None:
            return None
        if split in self.table.columns and not Path(split).exists():
            rows = self.table.narrow((split,))
            return {row["isic_id"]: str(row[split]) for row in rows if split in row}
        return read_splits(Path(split), "split")

    @cached_property
    def split_names(self) -> tuple[str, ...]:
        """Every split that an image may be in, in order of appearance."""
        return tuple(dict.fromkeys((self.splits or {}).values()))

    @cached_property
    def masks(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Category and file of the masks of each image."""
        found: dict[str, list[tuple[str, str]]] = {}
        for name, path in sorted(self.contents.masks.items()):
            match = _MASK.fullmatch(name)
            if match:
                category = "lesion" if match[2].lower() == "segmentation" else match[2].lower()
                found.setdefault(match[1].upper(), []).append((category, path))
        return {isic_id: tuple(masks) for isic_id, masks in found.items()}

    def check(self) -> None:
        """Refuse what cannot be exported before anything is written.

        Raises
        ------
        UsageError
            A label or a split that is no folder name, two of them that become the same, or a
            column or scheme that is not there.
        NotFoundError, LocalError
            The folder is not there, is a file, or has no metadata.
        """
        if self.options.folder.is_file():
            raise LocalError(f"{self.options.folder} is not a folder", hint="Export a download.")
        self.table.require("isic_id")
        _folder_names(self.labels)
        _folder_names(self.split_names)

    def __iter__(self) -> Iterator[Item]:
        self.left_out.clear()
        seen: set[str] = set()
        for row in self._labelled():
            isic_id = row["isic_id"]
            source = self.contents.pictures.get(isic_id)
            if isic_id in seen:
                self.left_out["rows of an image that has another row"] += 1
                continue
            seen.add(isic_id)
            if source is None:
                self.left_out["rows without a picture in the folder"] += 1
                continue
            item = self._item(isic_id, source, row)
            if item is not None:
                yield item
        if missing := len(self.contents.pictures.keys() - seen):
            self.left_out["pictures without a row of metadata"] += missing

    def _labelled(self) -> Iterator[Row]:
        if self.scheme is None:
            yield from self.table
        else:
            yield from Labelling(self.scheme, column="label").apply(self.table)

    def _item(self, isic_id: str, source: str, row: Row) -> Item | None:
        label = split = ""
        if self.options.label is not None:
            column = "label" if self.scheme is not None else self.options.label
            label = str(row.get(column) or "") or UNMAPPED
            if label == UNMAPPED and not self.options.keep_unmapped:
                self.left_out[f"images without a label of {self.options.label}"] += 1
                return None
        if self.splits is not None:
            split = self.splits.get(isic_id, "")
            if not split:
                self.left_out["images without a split"] += 1
                return None
        target = self._target(isic_id, Path(source).suffix, split, label)
        masks = self.masks.get(isic_id, ())
        return Item(isic_id, source, target, split, label, _typed(row), masks)

    def _target(self, isic_id: str, suffix: str, split: str, label: str) -> str:
        encoding = self.options.encoding
        ending = encoding.format if encoding else suffix.lower().removeprefix(".")
        name = f"{isic_id}.{ending}"
        match self.options.kind:
            case "imagefolder":
                return f"{_folder(split) or 'images'}/{_folder(label)}/{name}"
            case "hf":
                return f"{_folder(split) or 'train'}/{name}"
            case "coco" if split:
                return f"images/{_folder(split)}/{name}"
            case kind if kind in PACKED:
                return name
        return f"images/{name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table of the export."""
        added = [
            "file_name",
            *(["split"] if self.splits is not None else []),
            *(["label"] if self.options.label is not None else []),
        ]
        return tuple(dict.fromkeys(("isic_id", *added, *self.table.columns)))

    def fields(self, item: Item) -> dict[str, Any]:
        """Return the row of an item in a table of the export; `file_name` is its path."""
        name = item.target
        if self.options.kind == "croissant":  # which knows files by their bare names
            name = name.rpartition("/")[2]
        row = {"isic_id": item.isic_id, "file_name": name}
        if self.splits is not None:
            row["split"] = item.split
        if self.options.label is not None:
            row["label"] = item.label
        return item.row | row


def _typed(row: Row) -> Row:
    """Return a row with the API's types, without empty cells; a wrong cell stays as text."""
    found = {}
    for name, value in row.items():
        if value in (None, ""):
            continue
        try:
            found[name] = typed(name, value) if isinstance(value, str) else value
        except ValueError:
            found[name] = value
    return found


def _folder(name: str) -> str:
    return _UNSAFE.sub("_", name).strip(" .")


def _folder_names(names: tuple[str, ...]) -> None:
    """Refuse names that no folder can have, or that two would share, whatever the case."""
    folders: dict[str, str] = {}
    for name in names:
        folder = _folder(name).casefold()
        if not folder:
            raise UsageError(f"{name!r} cannot be the name of a folder")
        if folders.setdefault(folder, name) != name:
            raise UsageError(f"{folders[folder]!r} and {name!r} would be one folder")
