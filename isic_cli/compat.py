"""The calls of the old module `isicarchive`, over today's: for code that is being moved.

Each docstring says what to write today. The old API of the archive is gone: object ids, data
sets, passwords and segmentations have no counterpart, and asking for one says so.
"""

import operator
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.errors import NotFoundError, UsageError
from isic_cli.python.archive import Archive

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from isic_cli.python.collection import ImageCollection
    from isic_cli.python.image import Image
    from isic_cli.python.study import ReaderStudy

__all__ = ["IsicApi"]

#: Old field names that have another name today.
_RENAMED = {"pixelsX": "pixels_x", "pixelsY": "pixels_y"}
#: Old fields that are gone, and where their values went.
_GONE = {
    "diagnosis": "diagnosis_1 to diagnosis_5",
    "benign_malignant": "diagnosis_1",
    "anatom_site_general": "anatom_site_1 to anatom_site_5",
}
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "in": lambda value, wanted: wanted in value,
    "ni": lambda value, wanted: wanted not in value,
}

Criterion = Sequence[Any]


class IsicApi:
    """The old entry point; today `isic_cli.Archive.open()`.

    Parameters
    ----------
    username, password : str, optional
        Ignored with a warning: log in with `isic user login`, or set `ISIC_TOKEN`.
    cache_folder : path, optional
        Where `cache_images` and `cache_image_data` download to.
    archive : str
        Which archive, as in `Archive.open`.

    Examples
    --------
    >>> from isic_cli.compat import IsicApi
    >>> api = IsicApi(archive="demo")
    >>> api.image("ISIC_9000002").name
    'ISIC_9000002'
    """

    def __init__(
        self,
        username: str | None = None,
        password: str | None = None,
        *,
        cache_folder: str | os.PathLike[str] | None = None,
        debug: bool = False,
        archive: str | os.PathLike[str] = "prod",
    ) -> None:
        if username is not None or password is not None:
            text = "passwords are gone: log in with `isic user login`, or set ISIC_TOKEN"
            warnings.warn(text, DeprecationWarning, stacklevel=2)
        if debug:
            import logging

            logging.getLogger("isic_cli").setLevel(logging.DEBUG)
        self.archive = Archive.open(archive)
        self.cache_folder = None if cache_folder is None else Path(cache_folder)
        #: Metadata by ISIC id, and every id by itself: the archive has no other ids today.
        self.image_cache: dict[str, dict[str, Any]] = {}
        self.images: dict[str, str] = {}
        self.image_selection: dict[str, dict[str, Any]] = {}
        self._images: dict[str, CompatImage] = {}

    def image(self, name: str) -> "CompatImage":
        """Return an image by its ISIC id; today `archive.image(isic_id)`."""
        if name not in self._images:
            self._images[name] = CompatImage(self.archive.image(name))
        return self._images[name]

    def study(self, name: str | int) -> "CompatStudy":
        """Return a study by name or number; today `archive.study(name)`."""
        return CompatStudy(self, self.archive.study(name))

    def dataset(self, name: str | int) -> "ImageCollection":
        """Return a collection, which data sets are today; today `archive.collection(name)`."""
        return self.archive.collection(name)

    def cache_images(self) -> None:
        """List all images into `image_cache`; today `isic cache refresh` and `offline=True`."""
        for image in self.archive.search():
            self.image_cache[image.isic_id] = _old_details(image)
            self.images[image.isic_id] = image.isic_id

    def select_images(
        self, criteria: "Criterion | Sequence[Criterion]", *, sub_select: bool = False
    ) -> dict[str, dict[str, Any]]:
        """Select cached images; today `archive.search("pixels_x:[2048 TO *] AND …")`.

        Parameters
        ----------
        criteria : sequence
            `[field, operator, value]`, or several that must all hold. Operators: `==`, `!=`,
            `<`, `<=`, `>`, `>=`, `is`, `in` and `ni`.
        sub_select : bool
            Among the images that were selected last.

        Raises
        ------
        UsageError
            Nothing is cached, or a field or operator is not known; it is named.
        """
        if not self.image_cache:
            raise UsageError("no image is cached", hint="Call cache_images() first.")
        several = [criteria] if isinstance(criteria[0], str) else criteria
        found = self.image_selection if sub_select else self.image_cache
        for criterion in several:
            holds = _test(criterion)
            found = {name: details for name, details in found.items() if holds(details)}
        self.image_selection = dict(found)
        return self.image_selection

    def clear_data(self) -> None:
        """Forget pictures and images that were loaded; today nothing is kept."""
        self._images.clear()


