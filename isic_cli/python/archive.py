"""An archive, from Python."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isic_cli.python import named_as
from isic_cli.python.account import ArchiveAccount
from isic_cli.python.connection import ArchiveConnection

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from isic_cli.models.image import ImageRecord
    from isic_cli.models.lesion import Lesion
    from isic_cli.python.collection import ImageCollection
    from isic_cli.python.downloads import DownloadResult
    from isic_cli.python.image import Image
    from isic_cli.python.images import ImageSelection
    from isic_cli.python.study import ReaderStudy
    from isic_cli.python.table import ResultTable
    from isic_cli.services.download.options import Variant
    from isic_cli.superpixel.map import SuperpixelMap


class Archive(ArchiveAccount):
    """An ISIC Archive: the real one, a folder, or the demo. Open it with `Archive.open`.

    It may be used from several threads, and pickled: the copy opens itself anew, without the
    token of a login that was handed in. After a fork the child opens connections of its own.

    Examples
    --------
    >>> from isic_cli import Archive
    >>> with Archive.open("demo") as archive:
    ...     [image.isic_id for image in archive.search("diagnosis_1:Malignant", limit=2)]
    ['ISIC_9000002', 'ISIC_9000003']
    """

    def search(
        self,
        query: str = "",
        *,
        collections: Iterable[int | str] = (),
        ids: Iterable[str] | None = None,
        license: str | None = None,  # noqa: A002 - the option's name
        exclude: Iterable[str] | None = None,
        limit: int | None = None,
        shard: str | None = None,
        sample: int = 0,
        by: str | None = None,
        one_per: str | None = None,
        seed: int = 0,
        offline: bool = False,
        where: str = "",
    ) -> "ImageSelection":
        """Select images; nothing is sent before they are counted or listed.

        Parameters
        ----------
        query : str
            In the archive's search language: `diagnosis_1:Malignant AND age_approx:[* TO 40]`.
        collections : iterable of int or str
            Ids, names or DOIs; an image in any of them counts.
        ids, exclude : iterable of str, optional
            Only these ISIC ids, in this order; none of those.
        license : {"cc-0", "cc-by", "cc-by-nc"}, optional
            The strictest licence to admit.
        limit : int, optional
            The first so many.
        shard : str, optional
            `I/N`: the I-th of N stable parts, counted from 1.
        sample, by, one_per, seed
            Draw so many images, balanced over the values of a field, at most one of each
            `lesion` or `patient`.
        offline, where
            Ask the index of this machine; an expression of SQL that must hold too.

        Raises
        ------
        QueryError, UsageError
            At once, for a query that does not parse, or an argument that cannot be.
        """
        from isic_cli.python.images import ImageSelection
        from isic_cli.python.selecting import selection_of

        chosen = selection_of(
            query,
            collections=collections,
            ids=ids,
            license=license,
            exclude=exclude,
            limit=limit,
            shard=shard,
            sample=sample,
            by=by,
            one_per=one_per,
            seed=seed,
            offline=offline,
            where=where,
        )
        return ImageSelection(self, chosen)

    def image(self, isic_id: str) -> "Image":
        """Return one image; raises `NotFoundError` when there is none."""
        from isic_cli.python.image import Image

        return Image(self, self.api.image(isic_id))

    def images(self, isic_ids: Sequence[str]) -> "list[Image]":
        """Return several images in the order of their ids.

        Raises
        ------
        NotFoundError
            Naming the first id that the archive does not have.
        """
        from isic_cli.errors import NotFoundError
        from isic_cli.python.image import Image

        found = self.api.images_by_id(isic_ids)
        for isic_id in isic_ids:
            if isic_id not in found:
                raise NotFoundError(f"no image {isic_id}")
        return [Image(self, record) for record in found.values()]

    def similar(self, image: "str | Image", *, limit: int = 10) -> "list[tuple[Image, float]]":
        """Return the images most alike in the archive's embedding, with their distance."""
        from isic_cli.python.image import Image

        found = self.api.similar(_id_of(image), limit=limit)
        return [(Image(self, one), one.distance) for one in found]

    def collections(
        self, *, pinned: bool = False, mine: bool = False
    ) -> "Iterator[ImageCollection]":
        """Yield the collections, or those that the archive features or that this user made."""
        from isic_cli.python.collection import ImageCollection
        from isic_cli.services.collections.change import made_by_me

        found = self.api.collections(pinned=pinned or None)
        chosen = made_by_me(self.api, found) if mine else found
        return (ImageCollection(self, one) for one in chosen)

    def collection(self, name: int | str) -> "ImageCollection":
        """Return one collection by id, name or DOI."""
        from isic_cli.python.collection import ImageCollection
        from isic_cli.services.collections.change import find_collection

        return ImageCollection(self, find_collection(self.api, str(name)))

    def create_collection(
        self, name: str, images: "Iterable[str] | ImageSelection", *, description: str = ""
    ) -> "ImageCollection":
        """Make a private collection of images; one that the archive refuses is warned of.

        Parameters
        ----------
        name : str
            Of no other collection.
        images : iterable of str, or ImageSelection
            ISIC ids, or a search; the archive makes no empty collection.
        description : str
            Shown on its page.

        Raises
        ------
        AuthError
            Nobody is logged in, or may not make one.
        RefusedError, UsageError
            The name is taken, or nothing was selected.
        """
        from isic_cli.python.collection import ImageCollection, members, send_all
        from isic_cli.services.collections.change import make_collection

        change, ids = make_collection(self.api, name, members(images), description=description)
        send_all(change, ids)
        return ImageCollection(self, change.collection)

    def cite(self, collection: int | str, style: str = "text") -> str:
        """Cite a collection: `text`, `apa`, `bibtex`, `csl`, `ris` or `cff`."""
        return self.collection(collection).cite(style)

    def lesions(self) -> "Iterator[Lesion]":
        """Yield the lesions whose images this user may all see."""
        return self.api.lesions()

    def lesion(self, lesion_id: str) -> "Lesion":
        """Return one lesion, such as `IL_9000000`; raises `NotFoundError` when there is none."""
        return self.api.lesion(lesion_id)

    def studies(self) -> "ResultTable":
        """Return the studies, a row for each."""
        from isic_cli.python.table import ResultTable
        from isic_cli.services.study.find import Listing

        return ResultTable.of(f"studies of {self.name}", Listing(self.api).rows())

    def study(self, name: int | str) -> "ReaderStudy":
        """Return a study by its number or name, with its answers and annotations."""
        from isic_cli.python.study import ReaderStudy

        return ReaderStudy.of_archive(self, str(name))

    def superpixels(self, image: "str | Image") -> "SuperpixelMap":
        """Return the superpixel map of an image; raises `NotFoundError` where there is none."""
        from isic_cli.errors import NotFoundError
        from isic_cli.python.pictured import PicturedMap

        isic_id = _id_of(image)
        data = self.api.superpixel_file(isic_id)
        if data is None:
            raise NotFoundError(f"the archive has no superpixel map of {isic_id}")
        return PicturedMap.of_archive(self, isic_id, data)

    def segmentations(self, image: "str | Image") -> "dict[str, npt.NDArray[np.bool_]]":
        """Return the masks of an image by what they outline, each of shape (H, W).

        A folder may have them, such as one of a challenge; the archives over the network have
        none, and of a study's marks `ReaderStudy.mask` makes one.
        """
        from isic_cli.folder.scan import scan
        from isic_cli.pictures.mask import read_mask
        from isic_cli.services.export.companions import Companions

        folder = self.api.settings.archive.folder
        if folder is None:
            return {}
        found = Companions(scan(folder)).of(_id_of(image))
        return {one.category: read_mask(Path(one.source)) for one in found if one.kind == "masks"}

    def facets(self, query: str = "") -> dict[str, Any]:
        """Return how often each value of each field occurs among the images of a search."""
        return self.api.facets(query)

    def read(self, image: "str | Image | ImageRecord", *, variant: "Variant" = "full") -> bytes:
        """Return the bytes of a picture, `full` or `thumbnail`, checked to be whole."""
        from isic_cli.services.download.cache import picture_bytes

        record = self.api.image(image) if isinstance(image, str) else _record_of(image)
        return picture_bytes(self.api, record, variant)

    def fetch(
        self,
        image: "str | Image | ImageRecord",
        folder: str | os.PathLike[str],
        *,
        variant: "Variant" = "full",
    ) -> Path:
        """Download one picture into a folder with its credits, and return its path.

        Raises
        ------
        IsicError
            What made it fail.
        """
        record = self.api.image(image) if isinstance(image, str) else _record_of(image)
        with self._lock:
            return self.fetching.fetch(record, Path(folder), variant)

    def download(
        self,
        images: "Iterable[Image | ImageRecord] | ImageSelection",
        folder: str | os.PathLike[str],
        *,
        variant: "Variant" = "full",
        jobs: int | None = None,
        progress: "bool | Callable[[Any], None]" = False,
    ) -> "DownloadResult":
        """Download images into a folder; takes, raises and returns what their `download` does."""
        from isic_cli.python.images import ImageSelection

        chosen = images
        if not isinstance(chosen, ImageSelection):
            chosen = self.search(ids=[_record_of(image).isic_id for image in chosen])
        return chosen.download(folder, variant=variant, jobs=jobs, progress=progress)

    def glance(self, image: "Image") -> bytes | None:
        """Return the thumbnail where no request is needed for it, else None: see `is_at_hand`."""
        return self.read(image, variant="thumbnail") if self.is_at_hand else None


named_as("Archive", ArchiveConnection, ArchiveAccount)


def _id_of(image: "str | Image") -> str:
    return image if isinstance(image, str) else image.isic_id


def _record_of(image: "Image | ImageRecord") -> "ImageRecord":
    from isic_cli.python.image import Image

    return image.record if isinstance(image, Image) else image
