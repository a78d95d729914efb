"""Images as a map-style data set of torch, which is imported only where a tensor is made."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.errors import UsageError
from isic_cli.models.ids import find_ids
from isic_cli.python.warned import IsicWarning
from isic_cli.services.sheet.sources import pictures_in

if TYPE_CHECKING:
    from PIL import Image as Pillow

    from isic_cli.python.dataset import Dataset
    from isic_cli.services.export.options import TargetSize


@dataclass(frozen=True)
class TorchImages:
    """Pictures with their classes by number, for `torch.utils.data.DataLoader`.

    It pickles, so that spawned workers read; `classes` is the same on all splits of a data set.

    Attributes
    ----------
    items : tuple of (str, str, int)
        ISIC id, path of the picture and class index, in order of the ids. -1 without labels.
    classes : tuple of str
        The labels: the challenge's in their order, or the values of a column, sorted.
    size : TargetSize or None
        What pictures are brought to.
    transform : callable or None
        Gets the Pillow image.
    """

    items: tuple[tuple[str, str, int], ...]
    classes: tuple[str, ...]
    size: "TargetSize | None" = None
    transform: Callable[["Pillow.Image"], Any] | None = None

    @classmethod
    def of(
        cls,
        dataset: "Dataset",
        wanted: frozenset[str] | None,
        *,
        label: str | None,
        size: str | None,
        transform: Callable[["Pillow.Image"], Any] | None,
    ) -> "TorchImages":
        """Take the images of a data set that are wanted and have a picture and a label."""
        from isic_cli.services.export.options import TargetSize

        of_image, classes = _labels(dataset, label)
        number = {name: at for at, name in enumerate(classes)}
        pictures = _pictures(dataset.folder)
        chosen = sorted(pictures if wanted is None else wanted & pictures.keys())
        items = [
            (isic_id, str(pictures[isic_id]), number.get(of_image.get(isic_id, ""), -1))
            for isic_id in chosen
            if label is None or of_image.get(isic_id) in number
        ]
        absent = 0 if wanted is None else len(wanted) - len(chosen)
        for count, what in ((absent, "picture"), (len(chosen) - len(items), "label")):
            if count:
                warnings.warn(f"{count:,} images have no {what}", IsicWarning, stacklevel=3)
        return cls(tuple(items), classes, TargetSize.parse(size) if size else None, transform)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.items)

    def __getitem__(self, at: int) -> tuple[Any, int, str]:
        """Return the picture, its class index and its ISIC id."""
        isic_id, path, number = self.items[at]
        picture = self._read(Path(path))
        if self.transform is not None:
            return self.transform(picture), number, isic_id
        return as_tensor(picture), number, isic_id

    def _read(self, path: Path) -> "Pillow.Image":
        from PIL import Image as Pillow

        from isic_cli.pictures.load import opened, turn_of
        from isic_cli.services.export.picture import PictureGeometry, as_rgb

        with opened(path) as image:
            shape = PictureGeometry.plan(image.size, turn_of(image), self.size)
            image.draft("RGB", shape.draft)
            return shape.apply(as_rgb(image), Pillow.Resampling.LANCZOS)


def _pictures(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is a table: pictures are in a folder")
    found: dict[str, Path] = {}
    for path in pictures_in(folder):
        for isic_id in find_ids(Path(path).name)[:1]:
            found.setdefault(isic_id, Path(path))
    return found


def _labels(dataset: "Dataset", label: str | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the label of each image, and all labels in their order."""
    if label is None:
        return {}, ()
    images = dataset.images()
    if label in images.columns:
        values = {row["isic_id"]: str(row[label]) for row in images if row.get(label)}
        return values, tuple(sorted(set(values.values())))
    from isic_cli.services.dataset.label import label_scheme

    scheme = label_scheme(label)
    labelled = dataset.labels(label)
    return {row["isic_id"]: row["label"] for row in labelled}, tuple(scheme.labels)


def as_tensor(picture: "Pillow.Image") -> Any:
    """Return a tensor of shape (3, H, W), uint8; without torch the Pillow image."""
    if find_spec("torch") is None:
        return picture
    torch = import_module("torch")
    import numpy as np

    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)
