"""What goes along with a picture: its masks, superpixel map, superpixel features, thumbnail."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from isic_cli.folder.scan import Contents
from isic_cli.models.ids import id_pattern
from isic_cli.services.export.layout import beside
from isic_cli.services.export.options import ExportOptions, With

logger = logging.getLogger(__name__)

_MASK = id_pattern(r"_(?:attribute_)?(\w+)\.png")


@dataclass(frozen=True, slots=True)
class Companion:
    """A file that goes along with a picture.

    Attributes
    ----------
    kind : With
        What it is.
    category : str
        Of a mask, `lesion` or the name of the attribute.
    source : str
        The stored file.
    """

    kind: With
    category: str
    source: str

    @property
    def name(self) -> str:
        """What it is called beside its picture, such as `mask`, `globules_mask`, `superpixels`."""
        if self.kind == "masks":
            return "mask" if self.category == "lesion" else f"{self.category}_mask"
        return "thumbnail" if self.kind == "thumbnails" else self.kind

    @property
    def column(self) -> str:
        """The column of tables that holds its path."""
        # Hugging Face's library loads what `…_file_name` names as a picture.
        return "features_path" if self.kind == "features" else f"{self.name}_file_name"

    @property
    def ending(self) -> str:
        """The ending of its file in the export."""
        return {"features": "json", "thumbnails": "jpg"}.get(self.kind, "png")

    @property
    def folder(self) -> str:
        """The folder of its kind in the export."""
        return f"{self.name}s" if self.kind in {"masks", "thumbnails"} else self.name

    def target(self, options: ExportOptions, isic_id: str, split: str) -> str:
        """Return its path in the export, or in a shard."""
        if options.kind == "webdataset":
            return f"{isic_id}.{self.name}.{self.ending}"
        return f"{beside(options, split)}{self.folder}/{isic_id}.{self.ending}"


class Companions:
    """The companions of the pictures of a folder, of every kind.

    Of two of one kind and category the first by path counts, and the other is reported.

    Parameters
    ----------
    contents : Contents
        The files of the folder.
    """

    def __init__(self, contents: Contents) -> None:
        self._found: dict[str, dict[str, Companion]] = {}
        for isic_id, one in _all(contents):
            first = self._found.setdefault(isic_id, {}).setdefault(one.name, one)
            if first is not one:
                logger.warning("%s: %s counts, %s does not", isic_id, first.source, one.source)

    def __len__(self) -> int:
        """Return how many pictures have some."""
        return len(self._found)

    def of(self, isic_id: str) -> tuple[Companion, ...]:
        """Return those of a picture."""
        return tuple(self._found.get(isic_id, {}).values())

    def names(self, kinds: frozenset[With]) -> tuple[Companion, ...]:
        """Return one companion of every name of some kinds, sorted: for columns."""
        unique = {
            name: one
            for found in self._found.values()
            for name, one in found.items()
            if one.kind in kinds
        }
        return tuple(unique[name] for name in sorted(unique))


def _all(contents: Contents) -> Iterator[tuple[str, Companion]]:
    for name, path in sorted(contents.masks.items()):
        match = _MASK.fullmatch(name)
        if match:
            category = match[2].lower()
            category = "lesion" if category == "segmentation" else category
            yield match[1].upper(), Companion("masks", category, path)
    for isic_id, path in contents.superpixels.items():
        yield isic_id, Companion("superpixels", "", path)
    for isic_id, path in contents.features.items():
        yield isic_id, Companion("features", "", path)
    for isic_id, path in contents.thumbnails.items():
        yield isic_id, Companion("thumbnails", "", path)
