"""An archive, from Python."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from isic_cli.python import named_as
from isic_cli.python.account import ArchiveAccount
from isic_cli.python.connection import ArchiveConnection
from isic_cli.python.picturing import ArchivePictures, id_of, record_of

if TYPE_CHECKING:
    from isic_cli.models.image import ImageRecord
    from isic_cli.models.lesion import Lesion
    from isic_cli.python.collection import ImageCollection
    from isic_cli.python.downloads import DownloadResult
    from isic_cli.python.image import Image
    from isic_cli.python.images import ImageSelection
    from isic_cli.python.study import ReaderStudy
    from isic_cli.python.table import ResultTable
    from isic_cli.services.download.options import Check, Variant


class Archive(ArchivePictures):
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
        max_age: timedelta | None = None,
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
        max_age : timedelta, optional
            Refuse an index that is older.

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
            max_age=max_age,
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

    def similar(
        self, image: "str | Image", *, limit: int = 10, max_distance: float | None = None
    ) -> "list[tuple[Image, float]]":
        """Return the images most alike in the archive's embedding, with their distance.

        At most `limit`, and only those as near as `max_distance`.
        """
        from isic_cli.python.image import Image

        found = self.api.similar(id_of(image), limit=limit)
        near = (one for one in found if max_distance is None or one.distance <= max_distance)
        return [(Image(self, one), one.distance) for one in near]

    def collections(
        self, *, pinned: bool = False, mine: bool = False, doi: bool = False
    ) -> "Iterator[ImageCollection]":
        """Yield the collections, or those that are featured, one's own, or have a DOI."""
        from isic_cli.python.collection import ImageCollection
        from isic_cli.services.collections.change import made_by_me

        every = self.api.collections(pinned=pinned or None)
        found = (one for one in every if one.doi or not doi)
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

    def cite(self, collection: int | str, style: str = "text", *, offline: bool = False) -> str:
        """Cite a collection; takes what `ImageCollection.cite` does."""
        return self.collection(collection).cite(style, offline=offline)

    def lesions(self, *, longitudinal: bool = False, min_images: int = 1) -> "Iterator[Lesion]":
        """Yield the lesions whose images this user may all see.

        Parameters
        ----------
        longitudinal : bool
            Only those seen on different days.
        min_images : int
            Only those with so many images.
        """
        from isic_cli.models.lesion import choose_lesions

        found = self.api.lesions()
        return choose_lesions(found, longitudinal=longitudinal, min_images=min_images)

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

    def facets(self, query: str = "") -> dict[str, Any]:
        """Return how often each value of each field occurs among the images of a search."""
        return self.api.facets(query)

    def download(
        self,
        images: "Iterable[Image | ImageRecord] | ImageSelection",
        folder: str | os.PathLike[str],
        *,
        variant: "Variant" = "full",
        layout: str | None = None,
        check: "Check" = "structure",
        jobs: int | None = None,
        rate: float | None = None,
        bandwidth: int | None = None,
        max_size: int | None = None,
        wait: float = 0.0,
        serial: bool = False,
        force: bool = False,
        dry_run: bool = False,
        progress: "bool | Callable[[Any], None]" = False,
    ) -> "DownloadResult":
        """Download images into a folder; takes, raises and returns what their `download` does."""
        from isic_cli.python.images import ImageSelection

        chosen = images
        if not isinstance(chosen, ImageSelection):
            chosen = self.search(ids=[record_of(image).isic_id for image in chosen])
        return chosen.download(
            folder,
            variant=variant,
            layout=layout,
            check=check,
            jobs=jobs,
            rate=rate,
            bandwidth=bandwidth,
            max_size=max_size,
            wait=wait,
            serial=serial,
            force=force,
            dry_run=dry_run,
            progress=progress,
        )


named_as("Archive", ArchiveConnection, ArchiveAccount, ArchivePictures)