class CompatImage:
    """An image of the old module; today `isic_cli.Image`.

    Attributes
    ----------
    name : str
        The ISIC id.
    data : ndarray of shape (H, W, 3), uint8, or None
        The picture, after `load_image_data`.
    superpixels : dict
        `idx`, shape (H, W): the superpixel of each pixel; `map`, shape (N, M + 1): the pixels of
        each superpixel as row-major indices, and how many they are in the last column.
    """

    def __init__(self, image: "Image") -> None:
        self.image = image
        self.name = image.isic_id
        self.data: npt.NDArray[np.uint8] | None = None
        self.superpixels: dict[str, Any] = {"idx": None, "map": None}

    @property
    def meta(self) -> dict[str, Any]:
        """The metadata in its two groups; today `image.metadata`."""
        details: dict[str, Any] = _old_details(self.image)["meta"]
        return details

    def load_image_data(self) -> None:
        """Load the picture into `data`; today `image.array()`."""
        self.data = self.image.array().copy()

    load_imagedata = load_image_data  # the old README has both spellings

    @cached_property
    def _map(self) -> Any:
        return self.image.superpixels()

    def load_superpixels(self) -> None:
        """Load the superpixels into `superpixels["idx"]`; today `image.superpixels().labels`."""
        self.superpixels["idx"] = self._map.labels

    def map_superpixels(self) -> None:
        """Make `superpixels["map"]`; today `image.superpixels().pixels(label)`."""
        import numpy as np

        counts = self._map.areas()
        table = np.zeros((len(counts), int(counts.max()) + 1), np.int32)
        for row, label in enumerate(self._map.ids):
            pixels = self._map.pixels(int(label))
            table[row, : len(pixels)] = pixels
        table[:, -1] = counts
        self.superpixels["map"] = table

    def load_segmentation(self) -> None:
        """Raise: the archive publishes no segmentations today, only the challenges do.

        Raises
        ------
        NotFoundError
            Always.
        """
        raise NotFoundError(
            f"the archive has no segmentation of {self.name} any more",
            hint="The challenges of 2016 to 2018 have masks: `isic challenge list`.",
        )

    def clear_data(self) -> None:
        """Forget the picture and the superpixels."""
        self.data = None
        self.superpixels = {"idx": None, "map": None}


class CompatStudy:
    """A study of the old module; today `isic_cli.ReaderStudy`.

    Attributes
    ----------
    annotations : list of dict
        After `load_annotations`: who marked which feature on which image.
    """

    def __init__(self, api: IsicApi, study: "ReaderStudy") -> None:
        self._api = api
        self.study = study
        self.annotations: list[dict[str, Any]] = []

    @property
    def name(self) -> str:
        """The name."""
        return self.study.title

    @property
    def images(self) -> tuple[str, ...]:
        """The ISIC ids; today `study.images`."""
        return self.study.images

    @property
    def features(self) -> tuple[str, ...]:
        """The features; today `study.features`."""
        return self.study.features

    def load_annotations(self) -> None:
        """Load who marked what into `annotations`; today `study.annotations()`."""
        self.annotations = [dict(row) for row in self.study.annotations()]

    def cache_image_data(self) -> None:
        """Download the pictures; today `archive.search(ids=study.images).download(folder)`.

        Raises
        ------
        UsageError
            The api has no `cache_folder`.
        """
        if self._api.cache_folder is None:
            raise UsageError("there is no cache folder", hint="IsicApi(cache_folder=…)")
        self._api.archive.search(ids=self.images).download(self._api.cache_folder)


def _old_details(image: "Image") -> dict[str, Any]:
    """Return what the old API called the details of an image."""
    metadata = image.metadata
    return {
        "_id": image.isic_id,
        "name": image.isic_id,
        "meta": {"acquisition": dict(metadata.acquisition), "clinical": dict(metadata.clinical)},
        "fields": {**image.row(), "public": image.public},
    }


def _test(criterion: Criterion) -> Callable[[Mapping[str, Any]], bool]:
    """Return the test of `[field, operator, value]`; an image without the field fails it."""
    from isic_cli.index.columns import METADATA

    if len(criterion) != 3:
        raise UsageError(f"{criterion!r} is not [field, operator, value]")
    path, name, wanted = criterion
    field = str(path).rpartition(".")[2]
    field = _RENAMED.get(field, field)
    if field in _GONE:
        raise UsageError(f"{path} is gone from the archive", hint=f"Use {_GONE[field]}.")
    if field not in METADATA:
        raise UsageError(f"{path} is not a field of the archive today")
    if name not in _OPERATORS:
        raise UsageError(f"{name!r} is not an operator", hint=f"One of: {' '.join(_OPERATORS)}.")
    compare = _OPERATORS[name]

    def holds(details: Mapping[str, Any]) -> bool:
        value = details["fields"].get(field)
        try:
            return value is not None and compare(value, wanted)
        except TypeError:  # a text beside a number
            return False

    return holds
